//! The callback's handler without a network: whoever calls holds the answer, and may let go of it at any point.

use std::sync::Arc;

use axum::{Router, body::Body, response::Response};
use chrono::TimeDelta;
use http::Request;
use http_body_util::BodyExt;
use kaquan::{
    config::issuing::Issuing,
    platform::baidu::callback::{self, Callbacks},
    service::{repair_reply::Doubts, route::Directory, source::Sources},
};
use serde_json::Value;
use tokio::sync::Notify;
use tower::ServiceExt;

use super::{
    campaign_offer::Offer,
    database::TestDatabase,
    engine::TestEngine,
    plant::{Campaign, noon, terms},
};

/// One campaign, one engine, and what keeps replies in doubt.
pub struct Scene {
    pub database: TestDatabase,
    pub engine: TestEngine,
    pub doubts: Arc<Doubts>,
    pub offer: Offer,
    router: Router,
}

impl Scene {
    pub async fn start(stock: i64) -> Self {
        Self::with(stock, &Issuing::default()).await
    }

    pub async fn with(stock: i64, settings: &Issuing) -> Self {
        let database = TestDatabase::new().await;
        let campaign = Campaign::plant(&database.pool, &terms(), stock).await;
        let offer = Offer::open(&database.pool, campaign).await;
        let engine = TestEngine::with(&database.options, settings);
        let (db, clock) = (database.pool.clone(), engine.clock.clone());
        let doubts = Doubts::open(db.clone(), clock.clone(), settings.deadline);
        let changed = Arc::new(Notify::new());
        let directory = Directory::open(db.clone(), clock.clone(), changed).await.unwrap();
        let (sources, _remember) = Sources::open(db, clock.clone()).await.unwrap();
        let router = callback::router(Callbacks {
            directory: Arc::new(directory),
            issuer: engine.issuer.clone(),
            doubts: doubts.clone(),
            clock,
            sources: Arc::new(sources),
            window: TimeDelta::minutes(5),
            trusted_proxies: Arc::new([]),
        });
        Self { database, engine, doubts, offer, router }
    }

    /// Baidu's call for a record; whoever drops it has hung up.
    pub fn call(&self, record: &str) -> impl Future<Output = Response> + Unpin + use<> {
        let letter = self.offer.letter(record, &format!("open-{record}"), noon());
        let request = Request::post(format!("/callbacks/baidu/{}", self.offer.token))
            .header("content-type", "application/json")
            .body(Body::from(letter.body()))
            .unwrap();
        let answer = self.router.clone().oneshot(request);
        Box::pin(async { answer.await.unwrap() })
    }

    /// A call whose answer is read to its end.
    pub async fn hear(&self, record: &str) -> Value {
        read(self.call(record).await).await
    }

    /// Returns when the engine has done what it was asked for the record, without anybody hearing of it.
    pub async fn engine_is_done_with(&self, record: &str) {
        let request = self.offer.campaign.request(record, &format!("open-{record}"));
        let _answer = self.engine.issuer.issue(request).await.unwrap();
    }

    /// What is owed, as `kind state record`.
    pub async fn owed(&self) -> Vec<String> {
        sqlx::query_scalar(
            "select concat_ws(' ', delivery.kind, delivery.state, delivery.identity)
             from delivery
             join coupon on coupon.coupon_id = delivery.subject_id and coupon.record = delivery.identity
             order by coupon.record",
        )
        .fetch_all(&self.database.pool)
        .await
        .unwrap()
    }
}

/// An answer, read to its end.
pub async fn read(answer: Response) -> Value {
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap_or_default()
}
