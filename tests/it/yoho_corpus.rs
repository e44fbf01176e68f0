//! Every bad request in the Yoho protocol that we could think of, one after the other. None may leave anything behind, and
//! after each the books agree and a good request is answered.

use axum::body::Body;
use chrono::TimeDelta;
use http::Request;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::yoho::{KEY, Shop, query, sign};

/// One line of the file; its keys are explained beside it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    method: Option<String>,
    #[serde(default)]
    params: Vec<(String, String)>,
    #[serde(default)]
    raw: Option<String>,
    #[serde(default)]
    form: Option<String>,
    #[serde(default)]
    form_hex: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default = "http_ok")]
    status: u16,
    code: Option<u16>,
    message: Option<String>,
    #[serde(default)]
    full: bool,
}

const fn http_ok() -> u16 {
    200
}

fn cases() -> Vec<Case> {
    let read =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    include_str!("../fixtures/yoho/bad.jsonl").lines().map(read).collect()
}

struct Scene {
    shop: Shop,
    words: Vec<(&'static str, String)>,
}

impl Scene {
    async fn new() -> Self {
        let shop = Shop::open().await;
        shop.client("app", json!({ "mode": "session" }), None).await;
        shop.client("h5", json!({ "public_methods": ["app.promotion.queryCoupon"] }), None).await;
        shop.client("dated", json!({ "require_timestamp": true }), None).await;
        let (open, gone) = (shop.template(json!({}), 9).await, shop.template(json!({}), 0).await);
        shop.member("1").await;
        shop.member("2").await;
        let code = shop.claim("2", &open).await;
        let id = shop.tab("2", "notuse").await[0].to_string();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        // Longer words first, so that none is mistaken for the beginning of another.
        let words = vec![
            ("$placement", text(&open["id"])),
            ("$template", text(&open["number"])),
            ("$gone", text(&gone["number"])),
            ("$code", code),
            ("$id", id),
            ("$a64k", "a".repeat(64 * 1024)),
            ("$n65", "9".repeat(65)),
        ];
        Self { shop, words }
    }

    fn fill_in(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, (word, meaning)| text.replace(word, meaning))
    }

    fn request(&self, case: &Case) -> Request<Body> {
        let query = case.raw.as_ref().map_or_else(|| self.signed(case), |raw| self.fill_in(raw));
        let form = case.form.as_ref().map(|form| self.fill_in(form).into_bytes());
        let form = form.or_else(|| case.form_hex.as_ref().map(|hex| hex::decode(hex).unwrap()));
        let method = if form.is_some() { "POST" } else { "GET" };
        let mut request = Request::builder().method(method).uri(format!("/gateway?{query}"));
        for (name, value) in &case.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(form.unwrap_or_default())).unwrap()
    }

    /// The parameters as a client with the key sends them, `iphone` unless they say otherwise.
    fn signed(&self, case: &Case) -> String {
        let mut all: Vec<(String, String)> = Vec::new();
        if !case.params.iter().any(|(name, _)| name == "client_type") {
            all.push(("client_type".to_owned(), "iphone".to_owned()));
        }
        all.extend(case.method.iter().map(|method| ("method".to_owned(), method.clone())));
        all.extend(case.params.iter().map(|(name, value)| (name.clone(), self.fill_in(value))));
        let mut all: Vec<_> = all.iter().map(|(name, value)| (&**name, &**value)).collect();
        let secret = sign(&all, KEY);
        all.push(("client_secret", &secret));
        query(&all)
    }

    /// The rows of every table.
    async fn rows(&self) -> Vec<(String, i64)> {
        let db = self.shop.admin.db();
        let tables: Vec<String> = sqlx::query_scalar(
            "select table_name::text from information_schema.tables
             where table_schema = 'public' and table_type = 'BASE TABLE' order by 1",
        )
        .fetch_all(db)
        .await
        .unwrap();
        let counts: Vec<_> = tables
            .iter()
            // That somebody was refused is counted, and is no row of anything else.
            .filter(|table| !matches!(table.as_str(), "tally" | "daily_sum"))
            .map(|table| format!("select '{table}', count(*) from \"{table}\""))
            .collect();
        let counts = sqlx::AssertSqlSafe(counts.join(" union all "));
        sqlx::query_as(counts).fetch_all(db).await.unwrap()
    }

    /// What coupons are, besides their number.
    async fn coupons(&self) -> Vec<(String, i32)> {
        sqlx::query_as("select state, version from coupon order by coupon_id")
            .fetch_all(self.shop.admin.db())
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_requests_are_answered_as_documented_and_leave_nothing_behind() {
    let scene = Scene::new().await;
    let mut wrong = Vec::new();
    for case in cases() {
        scene.shop.admin.clock.advance(TimeDelta::seconds(1));
        let before = (scene.rows().await, scene.coupons().await);

        let heard = scene.shop.send(scene.request(&case)).await;

        let (code, message) = (case.code.unwrap_or_default(), case.message.unwrap_or_default());
        let expected = match case.code {
            None => heard.status == case.status && heard.text.is_empty(),
            Some(_) if case.full => {
                heard.status == 200 && heard.full() == (code, "[]", message.clone())
            }
            Some(_) => {
                heard.status == 200
                    && heard.text == format!(r#"{{"code":{code},"message":"{message}"}}"#)
            }
        };
        if !expected {
            wrong.push(format!("{}: {heard:?}", case.name));
        }
        if (scene.rows().await, scene.coupons().await) != before {
            wrong.push(format!("{}: something is left behind", case.name));
        }
        scene.shop.is_sound().await;
        scene.shop.ask("app.coupons.total", &[("uid", "2"), ("type", "notuse")]).await.ok();
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
