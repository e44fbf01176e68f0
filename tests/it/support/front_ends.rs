//! A merchant with a front end for each protocol before one whole server, and with systems of its own that use the API.

pub mod heard;
pub mod wallet;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use chrono::TimeDelta;
use futures_util::future::join_all;
use kaquan::{
    app::App,
    clock::{Clock, ManualClock},
    domain::{access::Role, gateway::Protocol},
    ops::audit::AuditScope,
    service::create_key::create_key,
};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use sqlx::PgPool;

use self::heard::Heard;
use super::{
    admin::{Reply, terms},
    database::TestDatabase,
    letter,
    plant::noon,
    recount::recount,
    test_app::config,
    yoho,
    zvcms::{self, GRANT, Letter, OPEN_ID, PATH, SECRET},
};

pub struct FrontEnds {
    pub database: TestDatabase,
    pub clock: Arc<ManualClock>,
    server: App,
    client: Client,
    owner: String,
    numbers: AtomicU64,
}

/// A coupon, as the protocols name it.
#[derive(Debug, Clone)]
pub struct Coupon {
    pub uid: String,
    pub code: String,
    pub number: i64,
}

impl FrontEnds {
    /// With a client of each protocol that sees everything and a grant for every action.
    pub async fn open() -> Self {
        let database = TestDatabase::new().await;
        let clock = Arc::new(ManualClock::at(noon()));
        let mut config = config(([127, 0, 0, 1], 0).into());
        // As many claims at once as a test likes: a clock that is moved by hand gives no token back.
        (config.zvcms.claim_rate, config.zvcms.claim_burst) = (1_000_000, 1_000_000);
        (config.yoho.claim_rate, config.yoho.claim_burst) = (1_000_000, 1_000_000);
        let server = App::start(&config, &database.options, clock.clone()).await.unwrap();
        let (_, owner) = create_key(&database.pool, noon(), "owner", Role::Owner).await.unwrap();
        let owner = owner.reveal().to_owned();
        let numbers = AtomicU64::new(1000);
        let house = Self { database, clock, server, client: letter::client(), owner, numbers };
        let (key, salt) = (yoho::KEY, yoho::SALT);
        let yoho = json!({ "protocol": "yoho", "name": "iphone", "secret": key, "salt": salt });
        house.post("/v1/admin/gateway-clients", yoho).await.created();
        let zvcms = json!({ "protocol": "zvcms", "name": OPEN_ID, "secret": SECRET });
        let zvcms = house.post("/v1/admin/gateway-clients", zvcms).await.created();
        let grants = format!("/v1/admin/gateway-clients/{}/grants", zvcms["id"].as_str().unwrap());
        house.post(&grants, json!({ "code": GRANT })).await.created();
        house
    }

    pub fn db(&self) -> &PgPool {
        &self.database.pool
    }

    /// An app of the merchant's on this platform, as it was shown when it was made.
    pub async fn app(&self, platform: &str) -> Value {
        let app = json!({ "platform": platform, "app_key": platform, "name": "商城" });
        self.post("/v1/admin/apps", app).await.created()
    }

    /// A template of the sample terms with these fields besides, with so much stock on each of the apps; its number. Baidu
    /// knows it.
    pub async fn template(&self, fields: Value, places: &[(&Value, i64)]) -> i64 {
        let template = self.post("/v1/admin/templates", terms(&fields)).await.created();
        for (app, stock) in places {
            let mut body = json!({ "template_id": template["id"], "app_id": app["id"] });
            if app["platform"] == "baidu" {
                body["platform_ref"] = json!("1001");
            }
            let placement = self.post("/v1/admin/placements", body).await.created();
            let path = format!("{}/stock-additions", super::counter::path(&placement));
            let addition = json!({ "name": placement["id"], "way": "claim", "amount": stock });
            self.post(&path, addition).await.created();
        }
        template["number"].as_i64().unwrap()
    }

    /// Somebody whom the merchant knows.
    pub async fn member(&self, uid: &str, fields: Value) {
        self.ask(Method::PUT, &format!("/v1/members/{uid}"), Some(fields)).await.ok();
    }

    /// So many of them.
    pub async fn members(&self, count: usize) -> Vec<String> {
        let uids: Vec<_> = (0..count).map(|n| (1000 + n).to_string()).collect();
        join_all(uids.iter().map(|uid| self.member(uid, json!({})))).await;
        uids
    }

    pub async fn claim(&self, by: Protocol, uid: &str, template: i64) -> Heard {
        let template = template.to_string();
        match by {
            Protocol::Yoho => {
                let wish = [("uid", uid), ("couponId", &template)];
                self.yoho("app.promotion.getCoupon", &wish).await
            }
            Protocol::Zvcms => {
                let wish = json!({ "user_id": uid, "coupon_id": template });
                self.step("coupon.receive", wish).await
            }
        }
    }

