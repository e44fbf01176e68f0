//! Whether a template can be claimed at all.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a template is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum TemplateState {
    /// Not yet for anybody.
    Draft,
    /// Claimable within its window.
    Active,
    /// Stopped for now by an operator.
    Paused,
    /// Stopped for good.
    Ended,
}

impl TemplateState {
    /// Whether an operator may move a template from here to `next`; an ended one stays ended, because people were told so.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Draft => !matches!(next, Self::Paused),
            Self::Active | Self::Paused => !matches!(next, Self::Draft),
            Self::Ended => matches!(next, Self::Ended),
        }
    }
}
