//! What a placement may still issue.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    app::PlatformKind,
    problem::{Problem, Problems},
};

/// Who hands the coupon out; each way has its own stock.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Way {
    /// A holder takes it on the platform, which then calls us.
    Take,
    /// A holder claims it through us.
    Claim,
    /// Somebody gave it to the holder, under a code of its own; its stock grows by itself.
    Gift,
}

impl Way {
    /// What a placement on this platform has stocks for.
    pub const fn all_on(platform: PlatformKind) -> &'static [Self] {
        if platform.gives_by_itself() {
            &[Self::Take, Self::Claim, Self::Gift]
        } else {
            &[Self::Take, Self::Claim]
        }
    }

    /// As the database spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Take => "take",
            Self::Claim => "claim",
            Self::Gift => "gift",
        }
    }
}

const MOST_AT_ONCE: i64 = 1_000_000_000;

/// How the names of what changes by itself begin.
const OUR_NAMES: [&str; 2] = ["beyond/", "refused/"];

/// Checks a named addition; a negative amount takes unissued stock back.
pub fn check_addition(name: &str, amount: i64) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    problems.expect(
        (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic()),
        "name",
        "1 to 64 visible ASCII characters",
    );
    problems.expect(
        !OUR_NAMES.iter().any(|prefix| name.starts_with(prefix)),
        "name",
        "not one that begins like our own: beyond/, refused/",
    );
    problems.expect(
        amount != 0 && (-MOST_AT_ONCE..=MOST_AT_ONCE).contains(&amount),
        "amount",
        "not zero, at most 1000000000 either way",
    );
    problems.into_result()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_what_changes_by_itself_are_nobodys() {
        for (name, good) in
            [("first", true), ("a/beyond/", true), ("beyond/1", false), ("refused/1", false)]
        {
            assert_eq!(check_addition(name, 1).is_ok(), good, "{name}");
        }
    }
}
