//! Campaigns, put straight into the tables.

use chrono::{DateTime, Utc};
use kaquan::{
    domain::{
        id::{AppId, ImportId, MemberId, PlacementId, TemplateId},
        people::{OpenId, Record},
        stock::Way,
        terms::Terms,
    },
    issuing::{OfferKey, Request},
};
use sqlx::PgPool;
use uuid::Uuid;

/// The moment at which planted things were made; the sample terms are open then.
pub fn noon() -> DateTime<Utc> {
    "2026-11-11T12:00:00+08:00".parse().unwrap()
}

/// Terms that are open at [`noon`].
pub fn terms() -> Terms {
    serde_json::from_str(include_str!("../../fixtures/terms.json")).unwrap()
}

/// A template placed on one app, with stock for both ways.
#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    pub app: AppId,
    pub template: TemplateId,
    pub placement: PlacementId,
}

impl Campaign {
    pub async fn plant(pool: &PgPool, terms: &Terms, stock: i64) -> Self {
        let app = plant_app(pool).await;
        let template = plant_template(pool, terms).await;
        Self::place(pool, app, template, stock).await
    }

    /// Places a template that stands already.
    pub async fn place(pool: &PgPool, app: AppId, template: TemplateId, stock: i64) -> Self {
        let placement = PlacementId::new(noon());
        let platform_ref = (placement.uuid().as_u128() & 0x7fff_ffff).to_string();
        sqlx::query(
            "insert into placement
                 (placement_id, template_id, app_id, platform_ref, tells_claims, created_at, updated_at)
             select $1, $2, app_id, $4, platform = 'baidu', $5, $5
             from app
             where app_id = $3",
        )
        .bind(placement.uuid())
        .bind(template.uuid())
        .bind(app.uuid())
        .bind(platform_ref)
        .bind(noon())
        .execute(pool)
        .await
        .unwrap();
        for way in ["take", "claim"] {
            sqlx::query("insert into stock (placement_id, way, total) values ($1, $2, $3)")
                .bind(placement.uuid())
                .bind(way)
                .bind(stock)
                .execute(pool)
                .await
                .unwrap();
            if stock > 0 {
                plant_addition(pool, app, placement, way, stock).await;
            }
        }
        Self { app, template, placement }
    }

    pub fn offer(&self) -> OfferKey {
        OfferKey { template: self.template, placement: self.placement, way: Way::Take }
    }

    /// Somebody takes a coupon of it.
    pub fn request(&self, record: &str, open_id: &str) -> Request {
        Request {
            app: self.app,
            offer: self.offer(),
            open_id: OpenId::parse(open_id).unwrap(),
            record: Record::parse(record).unwrap(),
            made: None,
            member: None,
            is_one_off: false,
            given: None,
        }
    }
}

pub async fn plant_app(pool: &PgPool) -> AppId {
    let app = AppId::new(noon());
    sqlx::query(
        "insert into app (app_id, platform, app_key, name, created_at, updated_at)
         values ($1, 'baidu', $2, 'sample', $3, $3)",
    )
    .bind(app.uuid())
    .bind(app.uuid().simple().to_string())
    .bind(noon())
    .execute(pool)
    .await
    .unwrap();
    app
}

pub async fn plant_template(pool: &PgPool, terms: &Terms) -> TemplateId {
    let template = TemplateId::new(noon());
    sqlx::query(
        "with made as (
             insert into template (template_id, version, created_at, updated_at) values ($1, 1, $3, $3)
             returning template_id
         )
         insert into template_terms (template_id, version, document, created_at)
         select template_id, 1, $2, $3 from made",
    )
    .bind(template.uuid())
    .bind(serde_json::to_value(terms).unwrap())
    .bind(noon())
    .execute(pool)
    .await
    .unwrap();
    template
}

async fn plant_addition(pool: &PgPool, app: AppId, placement: PlacementId, way: &str, amount: i64) {
    sqlx::query(
        "insert into stock_addition
             (addition_id, app_id, placement_id, way, name, amount, added_by, added_at)
         values ($1, $2, $3, $4, $5, $6, 'test', $7)",
    )
    .bind(Uuid::now_v7())
    .bind(app.uuid())
    .bind(placement.uuid())
    .bind(way)
    .bind(format!("{way}-{}", placement.uuid().simple()))
    .bind(amount)
    .bind(noon())
    .execute(pool)
    .await
    .unwrap();
    note_offered(pool, placement, amount).await;
}

/// The note of the addition for the daily sums.
pub async fn note_offered(pool: &PgPool, placement: PlacementId, amount: i64) {
    sqlx::query(
        "insert into tally (day, template_id, app_id, measure, count)
         select '2026-11-11', template_id, app_id, 'offered', $2
         from placement
         where placement_id = $1",
    )
    .bind(placement.uuid())
    .bind(amount)
    .execute(pool)
    .await
    .unwrap();
}

/// A member of some classes, known on each of the apps under the open id.
pub async fn plant_member(pool: &PgPool, classes: &[&str], known_as: &[(AppId, &str)]) -> MemberId {
    let member = MemberId::new(noon());
    sqlx::query("insert into member (member_id, uid, classes, created_at) values ($1, $2, $3, $4)")
        .bind(member.uuid())
        .bind(member.uuid().simple().to_string())
        .bind(classes)
        .bind(noon())
        .execute(pool)
        .await
        .unwrap();
    for (app, open_id) in known_as {
        sqlx::query(
            "insert into holder (holder_id, app_id, open_id, member_id, created_at)
             values ($1, $2, $3, $4, $5)",
        )
        .bind(kaquan::domain::id::HolderId::derive(*app, open_id).uuid())
        .bind(app.uuid())
        .bind(open_id)
        .bind(member.uuid())
        .bind(noon())
        .execute(pool)
        .await
        .unwrap();
    }
    member
}

/// Uploaded codes, in the order in which they will be given.
pub async fn plant_codes(pool: &PgPool, template: TemplateId, codes: &[String]) {
    let import = ImportId::new(noon());
    sqlx::query("insert into code_import (import_id, template_id, started_at) values ($1, $2, $3)")
        .bind(import.uuid())
        .bind(template.uuid())
        .bind(noon())
        .execute(pool)
        .await
        .unwrap();
    let ids: Vec<_> = codes.iter().map(|_| Uuid::now_v7()).collect();
    sqlx::query(
        "insert into code (code_id, template_id, import_id, value)
         select c.id, $1, $2, c.value from unnest($3::uuid[], $4::text[]) as c (id, value)",
    )
    .bind(template.uuid())
    .bind(import.uuid())
    .bind(ids)
    .bind(codes)
    .execute(pool)
    .await
    .unwrap();
}
