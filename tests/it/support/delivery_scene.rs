//! A worker, Baidu's simulator, one app with its secret, one template on Baidu, and things that are owed.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::{
    clock::{Clock, ManualClock},
    config::{self, reconciliation::Reconciliation},
    delivery::{Deps, Worker},
    domain::id::{AppId, CouponId, HolderId},
    platform::{baidu::client::Client, webhooks, wechat},
    simulator::{
        Simulator,
        app::{DEFAULT_APP_KEY, DEFAULT_APP_SECRET},
        effects::EffectKind,
        switches::Switches,
    },
    store,
    vault::Place,
};
use sqlx::{PgPool, postgres::PgConnectOptions};
use uuid::Uuid;

use super::{
    baidu::start_baidu,
    database::TestDatabase,
    plant::{Campaign, noon, terms},
    vault::vault,
};

/// One app that Baidu knows, one campaign of it, and a worker that works when it is told to.
pub struct DeliveryScene {
    pub database: TestDatabase,
    pub clock: Arc<ManualClock>,
    pub baidu: Simulator,
    pub campaign: Campaign,
    pub worker: Worker,
}

/// What is asked for when something is planted: so many coupons, each with its sync, or used as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used {
    No,
    Yes,
}

impl DeliveryScene {
    pub async fn new() -> Self {
        Self::with(Switches::default()).await
    }

    pub async fn with(switches: Switches) -> Self {
        let database = TestDatabase::new().await;
        let clock = Arc::new(ManualClock::at(noon()));
        let baidu = start_baidu(&clock, switches).await;
        let campaign = Campaign::plant(&database.pool, &terms(), 1_000_000).await;
        connect(&database.pool, &baidu, campaign).await;
        let worker = worker(&database.options, clock.clone(), by_hand()).await;
        Self { database, clock, baidu, campaign, worker }
    }

    pub fn db(&self) -> &PgPool {
        &self.database.pool
    }

    /// Another worker that shares the clock, to be told what to do as well.
    pub async fn another_worker(&self) -> Worker {
        worker(&self.database.options, self.clock.clone(), by_hand()).await
    }

    /// Coupons `from..to`, each with what is owed for it, as claims and redemptions leave them.
    pub async fn owe(&self, numbers: std::ops::Range<u32>, used: Used) {
        owe(self.db(), self.campaign, numbers, used, noon()).await;
    }

    pub async fn drain(&self) -> usize {
        self.worker.drain().await.unwrap()
    }

    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// How many deliveries are in this state.
    pub async fn count(&self, state: &str) -> i64 {
        count(self.db(), state).await
    }

    /// The only delivery: its state, its attempts, the minutes and seconds until it is due.
    pub async fn the_delivery(&self) -> (String, i32, TimeDelta) {
        let (state, attempts, due_at): (String, i32, DateTime<Utc>) =
            sqlx::query_as("select state, attempts, due_at from delivery")
                .fetch_one(self.db())
                .await
                .unwrap();
        (state, attempts, due_at - self.clock.now())
    }

    /// How the attempts of the only delivery ended, first to last.
    pub async fn outcomes(&self) -> Vec<String> {
        sqlx::query_scalar("select outcome from attempt order by delivery_id, number")
            .fetch_all(self.db())
            .await
            .unwrap()
    }

    /// How often each identity of a kind took effect at Baidu: how many did, and the most for one.
    pub fn effects(&self, kind: EffectKind) -> (usize, u64) {
        effects(&self.baidu, kind)
    }

    /// Ends the story: nothing is owed any more, Baidu has nothing to complain of.
    pub async fn finish(self) {
        let owed: i64 = sqlx::query_scalar(
            "select count(*) from delivery where state not in ('done', 'cancelled')",
        )
        .fetch_one(self.db())
        .await
        .unwrap();
        assert_eq!(owed, 0, "deliveries are still owed");
        self.finish_owing().await;
    }

    /// The same where something is left to a person, or waits.
    pub async fn finish_owing(self) {
        let report = self.baidu.report();
        assert!(report.is_clean(), "{report:#?}");
        self.worker.stop().await;
        self.baidu.stop().await.unwrap();
    }
}

