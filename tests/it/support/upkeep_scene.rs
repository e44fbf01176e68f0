//! Coupons that end, and somebody who looks after them when told to.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use kaquan::{
    app::upkeep::Upkeep,
    clock::{Clock, ManualClock},
    config::Config,
    domain::id::CouponId,
};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    database::TestDatabase,
    plant::{Campaign, noon, terms},
};

/// One campaign, and a server's upkeep.
pub struct UpkeepScene {
    pub database: TestDatabase,
    pub clock: Arc<ManualClock>,
    pub campaign: Campaign,
    pub config: Config,
    pub upkeep: Upkeep,
}

pub const DAY: TimeDelta = TimeDelta::days(1);
/// How far walks stay behind the present.
pub const LAG: TimeDelta = TimeDelta::seconds(45);

impl UpkeepScene {
    /// Reminds three days and one day before the end.
    pub async fn new() -> Self {
        let database = TestDatabase::new().await;
        let clock = Arc::new(ManualClock::at(noon()));
        let campaign = Campaign::plant(&database.pool, &terms(), 100).await;
        let config = Config::default();
        let upkeep = upkeep(&config, &database.pool, &clock);
        let scene = Self { database, clock, campaign, config, upkeep };
        // Walks begin with the first look.
        scene.round().await;
        scene
    }

    pub fn db(&self) -> &PgPool {
        &self.database.pool
    }

    /// Another server with the same clock.
    pub fn another(&self) -> Upkeep {
        upkeep(&self.config, self.db(), &self.clock)
    }

    /// The same with other reminders.
    pub fn reminding(&self, before: &[Duration]) -> Upkeep {
        let mut config = self.config.clone();
        config.reminders.before = before.to_vec();
        upkeep(&config, self.db(), &self.clock)
    }

    pub async fn round(&self) {
        self.upkeep.round().await.unwrap();
    }

    pub async fn round_after(&self, time: TimeDelta) {
        self.clock.advance(time);
        self.round().await;
    }

    /// A coupon that was issued now and ends after so long.
    pub async fn coupon(&self, lives: TimeDelta, state: &str) -> CouponId {
        self.coupons(1, lives, state).await[0]
    }

    pub async fn coupons(&self, number: usize, lives: TimeDelta, state: &str) -> Vec<CouponId> {
        let ids: Vec<Uuid> = (0..number).map(|_| Uuid::now_v7()).collect();
        let now = self.clock.now();
        sqlx::query(
            "insert into coupon
                 (coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id, ordinal,
                  record, way, code, valid_from, valid_until, state, issued_at)
             select id, $2, $3, 1, $4, id, id, 1, id::text, 'claim', id::text, $5, $6, $7, $5
             from unnest($1::uuid[]) as id",
        )
        .bind(&ids)
        .bind(self.campaign.placement.uuid())
        .bind(self.campaign.template.uuid())
        .bind(self.campaign.app.uuid())
        .bind(now)
        .bind(now + lives)
        .bind(state)
        .execute(self.db())
        .await
        .unwrap();
        ids.into_iter().map(CouponId::from).collect()
    }

    /// The coupons are kept for an order for so long from now.
    pub async fn lock(&self, coupons: &[CouponId], holds: TimeDelta) {
        let ids: Vec<Uuid> = coupons.iter().map(|coupon| coupon.uuid()).collect();
        let now = self.clock.now();
        sqlx::query(
            "with locked as (
                 update coupon set state = 'locked', version = version + 1
                 where coupon_id = any($1) and state = 'issued'
                 returning coupon_id
             )
             insert into coupon_lock (coupon_id, order_no, locked_by, locked_at, expires_at)
             select coupon_id, 'order-1', 'till', $2, $3 from locked",
        )
        .bind(&ids)
        .bind(now)
        .bind(now + holds)
        .execute(self.db())
        .await
        .unwrap();
    }

    pub async fn set_state(&self, coupon: CouponId, state: &str) {
        sqlx::query("update coupon set state = $2, version = version + 1 where coupon_id = $1")
            .bind(coupon.uuid())
            .bind(state)
            .execute(self.db())
            .await
            .unwrap();
    }

    /// State and version of a coupon, and whether it has a lock.
    pub async fn standing(&self, coupon: CouponId) -> (String, i32, bool) {
        sqlx::query_as(
            "select state, version, exists (select from coupon_lock where coupon_lock.coupon_id = $1)
             from coupon where coupon_id = $1",
        )
        .bind(coupon.uuid())
        .fetch_one(self.db())
        .await
        .unwrap()
    }

    /// What was told under this name, oldest first.
    pub async fn told(&self, kind: &str) -> Vec<Value> {
        sqlx::query_scalar("select data from event where kind = $1 order by position")
            .bind(kind)
            .fetch_all(self.db())
            .await
            .unwrap()
    }

    /// Days and counts of coupons that ended unused.
    pub async fn expired(&self) -> Vec<(String, i64)> {
        sqlx::query_as(
            "select day::text, sum(count)::bigint
             from (select day, measure, count from tally union all select day, measure, count from daily_sum) as note
             where measure = 'expired' group by 1 order by 1",
        )
        .fetch_all(self.db())
        .await
        .unwrap()
    }
}

fn upkeep(config: &Config, db: &PgPool, clock: &Arc<ManualClock>) -> Upkeep {
    let clock: Arc<dyn Clock> = clock.clone();
    Upkeep::new(config, db, &clock)
}
