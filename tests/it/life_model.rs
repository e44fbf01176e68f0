//! The life of coupons as a state machine: random steps by several callers over a few coupons, each answer held against a
//! model that knows nothing of the rules' code; and many at once, after which the books must agree.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use kaquan::{
    clock::Clock,
    domain::{
        access::{Grant, Role, Scope},
        id::AppId,
        people::OpenId,
    },
    ops::audit::AuditScope,
    service::mini_session,
};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::support::{
    admin::{Admin, Reply, lifetime},
    people,
    recount::recount,
};

const COUPONS: usize = 3;

#[derive(Debug, Clone)]
enum Act {
    Lock {
        minutes: i64,
    },
    Unlock,
    Redeem {
        cart: bool,
    },
    /// By a person: the holder of the first coupon.
    RedeemOwn,
    GiveBack {
        lines: Option<Vec<i32>>,
    },
    Void,
}

#[derive(Debug, Clone)]
enum Move {
    Act { coupon: usize, order: u8, caller: usize, act: Act },
    Wait { minutes: i64 },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1..=60i64).prop_map(|minutes| Act::Lock { minutes }),
        3 => Just(Act::Unlock),
        5 => any::<bool>().prop_map(|cart| Act::Redeem { cart }),
        1 => Just(Act::RedeemOwn),
        4 => proptest::option::of(vec(1..=3i32, 1..3)).prop_map(|lines| Act::GiveBack { lines }),
        1 => Just(Act::Void),
    ]
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let act = (0..COUPONS, 0..3u8, 0..2usize, act())
        .prop_map(|(coupon, order, caller, act)| Move::Act { coupon, order, caller, act });
    let wait = prop_oneof![1..40i64, Just(4000)].prop_map(|minutes| Move::Wait { minutes });
    vec(prop_oneof![6 => act, 1 => wait], 1..40)
}

/// Status, code of a refusal, and whether anything changed where the answer says so.
type Heard = (u16, Option<String>, Option<bool>);

fn yes(status: u16) -> Heard {
    (status, None, None)
}

fn changed(changed: bool) -> Heard {
    (200, None, Some(changed))
}

fn no(status: u16, code: &str) -> Heard {
    (status, Some(code.to_owned()), None)
}

fn heard(reply: &Reply) -> Heard {
    let code = reply.body["code"].as_str().map(str::to_owned);
    (reply.status.as_u16(), code, reply.body["changed"].as_bool())
}

/// One use: its lines, each with whether it is back, and whether all of it is.
#[derive(Debug, Default)]
struct Use {
    lines: BTreeMap<i32, bool>,
    over: bool,
}

/// What a coupon must be, by what was said of it so far.
#[derive(Debug, Default)]
struct Model {
    void: bool,
    lock: Option<(u8, DateTime<Utc>)>,
    uses: BTreeMap<u8, Use>,
    until: DateTime<Utc>,
}

impl Model {
    fn user(&self) -> Option<u8> {
        self.uses.iter().find(|(_, one)| !one.over).map(|(order, _)| *order)
    }

    fn keeper(&self, now: DateTime<Utc>) -> Option<u8> {
        self.lock.filter(|(_, until)| now < *until).map(|(order, _)| order)
    }

    fn hear(&mut self, order: u8, act: &Act, is_own: bool, now: DateTime<Utc>) -> Heard {
        let hidden = no(404, "no_such_coupon");
        match act {
            Act::Void if self.void => changed(false),
            Act::RedeemOwn if !is_own => hidden,
            _ if self.void => hidden,
            Act::Void | Act::Unlock if self.user().is_some() => no(409, "already_redeemed"),
            Act::Void if self.keeper(now).is_none() && self.until <= now => no(409, "expired"),
            Act::Void => {
                (self.void, self.lock) = (true, None);
                changed(true)
            }
            Act::Lock { minutes } => {
                if self.keeper(now) == Some(order) {
                    return yes(200);
                }
                if let Some(refusal) = self.refusal(order, now) {
                    return refusal;
                }
                self.lock = Some((order, now + TimeDelta::minutes(*minutes)));
                yes(201)
            }
            Act::Unlock => match self.keeper(now) {
                None => changed(false),
                Some(keeper) if keeper != order => no(409, "locked"),
                Some(_) => {
                    self.lock = None;
                    changed(true)
                }
            },
            Act::Redeem { .. } | Act::RedeemOwn => {
                if self.user() == Some(order) {
                    return yes(200);
                }
                if self.keeper(now) != Some(order)
                    && let Some(refusal) = self.refusal(order, now)
                {
                    return refusal;
                }
                let lines = if matches!(act, Act::Redeem { cart: true }) { 2 } else { 0 };
                let lines = (1..=lines).map(|line| (line, false)).collect();
                self.uses.insert(order, Use { lines, over: false });
                self.lock = None;
                yes(201)
            }
            Act::GiveBack { lines } => match self.uses.get_mut(&order) {
                None => no(409, "not_redeemed"),
                Some(one) => one.give_back(lines.as_deref()),
            },
        }
    }

    /// Why an order may not have it that has nothing to do with it.
    fn refusal(&self, order: u8, now: DateTime<Utc>) -> Option<Heard> {
        if self.keeper(now).is_some() {
            return Some(no(409, "locked"));
        }
        if self.user().is_some() {
            return Some(no(409, "already_redeemed"));
        }
        if self.uses.contains_key(&order) {
            return Some(no(409, "given_back"));
        }
        (self.until <= now).then(|| no(409, "expired"))
    }
}

