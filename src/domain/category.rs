//! How merchants sort their templates, as front ends list them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A class of templates. The classes are those of the Yoho promotion API, whose front ends ask for one at a time; all but
/// [`Self::Birthday`] only sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// A券, a class of budget.
    A,
    /// B券, a class of budget.
    B,
    /// 公开券, for everybody.
    Public,
    /// 生日券: needs a birth month, and is given to its members by itself once a year.
    Birthday,
    /// 免邮券.
    FreeShipping,
}

impl Category {
    /// As documents spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::Public => "public",
            Self::Birthday => "birthday",
            Self::FreeShipping => "free_shipping",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_spell_it_as_documents_do() {
        for category in
            [Category::A, Category::B, Category::Public, Category::Birthday, Category::FreeShipping]
        {
            assert_eq!(serde_json::to_value(category).unwrap(), category.as_str());
        }
    }
}
