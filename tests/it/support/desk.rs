//! A desk on a test's database, with people and places.

use std::sync::Arc;

use kaquan::{
    clock::{Clock, ManualClock},
    domain::{id::AppId, number::TemplateNumber, people::OpenId, sight::Sight, terms::Terms},
    ops::audit::AuditScope,
    service::{
        self,
        claim::{Claim, ClaimError, ClaimKey, Claimant, ClaimedCoupon},
        desk::{
            Desk,
            claim::{ClaimTemplateError, TemplateClaim},
        },
        known_terms::KnownTerms,
        redeem::Redeemer,
    },
};
use uuid::Uuid;

use super::{
    database::TestDatabase,
    engine::TestEngine,
    plant::{Campaign, noon, plant_template},
    recount::recount,
    vault::vault,
};

/// One server's desk.
pub struct TestDesk {
    pub database: TestDatabase,
    pub clock: Arc<ManualClock>,
    pub desk: Desk,
    engine: TestEngine,
}

impl TestDesk {
    pub async fn start() -> Self {
        let database = TestDatabase::new().await;
        let engine = TestEngine::start(&database.options);
        let clock = Arc::clone(&engine.clock);
        let db = database.pool.clone();
        let known_terms = KnownTerms::default();
        let redeemer = Redeemer::start(db.clone(), clock.clone(), known_terms.clone());
        let issuer = engine.issuer.clone();
        let desk = Desk::start((db, vault()), clock.clone(), known_terms, redeemer, issuer);
        Self { database, clock, desk, engine }
    }

    /// An app of the merchant's own.
    pub async fn own_app(&self) -> AppId {
        let app = AppId::new(noon());
        sqlx::query(
            "insert into app (app_id, platform, app_key, name, created_at, updated_at)
             values ($1, 'own', $2, 'shop', $3, $3)",
        )
        .bind(app.uuid())
        .bind(app.uuid().simple().to_string())
        .bind(noon())
        .execute(&self.database.pool)
        .await
        .unwrap();
        app
    }

    /// A template placed on each of the apps with so much stock; its number.
    pub async fn place(&self, terms: &Terms, apps: &[(AppId, i64)]) -> TemplateNumber {
        let pool = &self.database.pool;
        let template = plant_template(pool, terms).await;
        for (app, stock) in apps {
            Campaign::place(pool, *app, template, *stock).await;
        }
        let number =
            sqlx::query_scalar::<_, i64>("select number from template where template_id = $1");
        let number = number.bind(template.uuid()).fetch_one(pool).await.unwrap();
        TemplateNumber::parse(&number.to_string()).unwrap()
    }

    /// A member whom no app knows yet.
    pub async fn member(&self, uid: &str, birth_month: Option<i16>) {
        sqlx::query(
            "insert into member (member_id, uid, birth_month, created_at) values ($1, $2, $3, $4)",
        )
        .bind(Uuid::now_v7())
        .bind(uid)
        .bind(birth_month)
        .bind(noon())
        .execute(&self.database.pool)
        .await
        .unwrap();
    }

    /// The member's account on an app.
    pub async fn link(&self, uid: &str, app: AppId, open_id: &str) {
        sqlx::query(
            "insert into holder (holder_id, app_id, open_id, member_id, created_at)
             select $1, $2, $3, member_id, $5 from member where uid = $4",
        )
        .bind(kaquan::domain::id::HolderId::derive(app, open_id).uuid())
        .bind(app.uuid())
        .bind(open_id)
        .bind(uid)
        .bind(noon())
        .execute(&self.database.pool)
        .await
        .unwrap();
    }

    pub async fn claim(
        &self,
        template: TemplateNumber,
        uid: &str,
        key: Option<&str>,
    ) -> Result<ClaimedCoupon, ClaimTemplateError> {
        self.claim_seeing(template, uid, key, Sight::All).await
    }

    pub async fn claim_seeing(
        &self,
        template: TemplateNumber,
        uid: &str,
        key: Option<&str>,
        sight: Sight,
    ) -> Result<ClaimedCoupon, ClaimTemplateError> {
        let key = key.map(|key| ClaimKey::new(key.to_owned()));
        let claim = TemplateClaim { template, uid: uid.to_owned(), sight, key };
        self.desk.claim_template(claim).await
    }

    /// A claim of somebody who is named by the account on an app.
    pub async fn claim_by_account(
        &self,
        template: TemplateNumber,
        app: AppId,
        open_id: &str,
    ) -> Result<ClaimedCoupon, ClaimError> {
        let placement: Uuid = sqlx::query_scalar(
            "select placement_id from placement join template using (template_id) where number = $1",
        )
        .bind(template.get())
        .fetch_one(&self.database.pool)
        .await
        .unwrap();
        let claim = Claim {
            placement: placement.into(),
            claimant: Claimant::Holder(Some(app), OpenId::parse(open_id).unwrap()),
            key: ClaimKey::new(format!("account-{open_id}")),
        };
        let (issuer, pool) = (&self.engine.issuer, &self.database.pool);
        service::claim::claim(issuer, pool, self.clock.now(), claim).await
    }

    /// Fails when the audit finds anything in the data.
    pub async fn assert_sound(&self) {
        recount(&self.database.pool, self.clock.now(), AuditScope::DataOnly).await;
    }

    /// What stands in one cell.
    pub async fn count(&self, question: &'static str) -> i64 {
        sqlx::query_scalar(question).fetch_one(&self.database.pool).await.unwrap()
    }
}
