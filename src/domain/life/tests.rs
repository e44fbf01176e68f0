//! The rules as tables.

use super::*;

const TICK: TimeDelta = TimeDelta::milliseconds(1);

fn from() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

fn until() -> DateTime<Utc> {
    from() + TimeDelta::days(1)
}

fn facts(state: CouponState) -> Facts {
    let validity = Validity { from: from(), until: until() };
    let standing = Standing { state, validity, locked_until: None, suspended: None };
    Facts { standing, locked_for: None, used_for: None, given_back: false }
}

fn issued() -> Facts {
    facts(CouponState::Issued)
}

/// Kept for an order until an hour past its validity.
fn kept(order: &str) -> Facts {
    kept_until(order, until() + TimeDelta::hours(1))
}

fn kept_until(order: &str, expires_at: DateTime<Utc>) -> Facts {
    let mut facts = facts(CouponState::Locked);
    facts.standing.locked_until = Some(expires_at);
    Facts { locked_for: Some(order.into()), ..facts }
}

fn used(order: &str) -> Facts {
    Facts { used_for: Some(order.into()), ..facts(CouponState::Redeemed) }
}

fn back(facts: Facts) -> Facts {
    Facts { given_back: true, ..facts }
}

const EARLY: LifeRefusal = LifeRefusal::NotYetValid { from: DateTime::UNIX_EPOCH };

fn late() -> LifeRefusal {
    LifeRefusal::Expired { until: until() }
}

/// For an order that it is not [`kept`] for.
fn locked() -> LifeRefusal {
    LifeRefusal::Locked { until: until() + TimeDelta::hours(1) }
}

#[test]
fn what_its_platform_keeps_is_neither_kept_for_an_order_nor_used_but_let_go_and_voided() {
    let suspended = |mut facts: Facts, why| {
        facts.standing.suspended = Some(why);
        facts
    };
    for why in [Suspension::Gifting, Suspension::GivenAway, Suspension::Deleted] {
        let no = Err(LifeRefusal::Suspended { why });
        for facts in [suspended(issued(), why), suspended(kept("mine"), why)] {
            assert_eq!(lock(&facts, "mine", from()), no, "{facts:?}");
            assert_eq!(redeem(&facts, "mine", from()), no);
            assert_eq!(redeem_kept(&facts, "mine", from()), no);
            assert!(unlock(&facts, "mine", from()).is_ok());
            assert_eq!(void(&facts.standing, from()), Ok(Ruling::Now));
        }
        let done = suspended(used("mine"), why);
        assert_eq!(redeem(&done, "mine", from()), Ok(Ruling::Before));
        assert_eq!(give_back(&done, "mine", &[], None), Ok(Returned::Whole));
        let others = suspended(kept("other"), why);
        assert_eq!(lock(&others, "mine", from()), Err(locked()));
    }
}

#[test]
fn a_coupon_is_used_once_inside_its_time_and_what_was_done_stays_done() {
    let passed = until() + TimeDelta::hours(1);
    for (facts, now, expected) in [
        (issued(), from() - TICK, Err(EARLY)),
        (issued(), from(), Ok(Ruling::Now)),
        (issued(), until() - TICK, Ok(Ruling::Now)),
        (issued(), until(), Err(late())),
        (back(issued()), from(), Err(LifeRefusal::GivenBack)),
        (back(issued()), until(), Err(LifeRefusal::GivenBack)),
        (kept("mine"), from(), Ok(Ruling::Now)),
        (kept("mine"), until(), Ok(Ruling::Now)),
        (kept("mine"), passed - TICK, Ok(Ruling::Now)),
        (kept("mine"), passed, Err(late())),
        (kept("other"), from(), Err(locked())),
        (kept("other"), passed - TICK, Err(locked())),
        (kept("other"), passed, Err(late())),
        (facts(CouponState::Void), from(), Err(LifeRefusal::Void)),
        (facts(CouponState::Void), until(), Err(LifeRefusal::Void)),
        (used("mine"), from(), Ok(Ruling::Before)),
        (used("mine"), until(), Ok(Ruling::Before)),
        (used("other"), from(), Err(LifeRefusal::AlreadyRedeemed)),
        (back(used("other")), until(), Err(LifeRefusal::AlreadyRedeemed)),
        (facts(CouponState::Redeemed), from(), Err(LifeRefusal::AlreadyRedeemed)),
    ] {
        assert_eq!(redeem(&facts, "mine", now), expected, "{facts:?} {now}");
    }
}

#[test]
fn a_lock_that_has_passed_is_none() {
    let passed = from() + TimeDelta::hours(1);
    for (order, now, redeemed, locked, unlocked) in [
        ("mine", passed - TICK, Ok(Ruling::Now), Ok(Ruling::Before), Ok(Ruling::Now)),
        ("mine", passed, Ok(Ruling::Now), Ok(Ruling::Now), Ok(Ruling::Before)),
        (
            "other",
            passed - TICK,
            Err(LifeRefusal::Locked { until: passed }),
            Err(LifeRefusal::Locked { until: passed }),
            Err(LifeRefusal::Locked { until: passed }),
        ),
        ("other", passed, Ok(Ruling::Now), Ok(Ruling::Now), Ok(Ruling::Before)),
    ] {
        let facts = kept_until(order, passed);

        assert_eq!(redeem(&facts, "mine", now), redeemed, "redeem {order} {now}");
        assert_eq!(lock(&facts, "mine", now), locked, "lock {order} {now}");
        assert_eq!(unlock(&facts, "mine", now), unlocked, "unlock {order} {now}");
    }
}

