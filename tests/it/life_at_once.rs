//! Coupons that sixteen callers want at once: what each of them heard is what they would have heard one after the other,
//! in some order, and the rows are those that the answers tell of.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use kaquan::{clock::Clock, domain::id::CouponId};
use proptest::{
    collection::vec,
    test_runner::{Config, TestRunner},
};
use serde_json::Value;
use uuid::Uuid;

use crate::support::{
    admin::noon,
    life_model::{Act, Heard, Model, act, heard},
    life_shop::{COUPONS, Shop, fresh, runtime},
};

/// What was asked about one coupon, and what the answer was.
#[derive(Debug, Clone)]
struct Done {
    order: u8,
    act: Act,
    heard: Heard,
}

#[test]
fn whatever_sixteen_do_at_once_somebody_could_have_done_in_turn() {
    let runtime = runtime();
    let shop = runtime.block_on(Shop::open());
    let config = Config { cases: 8, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&vec(vec((0..COUPONS, 0..4u8, act()), 4..8), 16), |tasks| {
            runtime.block_on(at_once(&shop, &tasks));
            Ok(())
        })
        .unwrap();
}

#[test]
fn two_orders_that_both_have_one_coupon_are_explained_only_if_one_has_let_it_go() {
    let now = noon();
    let lock = |order| Done { order, act: Act::Lock { minutes: 5 }, heard: (201, None, None) };
    let unlock = Done { order: 1, act: Act::Unlock, heard: (200, None, Some(true)) };
    let explained = |threads: &[Vec<Done>]| {
        Turns { threads, is_own: false, now }.explain(Model::fresh(now + TimeDelta::days(1)))
    };

    assert!(explained(&[vec![lock(1), unlock.clone()], vec![lock(2)]]));
    assert!(explained(&[vec![unlock.clone()], vec![lock(2)], vec![lock(1)]]));
    assert!(!explained(&[vec![lock(1)], vec![lock(2)]]));
    assert!(!explained(&[vec![unlock, lock(1)], vec![lock(2)]]));
}

async fn at_once(shop: &Shop, tasks: &[Vec<(usize, u8, Act)>]) {
    let coupons = shop.coupons().await;
    let all = tasks.iter().enumerate().map(async |(task, acts)| {
        let mut done = Vec::new();
        for (coupon, order, act) in acts {
            let reply = shop.ask(&coupons, *coupon, *order, task % 2, act).await;
            assert_ne!(reply.status, 500, "{act:?}: {:?}", reply.body);
            done.push((*coupon, Done { order: *order, act: act.clone(), heard: heard(&reply) }));
        }
        done
    });
    let done = join_all(all).await;

    for (coupon, (shown, model)) in coupons.iter().zip(fresh(&coupons)).enumerate() {
        let of_this = |done: &Vec<(usize, Done)>| -> Vec<Done> {
            done.iter().filter(|(of, _)| *of == coupon).map(|(_, done)| done.clone()).collect()
        };
        let threads: Vec<Vec<Done>> = done.iter().map(of_this).collect();
        assert_eq!(rows(shop, shown).await, answers(&threads), "{threads:#?}");
        let turns = Turns { threads: &threads, is_own: coupon == 0, now: shop.admin.clock.now() };
        assert!(turns.explain(model), "in no order: {threads:#?}");
    }
    shop.recount().await;
}

/// What answers say was done to a coupon, by the names of events.
fn answers(threads: &[Vec<Done>]) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for Done { act, heard, .. } in threads.iter().flatten() {
        let kinds: &[_] = match (act, heard) {
            (Act::Lock { .. }, (201, ..)) => &["coupon.locked"],
            (Act::Redeem { .. } | Act::RedeemOwn, (201, ..)) => &["coupon.redeemed", "redemptions"],
            (Act::Unlock, (200, _, Some(true))) => &["coupon.unlocked"],
            (Act::GiveBack { .. }, (200, _, Some(true))) => &["coupon.given_back"],
            (Act::Void, (200, _, Some(true))) => &["coupon.voided"],
            _ => &[],
        };
        for kind in kinds {
            *counts.entry((*kind).to_owned()).or_default() += 1;
        }
    }
    counts
}

/// What the rows say was done to it.
async fn rows(shop: &Shop, coupon: &Value) -> BTreeMap<String, i64> {
    let id: CouponId = coupon["id"].as_str().unwrap().parse().unwrap();
    let id: Uuid = id.uuid();
    let counts: Vec<(String, i64)> = sqlx::query_as(
        "select kind, count(*) from event where coupon_id = $1 group by 1
         union all
         select 'redemptions', count(*) from redemption where coupon_id = $1 having count(*) > 0",
    )
    .bind(id)
    .fetch_all(shop.admin.db())
    .await
    .unwrap();
    counts.into_iter().collect()
}

/// What several have done to one coupon, each of them in their order.
struct Turns<'a> {
    threads: &'a [Vec<Done>],
    is_own: bool,
    now: DateTime<Utc>,
}

impl Turns<'_> {
    /// Whether they could have taken turns so that each hears what they heard.
    fn explain(&self, model: Model) -> bool {
        let mut seen = HashSet::new();
        let mut open = vec![(vec![0; self.threads.len()], model)];
        while let Some((mut places, model)) = open.pop() {
            // What changes nothing is as good now as later, and goes first.
            let next = |places: &[usize], thread: usize| {
                let done = self.threads[thread].get(places[thread])?;
                self.turn(done, &model)
            };
            while let Some(thread) = (0..places.len())
                .find(|thread| next(&places, *thread).is_some_and(|after| after == model))
            {
                places[thread] += 1;
            }
            if places.iter().zip(self.threads).all(|(place, thread)| *place == thread.len()) {
                return true;
            }
            for thread in 0..places.len() {
                let Some(after) = next(&places, thread) else { continue };
                let mut places = places.clone();
                places[thread] += 1;
                if seen.insert((places.clone(), after.clone())) {
                    open.push((places, after));
                }
            }
        }
        false
    }

    /// What the coupon is after this turn; none if the answer would have been another one.
    fn turn(&self, done: &Done, model: &Model) -> Option<Model> {
        // Whoever was told to try again has done nothing.
        if done.heard.0 == 503 {
            return Some(model.clone());
        }
        let mut after = model.clone();
        let heard = after.hear(done.order, &done.act, self.is_own, self.now);
        (heard == done.heard).then_some(after)
    }
}
