//! Pictures that lead to a coupon on a platform.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far a banner has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum BannerState {
    /// The platform is to show it.
    Owed,
    /// The platform shows it.
    Live,
    /// The platform is to take it away.
    Removing,
    /// Nobody sees it any more.
    Removed,
}

impl BannerState {
    /// As the database spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Live => "live",
            Self::Removing => "removing",
            Self::Removed => "removed",
        }
    }
}
