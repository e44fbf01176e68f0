//! Whether a coupon may be used for an order.

use chrono::{DateTime, Utc};

use super::{
    coupon::CouponState,
    problem::{Problem, Problems},
    validity::Validity,
};

/// What a use is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Of the coupon.
    pub state: CouponState,
    /// Of the coupon.
    pub validity: Validity,
    /// The order that it is used for already.
    pub used_for: Option<&'a str>,
}

/// What becomes of a wish to use a coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// It is used now.
    Redeem,
    /// It was used before, for the very same order.
    Repeat,
}

/// A "no" to a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedeemRefusal {
    /// Taken out of use: for whoever shows it, it does not exist.
    #[error("no such coupon")]
    Void,
    /// Kept for an order that is being made.
    #[error("the coupon is kept for another order")]
    Locked,
    /// Used for another order.
    #[error("the coupon was used for another order")]
    AlreadyRedeemed,
    /// Its time is still to come.
    #[error("the coupon is not valid before {from}")]
    NotYetValid {
        /// The first moment of use.
        from: DateTime<Utc>,
    },
    /// Its time is over.
    #[error("the coupon expired at {until}")]
    Expired {
        /// The first moment at which it was over.
        until: DateTime<Utc>,
    },
}

/// Judges the use of a coupon for an order at `now`. What was done stays done: a repetition is right however late it is.
pub fn judge(
    standing: Standing<'_>,
    order: &str,
    now: DateTime<Utc>,
) -> Result<Ruling, RedeemRefusal> {
    let Validity { from, until } = standing.validity;
    match standing.state {
        CouponState::Redeemed if standing.used_for == Some(order) => Ok(Ruling::Repeat),
        CouponState::Redeemed => Err(RedeemRefusal::AlreadyRedeemed),
        CouponState::Void => Err(RedeemRefusal::Void),
        CouponState::Locked => Err(RedeemRefusal::Locked),
        CouponState::Issued if now < from => Err(RedeemRefusal::NotYetValid { from }),
        CouponState::Issued if until <= now => Err(RedeemRefusal::Expired { until }),
        CouponState::Issued => Ok(Ruling::Redeem),
    }
}

/// Checks what a merchant's system says of a use.
pub fn check(
    order_no: &str,
    store: Option<&str>,
    operator: Option<&str>,
) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    for (name, text, longest, range) in [
        ("order_no", Some(order_no), 64, "1 to 64 characters without blanks around them"),
        ("store", store, 100, "1 to 100 characters without blanks around them"),
        ("operator", operator, 100, "1 to 100 characters without blanks around them"),
    ] {
        let fits = text.is_none_or(|text| {
            (1..=longest).contains(&text.chars().count())
                && text.trim() == text
                && !text.chars().any(char::is_control)
        });
        problems.expect(fits, name, range);
    }
    problems.into_result()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_coupon_is_used_once_inside_its_time_and_what_was_done_stays_done() {
        let from = DateTime::UNIX_EPOCH;
        let until = from + TimeDelta::days(1);
        let tick = TimeDelta::milliseconds(1);
        let (early, late) = (RedeemRefusal::NotYetValid { from }, RedeemRefusal::Expired { until });
        let used = RedeemRefusal::AlreadyRedeemed;
        for (state, used_for, now, expected) in [
            (CouponState::Issued, None, from - tick, Err(early)),
            (CouponState::Issued, None, from, Ok(Ruling::Redeem)),
            (CouponState::Issued, None, until - tick, Ok(Ruling::Redeem)),
            (CouponState::Issued, None, until, Err(late)),
            (CouponState::Locked, None, from, Err(RedeemRefusal::Locked)),
            (CouponState::Void, None, from, Err(RedeemRefusal::Void)),
            (CouponState::Void, None, until, Err(RedeemRefusal::Void)),
            (CouponState::Redeemed, Some("order-1"), from, Ok(Ruling::Repeat)),
            (CouponState::Redeemed, Some("order-1"), until, Ok(Ruling::Repeat)),
            (CouponState::Redeemed, Some("order-2"), from, Err(used)),
            (CouponState::Redeemed, Some("order-2"), until, Err(used)),
            (CouponState::Redeemed, None, from, Err(used)),
        ] {
            let standing = Standing { state, validity: Validity { from, until }, used_for };

            let ruling = judge(standing, "order-1", now);

            assert_eq!(ruling, expected, "{state:?} {used_for:?} {now}");
        }
    }

    #[test]
    fn what_names_a_use_is_short_and_plain() {
        for (order_no, store, fits) in [
            ("2026-1111", None, true),
            ("订单一", Some("徐家汇店"), true),
            ("", None, false),
            (" 1", None, false),
            ("1\n2", None, false),
            (&*"9".repeat(64), None, true),
            (&*"9".repeat(65), None, false),
            ("1", Some(""), false),
        ] {
            assert_eq!(check(order_no, store, store).is_ok(), fits, "{order_no:?} {store:?}");
        }
    }
}
