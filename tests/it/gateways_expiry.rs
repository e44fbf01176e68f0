//! Coupons that end while front ends of both protocols want them: one order has such a coupon, or nobody.

use std::{cell::Cell, collections::HashSet};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use futures_util::future::join_all;
use kaquan::{
    clock::Clock,
    domain::gateway::Protocol::{Yoho, Zvcms},
};
use serde_json::{Value, json};

use crate::support::front_ends::{
    Coupon, FrontEnds,
    heard::{Heard, LOCKED, OVER, USED, other, speaks},
    wallet::Shown,
};

/// A coupon that can be used until then, and no longer.
async fn coupon_until(house: &FrontEnds, app: &Value, uid: &str, until: DateTime<Utc>) -> Coupon {
    let fields = json!({
        "claim_until": until,
        "validity": { "type": "fixed", "from": "2026-11-01T00:00:00+08:00", "until": until },
    });
    let template = house.template(fields, &[(app, 1)]).await;
    house.member(uid, json!({})).await;
    house.coupon(Yoho, uid, template).await
}

/// One of sixteen: every second one in each protocol, and of each, every second one to lock it and the others to use it.
async fn try_to_have(house: &FrontEnds, coupon: &Coupon, n: usize, order: &str) -> Heard {
    let by = speaks(n);
    if n % 4 < 2 {
        return house.lock(by, coupon, order).await;
    }
    if by == Yoho {
        let kept = house.lock(Yoho, coupon, order).await;
        if !kept.is_yes() {
            return kept;
        }
    }
    house.redeem(by, coupon, order).await
}

async fn sixteen_try(house: &FrontEnds, coupon: &Coupon, orders: &str) -> Vec<(String, Heard)> {
    let tries = (0..16).map(async |n| {
        let order = format!("{orders}-{n}");
        let heard = try_to_have(house, coupon, n, &order).await;
        (order, heard)
    });
    join_all(tries).await
}

/// For how many turns of all who ask time stands still, sought between a wait in which nobody has the coupon yet and one
/// in which somebody has it already.
#[derive(Debug, Default)]
struct Wait {
    too_short: usize,
    too_long: Option<usize>,
}

impl Wait {
    fn turns(&self) -> usize {
        self.too_long.map_or(self.too_short * 2, |too_long| self.too_short.midpoint(too_long))
    }

    fn learn(&mut self, turns: usize, somebody_has_it: bool) {
        if somebody_has_it {
            self.too_long = Some(turns);
        } else {
            self.too_short = turns.max(512);
        }
    }
}

/// Sixteen try at once, and after so many turns, or when all are answered, the coupon's last millisecond is over.
async fn try_as_it_ends(house: &FrontEnds, coupon: &Coupon, turns: usize) -> Vec<(String, Heard)> {
    let answered = Cell::new(false);
    let time_passes = async {
        for _ in (0..turns).take_while(|_| !answered.get()) {
            tokio::task::yield_now().await;
        }
        house.clock.advance(TimeDelta::milliseconds(1));
    };
    let tries = async {
        let heard = sixteen_try(house, coupon, "order").await;
        answered.set(true);
        heard
    };
    let ((), heard) = tokio::join!(time_passes, tries);
    heard
}

/// Asserts that both protocols show what was heard: that one order has it, or that it is over.
#[track_caller]
fn is_what_was_heard(is: &Shown, heard: &[(String, Heard)]) {
    let (won, lost): (Vec<_>, Vec<_>) = heard.iter().partition(|(_, heard)| heard.is_yes());
    for (_, heard) in lost {
        heard.is_one_of(&[LOCKED, USED, OVER]);
    }
    let may_be = match &won[..] {
        [] => vec![Shown::new("已过期", "")],
        [(order, _)] => vec![Shown::new("已锁定", order), Shown::new("已使用", order)],
        _ => panic!("more than one has it: {heard:?}"),
    };
    assert!(may_be.contains(is), "{is:?} {heard:?}");
}

/// What everybody hears later: a lock outlives the validity, and once it lapses nobody gets another one.
async fn nothing_comes_of_it_later(house: &FrontEnds, coupon: &Coupon, is: &Shown) {
    let (now, at_last, in_the_end) = match &*is.label {
        "已锁定" => (LOCKED, OVER, Shown::new("已过期", "")),
        "已使用" => (USED, USED, is.clone()),
        _ => (OVER, OVER, is.clone()),
    };
    house.clock.advance(TimeDelta::seconds(30));
    sixteen_try(house, coupon, "late").await.iter().for_each(|(_, heard)| heard.is(now));
    assert_eq!(house.shown(coupon).await, *is);

    house.clock.advance(TimeDelta::seconds(60));
    sixteen_try(house, coupon, "later").await.iter().for_each(|(_, heard)| heard.is(at_last));
    assert_eq!(house.shown(coupon).await, in_the_end);
    house.is_sound().await;

    house.upkeep().await;
    assert_eq!(house.shown(coupon).await, in_the_end);
    house.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_sixteen_who_want_a_coupon_as_it_ends_one_has_it_or_nobody() {
    let house = FrontEnds::open().await;
    let own = house.app("own").await;
    let (mut wait, mut outcomes) = (Wait::default(), HashSet::new());

    for round in 0..16 {
        let until = (house.clock.now() + TimeDelta::seconds(2)).trunc_subsecs(0);
        let coupon = coupon_until(&house, &own, &(100 + round).to_string(), until).await;
        house.clock.advance(until - house.clock.now() - TimeDelta::milliseconds(1));
        let turns = wait.turns();

        let heard = try_as_it_ends(&house, &coupon, turns).await;

        let is = house.shown(&coupon).await;
        is_what_was_heard(&is, &heard);
        house.is_sound().await;
        nothing_comes_of_it_later(&house, &coupon, &is).await;
        wait.learn(turns, is.label != "已过期");
        outcomes.insert(is.label);
    }

    assert!(outcomes.contains("已过期") && outcomes.len() > 1, "{outcomes:?}");
    house.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_taken_in_time_is_good_for_its_order_in_either_protocol_while_it_lives() {
    let house = FrontEnds::open().await;
    let own = house.app("own").await;

    for (uid, by) in [("1", Yoho), ("2", Zvcms)] {
        let until = house.clock.now() + TimeDelta::seconds(2);
        let used = coupon_until(&house, &own, uid, until).await;
        let let_go = coupon_until(&house, &own, uid, until).await;
        house.lock(by, &used, "A-1").await.yes();
        house.lock(by, &let_go, "A-2").await.yes();
        house.clock.advance(TimeDelta::seconds(30));

        house.unlock(other(by), &let_go, "A-2").await.yes();
        house.redeem(other(by), &used, "A-1").await.yes();

        assert_eq!(house.shown(&used).await, Shown::new("已使用", "A-1"), "{by:?}");
        assert_eq!(house.shown(&let_go).await, Shown::new("已过期", ""), "{by:?}");
        for asks in [Yoho, Zvcms] {
            house.lock(asks, &let_go, "A-3").await.is(OVER);
        }
    }
    house.finish().await;
}