pub fn effects(baidu: &Simulator, kind: EffectKind) -> (usize, u64) {
    let effects = baidu.effects();
    let applied: Vec<u64> = effects
        .iter()
        .filter(|(identity, _)| identity.kind == kind)
        .map(|(_, tally)| tally.applied)
        .filter(|applied| *applied > 0)
        .collect();
    (applied.len(), applied.into_iter().max().unwrap_or_default())
}

pub async fn count(pool: &PgPool, state: &str) -> i64 {
    sqlx::query_scalar("select count(*) from delivery where state = $1")
        .bind(state)
        .fetch_one(pool)
        .await
        .unwrap()
}

/// Settings of a worker that only works when it is told to.
pub fn by_hand() -> config::delivery::Delivery {
    config::delivery::Delivery { enabled: false, ..config::delivery::Delivery::default() }
}

pub async fn worker(
    database: &PgConnectOptions,
    clock: Arc<dyn Clock>,
    settings: config::delivery::Delivery,
) -> Worker {
    worker_with(database, clock, settings, undisturbed(), config::baidu::Baidu::default()).await
}

/// Stories about deliveries are not disturbed by calls of another kind.
pub fn undisturbed() -> Reconciliation {
    Reconciliation { enabled: false, ..Reconciliation::default() }
}

/// Endpoints of tests stand on this machine.
pub fn private() -> config::webhooks::Webhooks {
    config::webhooks::Webhooks { allow_private: true, ..config::webhooks::Webhooks::default() }
}

pub async fn worker_with(
    database: &PgConnectOptions,
    clock: Arc<dyn Clock>,
    settings: config::delivery::Delivery,
    reconciliation: Reconciliation,
    baidu: config::baidu::Baidu,
) -> Worker {
    let deps = Deps {
        database: database.clone(),
        vault: vault(),
        clock,
        settings,
        reconciliation,
        baidu: Client::new(&baidu).unwrap(),
        wechat: wechat::client::Client::new(&config::wechat::Wechat::default()).unwrap(),
        webhooks: webhooks::client::Client::new(&private()).unwrap(),
        public_url: "http://127.0.0.1:1/".parse().unwrap(),
    };
    Worker::start(deps).await.unwrap()
}

/// Gives the campaign's app the default account of the simulator, with its secret sealed, and creates its template there.
pub async fn connect(pool: &PgPool, baidu: &Simulator, campaign: Campaign) {
    let secret = vault().seal(Place::app_secret(campaign.app.uuid()), DEFAULT_APP_SECRET).unwrap();
    sqlx::query(
        "update app
         set app_key = $2, secret_sealed = $3, version = version + 1,
             settings = jsonb_build_object('open_api_url', $4::text, 'session_api_url', $4::text)
         where app_id = $1",
    )
    .bind(campaign.app.uuid())
    .bind(DEFAULT_APP_KEY)
    .bind(secret)
    .bind(baidu.base_url())
    .execute(pool)
    .await
    .unwrap();
    set_rate(pool, campaign.app, 1_000_000.0).await;
    let reference = create_template(baidu).await;
    sqlx::query(
        "update placement set platform_ref = $2, tells_claims = true where placement_id = $1",
    )
    .bind(campaign.placement.uuid())
    .bind(reference.to_string())
    .execute(pool)
    .await
    .unwrap();
}

pub async fn set_rate(pool: &PgPool, app: AppId, rate: f64) {
    let mut conn = pool.acquire().await.unwrap();
    store::channel::insert_missing(&mut conn, noon()).await.unwrap();
    sqlx::query(
        "update channel set calls_per_second = $2, burst = $2, tokens = $2, refilled_at = $3
         where app_id = $1",
    )
    .bind(app.uuid())
    .bind(rate)
    .bind(noon())
    .execute(&mut *conn)
    .await
    .unwrap();
}