    /// A coupon of the template in this member's hands.
    pub async fn coupon(&self, by: Protocol, uid: &str, template: i64) -> Coupon {
        // Each is older than the next.
        self.clock.advance(TimeDelta::milliseconds(1));
        let code = self.claim(by, uid, template).await.code();
        let item = self.item(&code).await;
        Coupon { uid: uid.to_owned(), code, number: item["id"].as_i64().unwrap() }
    }

    /// The order keeps it for a minute.
    pub async fn lock(&self, by: Protocol, coupon: &Coupon, order: &str) -> Heard {
        let Coupon { uid, code, number } = coupon;
        match by {
            Protocol::Yoho => {
                let wish = [
                    ("uid", &**uid),
                    ("couponCode", code),
                    ("orderCode", order),
                    ("lockSeconds", "60"),
                ];
                self.yoho("app.promotion.useCoupon", &wish).await
            }
            Protocol::Zvcms => {
                let wish = json!({
                    "user_id": uid, "id": number, "order_sn": order, "lock_seconds": 60,
                });
                self.step("coupon.lock", wish).await
            }
        }
    }

    pub async fn unlock(&self, by: Protocol, coupon: &Coupon, order: &str) -> Heard {
        match by {
            Protocol::Yoho => {
                let wish = [("uid", &*coupon.uid), ("orderCode", order)];
                self.yoho("app.promotion.cancelOrderCouponUse", &wish).await
            }
            Protocol::Zvcms => {
                let wish = json!({ "id": coupon.number, "order_sn": order });
                self.step("coupon.unlock", wish).await
            }
        }
    }

    /// The order uses it; in Yoho, it must keep it already.
    pub async fn redeem(&self, by: Protocol, coupon: &Coupon, order: &str) -> Heard {
        match by {
            Protocol::Yoho => {
                let wish = [("uid", &*coupon.uid), ("orderCode", order)];
                self.yoho("app.promotion.confirmCouponUse", &wish).await
            }
            Protocol::Zvcms => {
                let wish = json!({ "id": coupon.number, "order_sn": order });
                self.step("coupon.verify", wish).await
            }
        }
    }

    /// What is owed about it, as `kind state`, oldest first.
    pub async fn owed(&self, coupon: &Coupon) -> Vec<String> {
        sqlx::query_scalar(
            "select concat_ws(' ', kind, delivery.state) from delivery
             join coupon on coupon.coupon_id = delivery.subject_id
             where code = $1
             order by position",
        )
        .bind(&coupon.code)
        .fetch_all(self.db())
        .await
        .unwrap()
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.ask(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Changes what stands in a list.
    pub async fn patch(&self, list: &str, what: &Value, body: Value) -> Reply {
        let path = format!("{list}/{}", what["id"].as_str().unwrap());
        self.ask(Method::PATCH, &path, Some(body)).await
    }

    /// Does what is to be done because time has passed.
    pub async fn upkeep(&self) {
        self.server.upkeep.round().await.unwrap();
    }

    pub async fn is_sound(&self) {
        recount(self.db(), self.clock.now(), AuditScope::DataOnly).await;
    }

    /// Ends the story: the books agree, and the server stops in order.
    pub async fn finish(self) {
        self.is_sound().await;
        self.server.stop().await;
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let key = self.numbers.fetch_add(1, Ordering::Relaxed);
        let request = self.client.request(method, self.url(path)).bearer_auth(&self.owner);
        let request = request.header("idempotency-key", format!("act-{key}"));
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        };
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default();
        Reply { status, headers, body }
    }

    /// A signed GET.
    async fn yoho(&self, method: &str, params: &[(&str, &str)]) -> Heard {
        let query = yoho::signed("iphone", method, params);
        let response = self.client.get(self.url(&format!("/gateway?{query}"))).send().await;
        let response = response.unwrap();
        let status = response.status().as_u16();
        Heard::Yoho(yoho::Heard { status, text: response.text().await.unwrap() })
    }

    /// A signed request for something that is done once.
    async fn step(&self, action: &str, mut wish: Value) -> Heard {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        wish["out_request_no"] = json!(format!("no-{number}"));
        Heard::Zvcms(self.zvcms(action, wish).await)
    }

    async fn zvcms(&self, action: &str, params: Value) -> zvcms::Heard {
        let nonce = self.numbers.fetch_add(1, Ordering::Relaxed);
        let fields = json!({
            "OpenId": OPEN_ID, "GrantCode": GRANT, "Nonce": nonce.to_string(), "Action": action,
            "Timestamp": self.clock.now().timestamp().to_string(),
        });
        let letter = Letter(fields.as_object().unwrap().clone()).with("Params", params);
        let body = Value::Object(letter.signed(SECRET).0).to_string();
        let request = self.client.post(self.url(PATH)).header("content-type", zvcms::JSON);
        let response = request.body(body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        zvcms::Heard(response.text().await.unwrap())
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address)
    }
}
