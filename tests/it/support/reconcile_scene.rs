//! A whole server with Baidu before it whose figures can be asked for, and a worker that asks when it is told to.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kaquan::{
    clock::Clock,
    config::{baidu::Baidu, delivery::Delivery, reconciliation::Reconciliation},
    delivery::Worker,
    domain::{
        id::AppId,
        reconciliation::{Comparison, DifferenceKind},
    },
    simulator::app::{DEFAULT_APP_KEY, DEFAULT_APP_SECRET},
    vault::Place,
};
use serde_json::Value;
use sqlx::PgPool;

use super::{
    campaign_offer::Offer,
    delivery_scene::{Used, by_hand, owe, set_rate, worker_with},
    test_app::TestApp,
    vault::vault,
};

/// The stock that Baidu and we begin with.
const STOCK: i64 = 1_000_000;

pub struct ReconcileScene {
    pub app: TestApp,
    pub worker: Worker,
}

/// What stands out of a comparison: kind, ours, theirs.
pub type Found = (DifferenceKind, Option<i64>, Option<i64>);

impl ReconcileScene {
    pub async fn new() -> Self {
        let app = TestApp::start(STOCK).await;
        connect(&app).await;
        let worker = reconciler(&app, by_hand()).await;
        Self { app, worker }
    }

    /// Another worker that shares the clock, and works as it is told.
    pub async fn another_worker(&self, settings: Delivery) -> Worker {
        reconciler(&self.app, settings).await
    }

    pub fn db(&self) -> &PgPool {
        &self.app.database.pool
    }

    pub fn id(&self) -> AppId {
        self.app.offer.campaign.app
    }

    pub fn template(&self) -> i64 {
        self.app.offer.coupon_template_id.parse().unwrap()
    }

    /// The next day at the same time.
    pub fn tomorrow(&self) {
        self.app.clock.advance(TimeDelta::days(1));
    }

    pub fn today(&self) -> NaiveDate {
        (self.app.clock.now() + TimeDelta::hours(8)).date_naive()
    }

    /// So many people take at Baidu, which asks us for codes.
    pub async fn takes(&self, people: usize) {
        let report = self.app.baidu_crowd_takes(people, &[]).await;
        assert_eq!(report.issued, people, "{report:?}");
    }

    /// Coupons given through us, each of which Baidu is told.
    pub async fn claims(&self, numbers: std::ops::Range<u32>, used: Used) {
        self.owes(numbers, used).await;
        self.worker.drain().await.unwrap();
    }

    /// The same, with what is owed still owed.
    pub async fn owes(&self, numbers: std::ops::Range<u32>, used: Used) {
        owe(self.db(), self.app.offer.campaign, numbers, used, self.app.clock.now()).await;
    }

    pub async fn reconcile(&self) -> Comparison {
        self.worker.reconcile(self.id(), 3).await.unwrap().1
    }

    /// What a comparison finds that nothing explains.
    pub async fn finds(&self) -> Vec<Found> {
        let comparison = self.reconcile().await;
        let unexplained = comparison.differences.iter().filter(|one| !one.explained);
        unexplained.map(|one| (one.kind, one.ours, one.theirs)).collect()
    }

    /// A call as Baidu's own server console makes it.
    pub async fn by_hand(&self, call: &str, parameters: &[(&str, &str)]) -> Value {
        let base = self.app.baidu.base_url();
        let sign_in = [
            ("grant_type", "client_credentials"),
            ("client_id", DEFAULT_APP_KEY),
            ("client_secret", DEFAULT_APP_SECRET),
            ("scope", "smartapp_snsapi_base"),
        ];
        let client = &self.app.client;
        let token = client.post(format!("{base}/oauth/2.0/token")).form(&sign_in);
        let token: Value = token.send().await.unwrap().json().await.unwrap();
        let url = format!("{base}/rest/2.0/smartapp/coupon/{call}");
        let mut query = vec![("access_token", token["access_token"].as_str().unwrap())];
        query.extend(parameters);
        let said: Value =
            client.post(url).query(&query).send().await.unwrap().json().await.unwrap();
        assert_eq!(said["errno"], 0, "{said}");
        said["data"].clone()
    }

    /// A template made in Baidu's console; its id there.
    pub async fn template_by_hand(&self, title: &str, callback: &str) -> i64 {
        let fields = fields(self.app.clock.now(), title, callback);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.by_hand("create", &fields).await["id"].as_i64().unwrap()
    }

    /// The campaign's template changed in Baidu's console.
    pub async fn title_by_hand(&self, title: &str) {
        let fields = fields(self.app.clock.now(), title, "http://127.0.0.1:1/callbacks/baidu/x");
        let id = self.template().to_string();
        let mut fields: Vec<_> =
            fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fields.push(("couponTemplateId", &id));
        self.by_hand("update", &fields).await;
    }

    /// The campaign's coupon stands at Baidu under this id from now on.
    pub async fn known_as(&mut self, id: i64) {
        let offer: Offer = self.app.offer.clone();
        self.app.offer = offer.known_as(self.db(), &id.to_string()).await;
    }

    pub async fn runs(&self) -> Vec<(String, Option<i32>, Option<String>)> {
        sqlx::query_as("select state, differences, error from reconciliation order by requested_at")
            .fetch_all(self.db())
            .await
            .unwrap()
    }

    /// Ends the story: Baidu has nothing to complain of.
    pub async fn finish(self) {
        self.worker.stop().await;
        self.app.finish().await;
    }
}

fn fields(now: DateTime<Utc>, title: &str, callback: &str) -> [(&'static str, String); 9] {
    [
        ("bgColor", "B010".to_owned()),
        ("couponType", "2".to_owned()),
        ("title", title.to_owned()),
        ("effectTime", now.timestamp().to_string()),
        ("expireTime", (now + TimeDelta::days(900)).timestamp().to_string()),
        ("introduce", "说明".to_owned()),
        ("sill", "满100元可用".to_owned()),
        ("takeLimit", "每人限领一张".to_owned()),
        ("callbackUrl", callback.to_owned()),
    ]
}

async fn reconciler(app: &TestApp, settings: Delivery) -> Worker {
    let clock = app.clock.clone();
    let baidu = Baidu::default();
    worker_with(&app.database.options, clock, settings, Reconciliation::default(), baidu).await
}

/// Gives the campaign's app the account that Baidu knows, with its secret sealed.
async fn connect(app: &TestApp) {
    let id = app.offer.campaign.app;
    let pool = &app.database.pool;
    let secret = vault().seal(Place::app_secret(id.uuid()), DEFAULT_APP_SECRET).unwrap();
    sqlx::query(
        "update app
         set app_key = $2, secret_sealed = $3, version = version + 1,
             settings = jsonb_build_object('open_api_url', $4::text, 'session_api_url', $4::text)
         where app_id = $1",
    )
    .bind(id.uuid())
    .bind(DEFAULT_APP_KEY)
    .bind(secret)
    .bind(app.baidu.base_url())
    .execute(pool)
    .await
    .unwrap();
    set_rate(pool, id, 1_000_000.0).await;
}
