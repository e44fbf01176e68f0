//! Whom a template is for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{exact::nothing_else, people::Membership};

/// Who may claim.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Audience {
    /// Anybody with an open id.
    #[default]
    #[serde(deserialize_with = "nothing_else")]
    Everyone,
    /// Members in at least one of these classes.
    MemberClasses {
        /// Never empty.
        #[schemars(length(min = 1, max = 100), inner(length(min = 1, max = 64)))]
        any_of: Vec<String>,
    },
}

impl Audience {
    /// Whether somebody with this membership may claim; a stranger has none.
    pub fn admits(&self, membership: Option<&Membership>) -> bool {
        match self {
            Self::Everyone => true,
            Self::MemberClasses { any_of } => membership
                .is_some_and(|member| member.classes.iter().any(|class| any_of.contains(class))),
        }
    }
}

/// Whether a birthday template for `month` is for this person; `None` is for everybody.
pub fn birth_month_admits(month: Option<u8>, membership: Option<&Membership>) -> bool {
    month.is_none_or(|month| membership.is_some_and(|member| member.birth_month == Some(month)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admits_members_of_a_named_class_only() {
        let gold = Audience::MemberClasses { any_of: vec!["gold".into(), "staff".into()] };
        let member = |class: &str| Membership { classes: vec![class.into()], birth_month: None };

        assert!(gold.admits(Some(&member("staff"))));
        assert!(!gold.admits(Some(&member("silver"))));
        assert!(!gold.admits(Some(&Membership::default())));
        assert!(!gold.admits(None));
        assert!(Audience::Everyone.admits(None));
    }

    #[test]
    fn a_birthday_template_is_for_those_born_in_its_month() {
        let born = |month| Membership { classes: vec![], birth_month: month };

        assert!(birth_month_admits(None, None));
        assert!(birth_month_admits(Some(5), Some(&born(Some(5)))));
        assert!(!birth_month_admits(Some(5), Some(&born(Some(6)))));
        assert!(!birth_month_admits(Some(5), Some(&born(None))));
        assert!(!birth_month_admits(Some(5), None));
    }
}
