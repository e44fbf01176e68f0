//! A worker, a small WeChat, one official account with its secret, and one placement on it.

use std::sync::Arc;

use chrono::TimeDelta;
use kaquan::{
    api::platform_rules::foresee,
    clock::{Clock, ManualClock},
    delivery::Worker,
    domain::{
        id::{AdditionId, AppId, CouponId, HolderId, PlacementId, TemplateId},
        stock::Way,
        terms::Terms,
    },
    service::{
        add_stock::{AddStockError, NewAddition, add_stock},
        create_placement::{NewPlacement, create_placement},
        publish_placement::publish_placement,
        telling::TellingError,
    },
    store,
    vault::Place,
};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{
    database::TestDatabase,
    delivery_scene::{by_hand, set_rate, worker},
    plant::{noon, plant_template, terms},
    vault::vault,
    wechat_stub::WechatStub,
};

pub struct WechatScene {
    pub database: TestDatabase,
    pub clock: Arc<ManualClock>,
    pub wechat: WechatStub,
    pub app: AppId,
    pub template: TemplateId,
    pub placement: PlacementId,
    pub worker: Worker,
}

impl WechatScene {
    pub async fn new() -> Self {
        Self::with(&terms(), json!({})).await
    }

    pub async fn with(terms: &Terms, settings: Value) -> Self {
        let database = TestDatabase::new().await;
        let clock = Arc::new(ManualClock::at(noon()));
        let wechat = WechatStub::start().await;
        let app = plant(&database.pool, &wechat).await;
        let template = plant_template(&database.pool, terms).await;
        let new = NewPlacement { template, app, platform_ref: None, settings };
        let placed = create_placement(&database.pool, &vault(), noon(), new).await.unwrap();
        let worker = worker(&database.options, clock.clone(), by_hand()).await;
        Self { database, clock, wechat, app, template, placement: placed.0.id, worker }
    }

    /// The same with stock, published, and passed by the reviewers.
    pub async fn published(settings: Value, stock: i64) -> Self {
        let scene = Self::with(&terms(), settings).await;
        scene.add("first", stock).await.unwrap();
        scene.publish().await.unwrap();
        scene.drain().await;
        scene.wechat.pass();
        scene.reviewed().await;
        scene
    }

    pub fn db(&self) -> &PgPool {
        &self.database.pool
    }

    pub async fn another_worker(&self) -> Worker {
        worker(&self.database.options, self.clock.clone(), by_hand()).await
    }

    pub async fn add(&self, name: &str, amount: i64) -> Result<(), AddStockError> {
        let (placement, name) = (self.placement, name.to_owned());
        let new =
            NewAddition { placement, way: Way::Take, name, amount, added_by: "test".to_owned() };
        add_stock(self.db(), self.clock.now(), new).await.map(drop)
    }

    /// The stock has grown by itself, as more was taken than we knew of.
    pub async fn grow(&self, amount: i64) {
        sqlx::query(
            "with grown as (
                 update stock set total = total + $5 where placement_id = $3 and way = 'take'
             )
             insert into stock_addition (addition_id, app_id, placement_id, way, name, amount, added_by, added_at)
             values ($1, $2, $3, 'take', 'beyond/' || $1, $5, 'kaquan', $4)",
        )
        .bind(AdditionId::new(self.clock.now() + TimeDelta::seconds(1)).uuid())
        .bind(self.app.uuid())
        .bind(self.placement.uuid())
        .bind(self.clock.now())
        .bind(amount)
        .execute(self.db())
        .await
        .unwrap();
    }

    pub async fn publish(&self) -> Result<(), TellingError> {
        publish_placement(self.db(), self.clock.now(), self.placement, foresee).await.map(drop)
    }

    /// As the push of a review that has passed leaves it.
    async fn reviewed(&self) {
        sqlx::query("update placement set review = 'passed'").execute(self.db()).await.unwrap();
    }

    /// One round after the other, with half a minute between, until nothing is owed that could be paid.
    pub async fn settle(&self) {
        for _ in 0..8 {
            self.drain().await;
            self.clock.advance(TimeDelta::minutes(6));
        }
    }

    pub async fn drain(&self) -> usize {
        self.worker.drain().await.unwrap()
    }

    /// States of all deliveries of a kind, in the order in which they were owed.
    pub async fn states(&self, kind: &str) -> Vec<String> {
        sqlx::query_scalar("select state from delivery where kind = $1 order by position")
            .bind(kind)
            .fetch_all(self.db())
            .await
            .unwrap()
    }

    /// What is noted at the last delivery of a kind.
    pub async fn note(&self, kind: &str) -> String {
        let note: Option<String> = sqlx::query_scalar(
            "select note from delivery where kind = $1 order by position desc limit 1",
        )
        .bind(kind)
        .fetch_one(self.db())
        .await
        .unwrap();
        note.unwrap_or_default()
    }

    pub async fn placed(&self) -> store::placement::Placement {
        let mut conn = self.db().acquire().await.unwrap();
        store::placement::find(&mut conn, self.placement).await.unwrap().unwrap()
    }

    /// What may still be taken, with us.
    pub async fn left(&self) -> i64 {
        let mut conn = self.db().acquire().await.unwrap();
        let offer = store::stock_addition::read_offer(&mut conn, self.placement).await.unwrap();
        offer.0
    }

    /// Coupons that people took, each with what is owed for it.
    pub async fn owe_codes(&self, kind: &str, codes: &[String]) {
        for code in codes {
            self.wechat.world().codes.insert(code.clone(), "NORMAL".to_owned());
            let holder = HolderId::derive(self.app, code).uuid();
            sqlx::query(
                "with person as (
                     insert into holder (holder_id, app_id, open_id, created_at)
                     values ($1, $2, 'o' || $3, $6)
                 ),
                 given as (
                     insert into coupon
                         (coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id,
                          ordinal, record, way, code, valid_from, valid_until, state, issued_at)
                     values ($4, $5, $7, 1, $2, $1, $1, 1, 'card-' || $3, 'take', $3, $6,
                         date_trunc('day', $6, 'Asia/Shanghai') + interval '7 days', 'issued', $6)
                 )
                 insert into delivery
                     (delivery_id, app_id, kind, subject_id, placement_id, identity, payload, due_at, created_at)
                 values (gen_random_uuid(), $2, $8, $4, $5, 'card-' || $3, '{\"reason\": \"退款\"}', $6, $6)",
            )
            .bind(holder)
            .bind(self.app.uuid())
            .bind(code)
            .bind(CouponId::new(noon()).uuid())
            .bind(self.placement.uuid())
            .bind(self.clock.now())
            .bind(self.template.uuid())
            .bind(kind)
            .execute(self.db())
            .await
            .unwrap();
        }
    }
}

async fn plant(pool: &PgPool, wechat: &WechatStub) -> AppId {
    let app = AppId::new(noon());
    let secret = vault().seal(Place::app_secret(app.uuid()), "app-secret").unwrap();
    let settings = json!({
        "api_url": wechat.url,
        "card": { "brand_name": "小店", "logo_url": "http://mmbiz.qpic.cn/mmbiz/x/0" },
    });
    sqlx::query(
        "insert into app (app_id, platform, app_key, name, settings, secret_sealed, created_at, updated_at)
         values ($1, 'wechat', 'wx0000000000000001', 'sample', $2, $3, $4, $4)",
    )
    .bind(app.uuid())
    .bind(settings)
    .bind(secret)
    .bind(noon())
    .execute(pool)
    .await
    .unwrap();
    set_rate(pool, app, 1_000_000.0).await;
    app
}
