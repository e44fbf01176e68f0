//! What a person may do about a delivery.

use super::{DeliveryKind, DeliveryState};

/// Why a delivery is not tried anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplayRefusal {
    /// It is tried without help, or it is over.
    #[error("only a dead delivery can be replayed; this one is {}", is.as_str())]
    NotDead {
        /// Where it is.
        is: DeliveryState,
    },
}

/// Why a delivery stays owed, or stays what it became.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CancelRefusal {
    /// The platform is being asked at this moment, and nobody knows yet what it will say.
    #[error("an attempt is under way; try again when it has ended")]
    UnderWay,
    /// The platform has it.
    #[error("the platform has it already")]
    Done,
    /// Given up, it would leave on the platform what nothing here could take away any more.
    #[error("a {} is not given up, for nothing else would ever say what stands on the platform: replay it, or remove the banner", kind.as_str())]
    Needed {
        /// What it is.
        kind: DeliveryKind,
    },
}

impl DeliveryState {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Pending, Self::Leased, Self::Done, Self::Dead, Self::Cancelled];

    /// The state after a person has it tried anew.
    pub const fn replay(self) -> Result<Self, ReplayRefusal> {
        match self {
            Self::Dead => Ok(Self::Pending),
            Self::Waiting | Self::Pending | Self::Leased | Self::Done | Self::Cancelled => {
                Err(ReplayRefusal::NotDead { is: self })
            }
        }
    }

    /// The state after a person gives it up; what was given up before stays so.
    pub const fn cancel(self, kind: DeliveryKind) -> Result<Self, CancelRefusal> {
        if !matches!(self, Self::Cancelled) && kind.ties_up_the_platform() {
            return Err(CancelRefusal::Needed { kind });
        }
        match self {
            Self::Waiting | Self::Pending | Self::Dead | Self::Cancelled => Ok(Self::Cancelled),
            Self::Leased => Err(CancelRefusal::UnderWay),
            Self::Done => Err(CancelRefusal::Done),
        }
    }

    /// As the database spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Pending => "pending",
            Self::Leased => "leased",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }
}

impl DeliveryKind {
    /// Whether what it is about can only leave its state when the platform has heard of it.
    const fn ties_up_the_platform(self) -> bool {
        match self {
            Self::Withdraw | Self::CreateBanner | Self::DeleteBanner => true,
            Self::Publish
            | Self::Update
            | Self::Import
            | Self::AddStock
            | Self::Sync
            | Self::WriteOff
            | Self::Void
            | Self::Webhook => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_dead_is_tried_anew() {
        for state in DeliveryState::ALL {
            let expected = if state == DeliveryState::Dead {
                Ok(DeliveryState::Pending)
            } else {
                Err(ReplayRefusal::NotDead { is: state })
            };

            assert_eq!(state.replay(), expected);
        }
    }

    #[test]
    fn everything_can_be_given_up_but_what_is_under_way_or_done() {
        let cancelled = DeliveryState::ALL.map(|state| state.cancel(DeliveryKind::Sync));

        let over = Ok(DeliveryState::Cancelled);
        let (under_way, done) = (Err(CancelRefusal::UnderWay), Err(CancelRefusal::Done));
        assert_eq!(cancelled, [over, over, under_way, done, over, over]);
    }

    #[test]
    fn what_only_the_platform_can_end_is_not_given_up() {
        for kind in [DeliveryKind::Withdraw, DeliveryKind::CreateBanner, DeliveryKind::DeleteBanner]
        {
            assert_eq!(DeliveryState::Dead.cancel(kind), Err(CancelRefusal::Needed { kind }));
        }
    }

    #[test]
    fn names_are_those_of_the_api() {
        for state in DeliveryState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        for kind in DeliveryKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
