//! A campaign as Baidu knows it: with a template id there and a secret callback address here.

use chrono::{DateTime, Utc};
use kaquan::{domain::id::AppId, service::secret};
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    letter::Letter,
    plant::{Campaign, noon},
};

/// What Baidu was told about a campaign.
#[derive(Debug, Clone)]
pub struct Offer {
    pub campaign: Campaign,
    pub coupon_template_id: String,
    pub token: String,
}

impl Offer {
    /// Makes an address for the campaign, under which Baidu knows it by the id that was planted with it.
    pub async fn open(pool: &PgPool, campaign: Campaign) -> Self {
        let id = sqlx::query_scalar("select platform_ref from placement where placement_id = $1")
            .bind(campaign.placement.uuid())
            .fetch_one(pool)
            .await
            .unwrap();
        let token = plant_token(pool, campaign, None).await;
        Self { campaign, coupon_template_id: id, token }
    }

    /// The same under another id.
    pub async fn known_as(mut self, pool: &PgPool, coupon_template_id: &str) -> Self {
        sqlx::query("update placement set platform_ref = $2 where placement_id = $1")
            .bind(self.campaign.placement.uuid())
            .bind(coupon_template_id)
            .execute(pool)
            .await
            .unwrap();
        mark_changed(pool).await;
        coupon_template_id.clone_into(&mut self.coupon_template_id);
        self
    }

    pub fn letter(&self, record_id: &str, open_id: &str, now: DateTime<Utc>) -> Letter {
        Letter::new(record_id, open_id, &self.coupon_template_id, now)
    }
}

/// A new secret for the campaign's address.
pub async fn plant_token(
    pool: &PgPool,
    campaign: Campaign,
    retires_at: Option<DateTime<Utc>>,
) -> String {
    let secret = secret::Fresh::random("").unwrap();
    sqlx::query(
        "insert into callback_token (token_id, placement_id, secret_hash, created_at, retires_at)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(Uuid::now_v7())
    .bind(campaign.placement.uuid())
    .bind(secret.hash().to_vec())
    .bind(noon())
    .bind(retires_at)
    .execute(pool)
    .await
    .unwrap();
    mark_changed(pool).await;
    secret.reveal().to_owned()
}

/// Settings of the kind that only Baidu's room understands.
pub async fn set_app_settings(pool: &PgPool, app: AppId, settings: serde_json::Value) {
    sqlx::query("update app set settings = $2 where app_id = $1")
        .bind(app.uuid())
        .bind(settings)
        .execute(pool)
        .await
        .unwrap();
    mark_changed(pool).await;
}

/// What every change of an address does in its own transaction; here the test waits for nobody.
pub async fn mark_changed(pool: &PgPool) {
    kaquan::store::route::mark_changed(&mut pool.acquire().await.unwrap()).await.unwrap();
}
