//! A platform that hands out cards by itself, and tells of them what, when and as often as it likes.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::{
    domain::{
        card::{CardEvent, Happening, Taken, Till},
        id::{AppId, TemplateId},
    },
    ops::audit::AuditScope,
    service::{apply_cards::CardApplier, known_terms::KnownTerms, redeem::Redeemer},
};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    database::TestDatabase,
    engine::TestEngine,
    plant::{Campaign, noon, plant_template, terms},
    recount::recount,
};

/// One server, and a database with nothing in it yet.
pub struct CardScene {
    pub db: TestDatabase,
    pub engine: TestEngine,
    pub applier: CardApplier,
}

/// A placement whose cards people take.
#[derive(Debug, Clone)]
pub struct Deck {
    pub campaign: Campaign,
    pub card_ref: String,
}

impl CardScene {
    pub async fn new() -> Self {
        let db = TestDatabase::new().await;
        let engine = TestEngine::start(&db.options);
        let applier = applier(&db.pool, &engine);
        Self { db, engine, applier }
    }

    /// Another server on the same database.
    pub fn another(&self) -> CardApplier {
        applier(&self.db.pool, &self.engine)
    }

    /// The same with connections of its own.
    pub async fn another_server(&self) -> (PgPool, CardApplier) {
        let pool = PgPoolOptions::new().max_connections(8);
        let pool = pool.connect_with(self.db.options.clone()).await.unwrap();
        let applier = applier(&pool, &self.engine);
        (pool, applier)
    }

    pub fn pool(&self) -> &PgPool {
        &self.db.pool
    }

    pub fn redeemer(&self) -> Redeemer {
        Redeemer::start(self.pool().clone(), self.engine.clock.clone(), KnownTerms::default())
    }

    /// A placement on an account of its own.
    pub async fn deck(&self, stock: i64) -> Deck {
        let app = plant_account(self.pool()).await;
        let template = plant_template(self.pool(), &terms()).await;
        self.deck_of(app, template, stock).await
    }

    pub async fn deck_of(&self, app: AppId, template: TemplateId, stock: i64) -> Deck {
        let campaign = Campaign::place(self.pool(), app, template, stock).await;
        let card_ref = format!("p{}", campaign.placement.uuid().simple());
        let deck = Deck { campaign, card_ref };
        deck.name(self.pool(), Some(&deck.card_ref)).await;
        deck
    }

    /// Stores what is told, as the platform's pushes are stored; each time as a push of its own.
    pub async fn told(&self, deck: &Deck, events: &[CardEvent]) {
        for event in events {
            let now = noon();
            sqlx::query(
                "insert into card_push (
                     push_id, app_id, open_id, pushed_at, kind, card_ref, code, digest, body, event, due_at, received_at
                 ) values ($1, $2, $3, $4, $5, $6, $7, '', '', $8, $9, $9)",
            )
            .bind(Uuid::now_v7())
            .bind(deck.campaign.app.uuid())
            .bind(&event.open_id)
            .bind(event.at)
            .bind(Uuid::now_v7().to_string())
            .bind(&event.card_ref)
            .bind(code_of(event))
            .bind(serde_json::to_value(event).unwrap())
            .bind(now)
            .execute(self.pool())
            .await
            .unwrap();
        }
    }

    /// Applies all that is due, and what was put off for a moment.
    pub async fn drain(&self) {
        for _ in 0..5 {
            while self.applier.apply_due().await.unwrap() > 0 {}
            if self.pushes("pending").await == 0 {
                return;
            }
            self.engine.clock.advance(TimeDelta::seconds(3));
        }
    }

    /// How many pushes are in this state.
    pub async fn pushes(&self, state: &str) -> i64 {
        self.number(&format!("select count(*) from card_push where state = '{state}'")).await
    }

    pub async fn number(&self, question: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(question.to_owned()))
            .fetch_one(self.pool())
            .await
            .unwrap()
    }

    pub async fn text(&self, question: &str) -> Option<String> {
        sqlx::query_scalar(sqlx::AssertSqlSafe(question.to_owned()))
            .fetch_one(self.pool())
            .await
            .unwrap()
    }

    /// One line for each coupon, stock and card of the placement.
    pub async fn state(&self, deck: &Deck) -> Vec<String> {
        sqlx::query_scalar(
            "select concat_ws(
                 ' ', 'coupon', right(coupon.code, 8), open_id, way, state, reason, since, order_no is not null, operator
             )
             from coupon
             join holder on holder.holder_id = coupon.holder_id
             left join coupon_suspension on coupon_suspension.coupon_id = coupon.coupon_id
             left join redemption on redemption.coupon_id = coupon.coupon_id
             where placement_id = $1
             union all
             select concat_ws(' ', 'stock', way, total, issued) from stock where placement_id = $1 and total > 0
             union all
             select concat_ws(' ', 'card', right(code, 8), coupon_id is not null, standing - 'given_to' - 'predecessor') from card where placement_id = $1
             order by 1",
        )
        .bind(deck.campaign.placement.uuid())
        .fetch_all(self.pool())
        .await
        .unwrap()
    }

    pub async fn recount(&self) {
        recount(self.pool(), self.engine.clock_now(), AuditScope::DataOnly).await;
    }
}