impl Use {
    fn give_back(&mut self, wanted: Option<&[i32]>) -> Heard {
        let wanted = match wanted {
            Some(wanted) if wanted.iter().any(|line| !self.lines.contains_key(line)) => {
                return no(422, "invalid_values");
            }
            Some(wanted) => wanted.to_vec(),
            None => self.lines.keys().copied().collect(),
        };
        if self.over {
            return changed(false);
        }
        let whole = self.lines.is_empty();
        let fresh = wanted.iter().filter(|line| !self.lines[line]).count() > 0;
        for line in &wanted {
            self.lines.insert(*line, true);
        }
        self.over = whole || self.lines.values().all(|back| *back);
        changed(fresh || whole)
    }
}

struct Shop {
    admin: Admin,
    placement: Value,
    tills: [String; 2],
}

impl Shop {
    async fn open() -> Self {
        let admin = Admin::new().await;
        let lasting = json!({ "claim_until": "2099-01-01T00:00:00Z" });
        let placement = admin.given_claimable("baidu", lasting, 100_000).await;
        let orders = people::key(&admin.state, Grant::Scopes(vec![Scope::Redeem])).await;
        let tills = [orders, admin.key(Role::Operator).await];
        Self { admin, placement, tills }
    }

    /// A few fresh coupons, each somebody else's.
    async fn coupons(&self) -> Vec<Value> {
        let mut coupons = Vec::new();
        for _ in 0..COUPONS {
            let name = uuid::Uuid::new_v4().simple().to_string();
            let mut coupon = self.admin.claim(&self.placement, &name, &name).await.created();
            coupon["open_id"] = json!(name);
            coupons.push(coupon);
        }
        coupons
    }

    async fn ask(
        &self,
        coupons: &[Value],
        coupon: usize,
        order: u8,
        caller: usize,
        act: &Act,
    ) -> Reply {
        let shown = &coupons[coupon];
        let line = json!({ "goods_id": "tea", "unit_price_fen": 8000, "quantity": 1 });
        let mut body = json!({ "code": shown["code"], "order_no": format!("order-{order}") });
        let mut secret = self.tills[caller].clone();
        let path = match act {
            Act::Lock { minutes } => {
                body["expires_in_seconds"] = json!(minutes * 60);
                "/v1/locks"
            }
            Act::Unlock => "/v1/unlocks",
            Act::Redeem { cart } => {
                if *cart {
                    body["lines"] = json!([line, line]);
                }
                "/v1/redemptions"
            }
            Act::RedeemOwn => {
                secret = self.session(coupons[0]["open_id"].as_str().unwrap()).await;
                "/v1/mini/redemptions"
            }
            Act::GiveBack { lines } => {
                if let Some(lines) = lines {
                    body["lines"] = json!(lines);
                }
                "/v1/give-backs"
            }
            Act::Void => {
                let id = shown["id"].as_str().unwrap();
                let path = format!("/v1/admin/coupons/{id}/void");
                return self.admin.act(&path, json!({ "reason": "模型" })).await;
            }
        };
        let key = uuid::Uuid::new_v4().to_string();
        self.admin.act_as(&secret, &key, path, body).await
    }

    async fn session(&self, open_id: &str) -> String {
        let app: AppId = self.placement["app_id"].as_str().unwrap().parse().unwrap();
        let open_id = OpenId::parse(open_id).unwrap();
        let (db, now) = (self.admin.db(), self.admin.clock.now());
        let opened = mini_session::open(db, now, lifetime(), app, &open_id).await.unwrap();
        opened.token.reveal().to_owned()
    }

    async fn play(&self, moves: Vec<Move>) {
        let coupons = self.coupons().await;
        let until = |coupon: &Value| coupon["valid_until"].as_str().unwrap().parse().unwrap();
        let fresh = |coupon: &Value| Model { until: until(coupon), ..Model::default() };
        let mut models: Vec<_> = coupons.iter().map(fresh).collect();
        for (number, step) in moves.iter().enumerate() {
            match step {
                Move::Wait { minutes } => self.admin.clock.advance(TimeDelta::minutes(*minutes)),
                Move::Act { coupon, order, caller, act } => {
                    let now = self.admin.clock.now();
                    let reply = self.ask(&coupons, *coupon, *order, *caller, act).await;

                    let expected = models[*coupon].hear(*order, act, *coupon == 0, now);
                    assert_eq!(heard(&reply), expected, "move {number} {step:?} of {moves:#?}");
                }
            }
        }
        self.recount().await;
    }

    async fn recount(&self) {
        recount(self.admin.db(), self.admin.clock.now(), AuditScope::DataOnly).await;
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn every_answer_is_the_models_and_the_books_agree() {
    let runtime = runtime();
    let shop = runtime.block_on(Shop::open());
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&moves(), |moves| {
            runtime.block_on(shop.play(moves));
            Ok(())
        })
        .unwrap();
}

#[test]
fn whatever_sixteen_do_at_once_the_books_agree() {
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

async fn at_once(shop: &Shop, tasks: &[Vec<(usize, u8, Act)>]) {
    let coupons = shop.coupons().await;
    let all = tasks.iter().enumerate().map(async |(task, acts)| {
        for (coupon, order, act) in acts {
            let reply = shop.ask(&coupons, *coupon, *order, task % 2, act).await;
            assert_ne!(reply.status, 500, "{act:?}: {:?}", reply.body);
        }
    });
    join_all(all).await;

    let wrong: i64 = sqlx::query_scalar(
        "select count(*) from coupon where (state = 'redeemed')::int <> (
            select count(*) from redemption
            where redemption.coupon_id = coupon.coupon_id and reversed_at is null
        )",
    )
    .fetch_one(shop.admin.db())
    .await
    .unwrap();
    assert_eq!(wrong, 0);
    shop.recount().await;
}
