//! Whether a placement can be claimed at all.

use serde::{Deserialize, Serialize};

/// Where a placement is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum PlacementState {
    /// Claimable when its template is.
    Active,
    /// Stopped for now by an operator.
    Paused,
    /// Taken off the platform for good.
    Withdrawn,
}

impl PlacementState {
    /// Whether an operator may move a placement from here to `next`; a withdrawn one stays withdrawn.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Active | Self::Paused => true,
            Self::Withdrawn => matches!(next, Self::Withdrawn),
        }
    }
}