#[test]
fn only_what_is_usable_is_locked() {
    for (facts, now, expected) in [
        (issued(), from() - TICK, Err(EARLY)),
        (issued(), from(), Ok(Ruling::Now)),
        (issued(), until(), Err(late())),
        (back(issued()), from(), Err(LifeRefusal::GivenBack)),
        (kept("mine"), until(), Ok(Ruling::Before)),
        (kept("other"), from(), Err(locked())),
        (used("mine"), from(), Err(LifeRefusal::AlreadyRedeemed)),
        (used("other"), from(), Err(LifeRefusal::AlreadyRedeemed)),
        (facts(CouponState::Void), from(), Err(LifeRefusal::Void)),
    ] {
        assert_eq!(lock(&facts, "mine", now), expected, "{facts:?} {now}");
    }
}

#[test]
fn only_the_order_that_has_it_lets_it_go() {
    for (facts, expected) in [
        (issued(), Ok(Ruling::Before)),
        (back(issued()), Ok(Ruling::Before)),
        (kept("mine"), Ok(Ruling::Now)),
        (kept("other"), Err(locked())),
        (used("mine"), Err(LifeRefusal::AlreadyRedeemed)),
        (facts(CouponState::Void), Err(LifeRefusal::Void)),
    ] {
        assert_eq!(unlock(&facts, "mine", from()), expected, "{facts:?}");
    }
}

#[test]
fn a_use_is_given_back_whole_or_line_by_line() {
    let none = &[][..];
    let fresh = &[(1, false), (3, false)][..];
    let half = &[(1, true), (3, false)][..];
    let refused = |refusal| Err::<Returned, _>(refusal);
    for (facts, lines, wanted, expected) in [
        (used("mine"), none, None, Ok(Returned::Whole)),
        (used("mine"), half, None, Ok(Returned::Whole)),
        (used("mine"), fresh, Some(&[3][..]), Ok(Returned::Lines(vec![3]))),
        (used("mine"), fresh, Some(&[3, 1]), Ok(Returned::Whole)),
        (used("mine"), half, Some(&[3]), Ok(Returned::Whole)),
        (used("mine"), half, Some(&[1]), Ok(Returned::Nothing)),
        (used("mine"), fresh, Some(&[2]), refused(LifeRefusal::NoSuchLine { line: 2 })),
        (used("mine"), none, Some(&[1]), refused(LifeRefusal::NoSuchLine { line: 1 })),
        (used("other"), none, None, refused(LifeRefusal::NotRedeemed)),
        (back(used("other")), none, None, Ok(Returned::Nothing)),
        (back(issued()), fresh, Some(&[1]), Ok(Returned::Nothing)),
        (back(issued()), fresh, Some(&[2]), refused(LifeRefusal::NoSuchLine { line: 2 })),
        (issued(), none, None, refused(LifeRefusal::NotRedeemed)),
        (kept("mine"), none, None, refused(LifeRefusal::NotRedeemed)),
        (back(kept("other")), none, None, Ok(Returned::Nothing)),
        (facts(CouponState::Void), none, None, refused(LifeRefusal::Void)),
        (back(facts(CouponState::Void)), none, None, refused(LifeRefusal::Void)),
    ] {
        let returned = give_back(&facts, "mine", lines, wanted);

        assert_eq!(returned, expected, "{facts:?} {lines:?} {wanted:?}");
    }
}

#[test]
fn what_is_not_used_can_be_taken_out_of_use() {
    let (soon, over) = (until() - TICK, until());
    let lapsed = until() + TimeDelta::hours(1);
    for (facts, now, expected) in [
        (issued(), from() - TICK, Ok(Ruling::Now)),
        (issued(), soon, Ok(Ruling::Now)),
        (issued(), over, Err(late())),
        (kept("a"), soon, Ok(Ruling::Now)),
        // Whoever keeps it can still use it.
        (kept("a"), lapsed - TICK, Ok(Ruling::Now)),
        (kept("a"), lapsed, Err(late())),
        (facts(CouponState::Void), soon, Ok(Ruling::Before)),
        (facts(CouponState::Void), over, Ok(Ruling::Before)),
        (used("a"), soon, Err(LifeRefusal::AlreadyRedeemed)),
        (used("a"), over, Err(LifeRefusal::AlreadyRedeemed)),
    ] {
        assert_eq!(void(&facts.standing, now), expected, "{facts:?} {now}");
    }
}

#[test]
fn an_order_that_wants_only_what_it_keeps_gets_nothing_that_was_let_go() {
    let ask = |facts: &Facts, at| redeem_kept(facts, "mine", at);

    assert_eq!(ask(&kept("mine"), from()), Ok(Ruling::Now));
    assert_eq!(ask(&used("mine"), from()), Ok(Ruling::Before));
    assert_eq!(ask(&issued(), from()), Err(LifeRefusal::NotKept));
    // The lock has passed, and the coupon could be used without it.
    assert_eq!(ask(&kept_until("mine", from()), from()), Err(LifeRefusal::NotKept));
    let other = until() + TimeDelta::hours(1);
    assert_eq!(ask(&kept("other"), from()), Err(LifeRefusal::Locked { until: other }));
}
