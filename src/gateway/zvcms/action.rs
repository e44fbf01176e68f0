//! The actions, by the names in which requests and grants speak of them. All but the first are ours.

use crate::domain::problem::{Problem, Problems};

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A member's coupons: the one action of the original that is public.
    UserCouponList,
    /// One coupon.
    UserCouponInfo,
    /// What can be claimed.
    CouponList,
    /// Claims a coupon.
    Receive,
    /// Claims several as well as it goes.
    BatchReceive,
    /// Keeps a coupon for an order.
    Lock,
    /// Lets it go.
    Unlock,
    /// Uses it.
    Verify,
    /// Undoes that.
    CancelVerify,
}

impl Action {
    /// Each of them.
    pub const ALL: [Self; 9] = [
        Self::UserCouponList,
        Self::UserCouponInfo,
        Self::CouponList,
        Self::Receive,
        Self::BatchReceive,
        Self::Lock,
        Self::Unlock,
        Self::Verify,
        Self::CancelVerify,
    ];

    /// The action of this name, letter for letter.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// As requests and grants spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserCouponList => "coupon.user-coupon-list",
            Self::UserCouponInfo => "coupon.user-coupon-info",
            Self::CouponList => "coupon.coupon-list",
            Self::Receive => "coupon.receive",
            Self::BatchReceive => "coupon.batch-receive",
            Self::Lock => "coupon.lock",
            Self::Unlock => "coupon.unlock",
            Self::Verify => "coupon.verify",
            Self::CancelVerify => "coupon.cancel-verify",
        }
    }

    /// Whether it changes something, once for each `out_request_no`.
    pub const fn changes(self) -> bool {
        match self {
            Self::UserCouponList | Self::UserCouponInfo | Self::CouponList => false,
            Self::Receive
            | Self::BatchReceive
            | Self::Lock
            | Self::Unlock
            | Self::Verify
            | Self::CancelVerify => true,
        }
    }

    /// Whether it reads this member of `Params`.
    pub fn reads(self, name: &str) -> bool {
        self.parameters().contains(&name)
    }

    const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::UserCouponList => &[
                "user_id",
                "from_pay_page",
                "shopping",
                "checked",
                "expire",
                "amount",
                "multi_store_sn",
                "page",
                "page_size",
            ],
            Self::UserCouponInfo => &["id", "verify_code"],
            Self::CouponList => &["user_id", "multi_store_sn", "page", "page_size"],
            Self::Receive => &["user_id", "coupon_id", "out_request_no"],
            Self::BatchReceive => &["user_id", "coupon_ids", "out_request_no"],
            Self::Lock => &["user_id", "id", "order_sn", "lock_seconds", "out_request_no"],
            Self::Unlock | Self::CancelVerify => &["id", "order_sn", "out_request_no"],
            Self::Verify => {
                &["id", "verify_code", "order_sn", "multi_store_sn", "amount", "out_request_no"]
            }
        }
    }
}

/// Whether a grant can name these actions; asked by whoever stores it.
pub fn check(names: &[String]) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    for name in names {
        let known = Action::parse(name).is_some();
        problems.expect(known, "actions", format!("there is no action `{name}`"));
    }
    problems.into_result()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_found_by_its_exact_name() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.name()), Some(action));
        }
        for name in ["", "coupon.Receive", "coupon.receive ", "receive"] {
            assert_eq!(Action::parse(name), None);
        }
    }

    #[test]
    fn a_grant_names_only_actions_that_are_there() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();

        assert_eq!(check(&names(&["coupon.lock", "coupon.unlock"])), Ok(()));
        let problems = check(&names(&["coupon.lock", "coupon.delete"])).unwrap_err();
        assert_eq!((problems.len(), problems[0].param), (1, "actions"));
    }
}