/// A template at Baidu, made with nothing of ours; its id there.
async fn create_template(baidu: &Simulator) -> i64 {
    let http = super::letter::client();
    let ask = async |request: reqwest::RequestBuilder| -> serde_json::Value {
        request.send().await.unwrap().json().await.unwrap()
    };
    let base = baidu.base_url();
    let sign_in = [
        ("grant_type", "client_credentials"),
        ("client_id", DEFAULT_APP_KEY),
        ("client_secret", DEFAULT_APP_SECRET),
        ("scope", "smartapp_snsapi_base"),
    ];
    let token = ask(http.post(format!("{base}/oauth/2.0/token")).form(&sign_in)).await;
    let (from, until) = (noon().timestamp(), (noon() + TimeDelta::days(900)).timestamp());
    let template = [
        ("access_token", token["access_token"].as_str().unwrap()),
        ("bgColor", "B010"),
        ("couponType", "2"),
        ("title", "满100减20"),
        ("effectTime", &from.to_string()),
        ("expireTime", &until.to_string()),
        ("introduce", "说明"),
        ("sill", "满100元可用"),
        ("takeLimit", "每人限领一张"),
        ("callbackUrl", "http://127.0.0.1:1/callbacks/baidu/x"),
    ];
    let url = format!("{base}/rest/2.0/smartapp/coupon/create");
    ask(http.post(url).query(&template)).await["data"]["id"].as_i64().unwrap()
}

/// Plants coupons of the campaign with what is owed for each.
pub async fn owe(
    pool: &PgPool,
    campaign: Campaign,
    numbers: std::ops::Range<u32>,
    used: Used,
    now: DateTime<Utc>,
) {
    let Campaign { app, template, placement } = campaign;
    let numbers: Vec<u32> = numbers.collect();
    let open_ids: Vec<String> = numbers.iter().map(|n| format!("open-{n}")).collect();
    let holders: Vec<Uuid> =
        open_ids.iter().map(|open_id| HolderId::derive(app, open_id).uuid()).collect();
    let coupons: Vec<Uuid> = numbers.iter().map(|_| CouponId::new(now).uuid()).collect();
    let records: Vec<String> = numbers.iter().map(|n| format!("record-{n}")).collect();
    let codes: Vec<String> = numbers.iter().map(|n| format!("CODE{n:08}")).collect();
    let state = if used == Used::Yes { "redeemed" } else { "issued" };
    sqlx::query(
        "with people as (
             insert into holder (holder_id, app_id, open_id, created_at)
             select holder_id, $4, open_id, $7 from unnest($1::uuid[], $2::text[]) as p (holder_id, open_id)
             on conflict do nothing
         ),
         counted as (
             update stock set issued = issued + cardinality($1)
             where placement_id = $6 and way = 'claim'
         ),
         given as (
             insert into coupon
                 (coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id, ordinal,
                  record, way, code, valid_from, valid_until, state, issued_at)
             select c.coupon_id, $6, $5, 1, $4, c.holder_id, c.holder_id, 1, c.record, 'claim', c.code, $7,
                 date_trunc('day', $7, 'Asia/Shanghai') + interval '7 days', $10, $7
             from unnest($3::uuid[], $1::uuid[], $8::text[], $9::text[])
                 as c (coupon_id, holder_id, record, code)
             returning coupon_id, record
         )
         insert into delivery
             (delivery_id, app_id, kind, subject_id, placement_id, identity, due_at, created_at)
         select gen_random_uuid(), $4, 'sync', coupon_id, $6, record, $7, $7 from given",
    )
    .bind(&holders)
    .bind(&open_ids)
    .bind(&coupons)
    .bind(app.uuid())
    .bind(template.uuid())
    .bind(placement.uuid())
    .bind(now)
    .bind(&records)
    .bind(&codes)
    .bind(state)
    .execute(pool)
    .await
    .unwrap();
    if used == Used::Yes {
        sqlx::query(
            "with used as (
                 insert into redemption (redemption_id, coupon_id, order_no, redeemed_at)
                 select gen_random_uuid(), c.coupon_id, 'order-' || c.record, $4
                 from unnest($1::uuid[], $5::text[]) as c (coupon_id, record)
             )
             insert into delivery
                 (delivery_id, app_id, kind, subject_id, placement_id, identity, due_at, created_at)
             select gen_random_uuid(), $2, 'write_off', c.coupon_id, $3, c.record, $4, $4
             from unnest($1::uuid[], $5::text[]) as c (coupon_id, record)",
        )
        .bind(&coupons)
        .bind(app.uuid())
        .bind(placement.uuid())
        .bind(now)
        .bind(&records)
        .execute(pool)
        .await
        .unwrap();
    }
}