impl Deck {
    /// The platform's id of it becomes this.
    pub async fn name(&self, pool: &PgPool, card_ref: Option<&str>) {
        sqlx::query(
            "update placement set platform_ref = $2, tells_claims = true where placement_id = $1",
        )
        .bind(self.campaign.placement.uuid())
        .bind(card_ref)
        .execute(pool)
        .await
        .unwrap();
    }

    fn event(&self, second: i64, open_id: &str, what: Happening) -> CardEvent {
        let (card_ref, open_id) = (self.card_ref.clone(), open_id.to_owned());
        CardEvent { at: at(second), card_ref, open_id, what }
    }

    pub fn took(&self, second: i64, open_id: &str, code: &str) -> CardEvent {
        self.taken(second, open_id, (code, None, false), None)
    }

    pub fn took_by(&self, second: i64, open_id: &str, code: &str, reference: &str) -> CardEvent {
        self.taken(second, open_id, (code, None, false), Some(reference.to_owned()))
    }

    /// From somebody else; under a new code if the old one is another.
    pub fn was_given(&self, second: i64, open_id: &str, code: &str, old: &str) -> CardEvent {
        self.taken(second, open_id, (code, Some(old), true), None)
    }

    fn taken(
        &self,
        second: i64,
        open_id: &str,
        (code, old, gift): (&str, Option<&str>, bool),
        reference: Option<String>,
    ) -> CardEvent {
        let (code, old_code) = (code.to_owned(), old.map(str::to_owned));
        let taken = Taken { code, gift, old_code, reference, union_id: None };
        self.event(second, open_id, Happening::Taken(taken))
    }

    pub fn gives(&self, second: i64, open_id: &str, code: &str) -> CardEvent {
        self.event(second, open_id, Happening::Gifting { code: code.into() })
    }

    pub fn has_back(&self, second: i64, open_id: &str, code: &str) -> CardEvent {
        self.event(second, open_id, Happening::Returned { code: code.into() })
    }

    pub fn deleted(&self, second: i64, open_id: &str, code: &str) -> CardEvent {
        self.event(second, open_id, Happening::Deleted { code: code.into() })
    }

    pub fn used(&self, second: i64, open_id: &str, code: &str, till: Till) -> CardEvent {
        self.event(second, open_id, Happening::Used { code: code.into(), till })
    }

    pub fn reviewed(&self, second: i64, refusal: Option<&str>) -> CardEvent {
        let refusal = refusal.map(str::to_owned);
        self.event(second, "merchant", Happening::Reviewed { refusal })
    }

    pub fn runs_low(&self, second: i64) -> CardEvent {
        self.event(second, "merchant", Happening::StockLow { detail: "100 are left".into() })
    }
}

pub fn their_till() -> Till {
    Till::Theirs { name: "console".into() }
}

/// By the platform's clock, in the hour before noon.
pub fn at(second: i64) -> DateTime<Utc> {
    noon() - TimeDelta::hours(1) + TimeDelta::seconds(second)
}

pub async fn plant_account(pool: &PgPool) -> AppId {
    let app = super::plant::plant_app(pool).await;
    sqlx::query("update app set platform = 'wechat' where app_id = $1")
        .bind(app.uuid())
        .execute(pool)
        .await
        .unwrap();
    app
}

fn applier(pool: &PgPool, engine: &TestEngine) -> CardApplier {
    let clock = engine.clock.clone();
    CardApplier::open(pool.clone(), clock, engine.issuer.clone(), Arc::new(Notify::new()))
}

fn code_of(event: &CardEvent) -> &str {
    match &event.what {
        Happening::Taken(Taken { code, .. })
        | Happening::Gifting { code }
        | Happening::Returned { code }
        | Happening::Deleted { code }
        | Happening::Used { code, .. }
        | Happening::Seen { code } => code,
        Happening::Reviewed { .. } | Happening::StockLow { .. } => "",
    }
}
