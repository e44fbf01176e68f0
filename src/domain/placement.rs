//! Whether a placement can be claimed at all, and how it stands on its platform.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::delivery::{DeliveryKind, DeliveryState};

/// Where a placement is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, sqlx::Type)]
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

/// What the platform's reviewers say of a placement.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Review {
    /// They are looking; until then nobody can take any.
    Pending,
    /// People can take it.
    Passed,
    /// Nobody can, until it is changed.
    Failed,
}

/// How a placement stands on its platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlatformState {
    /// The platform does not know it.
    NotPublished,
    /// The platform is being told of it.
    Publishing,
    /// The platform has it, and its reviewers have still to let people take it.
    InReview,
    /// The platform's reviewers will not let people take it; it has to be changed.
    Refused,
    /// The platform shows it as it is.
    Published,
    /// The platform knows it and is being told of a change.
    Updating,
    /// The platform is being told to take it off.
    Withdrawing,
    /// The platform has taken it off.
    Withdrawn,
    /// Something was given up, so the platform shows something else than it should; a person has to look.
    Failed,
}

/// What says how a placement stands on its platform.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Where it is in its life with us.
    pub state: PlacementState,
    /// Whether the platform has given it an id.
    pub is_known: bool,
    /// Whether the platform was last told other terms or another address than those of now.
    pub is_behind: bool,
    /// What its reviewers say, where there are any.
    pub review: Option<Review>,
    /// What is owed or was given up about the placement itself.
    pub unsettled: &'a [(DeliveryKind, DeliveryState)],
}

impl Standing<'_> {
    /// What to show.
    pub fn platform_state(&self) -> PlatformState {
        let owes =
            |wanted: &[DeliveryKind]| self.unsettled.iter().any(|(kind, _)| wanted.contains(kind));
        if self.unsettled.iter().any(|&(_, state)| state == DeliveryState::Dead) {
            return PlatformState::Failed;
        }
        if owes(&[DeliveryKind::Withdraw]) {
            return PlatformState::Withdrawing;
        }
        if owes(&[DeliveryKind::Publish, DeliveryKind::Import]) {
            return PlatformState::Publishing;
        }
        if owes(&[DeliveryKind::Update]) {
            return PlatformState::Updating;
        }
        match (self.is_known, self.state) {
            (false, _) => PlatformState::NotPublished,
            (true, PlacementState::Withdrawn) => PlatformState::Withdrawn,
            // Nobody is on the way to tell it what it should know.
            (true, PlacementState::Active | PlacementState::Paused) if self.is_behind => {
                PlatformState::Failed
            }
            (true, PlacementState::Active | PlacementState::Paused) => match self.review {
                Some(Review::Pending) => PlatformState::InReview,
                Some(Review::Failed) => PlatformState::Refused,
                Some(Review::Passed) | None => PlatformState::Published,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_the_way_is_shown_before_what_has_arrived() {
        use DeliveryKind::{Publish, Update, Withdraw};
        use DeliveryState::{Dead, Leased, Pending, Waiting};
        let (active, gone) = (PlacementState::Active, PlacementState::Withdrawn);
        for (state, is_known, is_behind, unsettled, shown) in [
            (active, false, false, &[][..], PlatformState::NotPublished),
            (active, false, false, &[(Publish, Pending)], PlatformState::Publishing),
            (active, true, false, &[], PlatformState::Published),
            (active, true, true, &[(Update, Leased)], PlatformState::Updating),
            (active, true, true, &[], PlatformState::Failed),
            (
                gone,
                false,
                false,
                &[(Publish, Leased), (Withdraw, Waiting)],
                PlatformState::Withdrawing,
            ),
            (gone, true, true, &[], PlatformState::Withdrawn),
            (gone, false, false, &[], PlatformState::NotPublished),
            (active, true, true, &[(Update, Dead), (Update, Pending)], PlatformState::Failed),
        ] {
            let standing = Standing { state, is_known, is_behind, review: None, unsettled };

            assert_eq!(standing.platform_state(), shown, "{standing:?}");
        }
    }

    #[test]
    fn what_reviewers_say_is_shown_once_all_is_told() {
        let state = PlacementState::Active;
        let told =
            Standing { state, is_known: true, is_behind: false, review: None, unsettled: &[] };
        for (review, shown) in [
            (Review::Pending, PlatformState::InReview),
            (Review::Failed, PlatformState::Refused),
            (Review::Passed, PlatformState::Published),
        ] {
            let standing = Standing { review: Some(review), ..told };
            let updating = [(DeliveryKind::Update, DeliveryState::Pending)];

            assert_eq!(standing.platform_state(), shown);
            let standing = Standing { unsettled: &updating, ..standing };
            assert_eq!(standing.platform_state(), PlatformState::Updating);
        }
    }
}
