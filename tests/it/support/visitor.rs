//! Somebody who came through a mini-program, and what they ask.

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use kaquan::{
    clock::Clock,
    domain::{id::AppId, people::OpenId},
    service::mini_session,
};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::admin::{Admin, Reply, lifetime};

pub struct Person<'a> {
    admin: &'a Admin,
    token: String,
}

impl Admin {
    /// Somebody with a session on this app.
    pub async fn person(&self, app: &Value, open_id: &str) -> Person<'_> {
        let app: AppId = app.as_str().unwrap().parse().unwrap();
        let open_id = OpenId::parse(open_id).unwrap();
        let now = self.clock.now();
        let opened = mini_session::open(self.db(), now, lifetime(), app, &open_id).await.unwrap();
        Person { admin: self, token: opened.token.reveal().to_owned() }
    }

    /// The merchant says who a member is on the apps.
    pub async fn given_member(&self, uid: &str, fields: Value, holders: &[(&Value, &str)]) {
        let mut body = fields;
        body["holders"] = holders
            .iter()
            .map(|(app, open_id)| json!({ "app_id": app, "open_id": open_id }))
            .collect();
        self.put(&format!("/v1/members/{uid}"), body).await.ok();
    }

    /// A POST with a key that names the act.
    pub async fn post_as(&self, path: &str, key: &str, body: Value) -> Reply {
        let mut request = self.request("POST", path, body.to_string());
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        self.send(request).await
    }

    /// Keeps a coupon for an order until then.
    pub async fn lock(&self, coupon: &Value, until: &str) {
        let code = coupon["code"].as_str().unwrap();
        sqlx::query(
            "with locked as (update coupon set state = 'locked' where code = $1 returning coupon_id)
             insert into coupon_lock (coupon_id, order_no, locked_by, locked_at, expires_at)
             select coupon_id, 'order', 'test', '2026-11-01', $2::timestamptz from locked",
        )
        .bind(code)
        .bind(until)
        .execute(self.db())
        .await
        .unwrap();
    }

    /// Takes a coupon out of use.
    pub async fn void(&self, coupon: &Value) {
        sqlx::query("update coupon set state = 'void' where code = $1")
            .bind(coupon["code"].as_str())
            .execute(self.db())
            .await
            .unwrap();
    }
}

impl Person<'_> {
    pub fn request(&self, method: &str, path: &str, body: impl Into<Body>) -> Request<Body> {
        let mut request = self.admin.request(method, path, body);
        let token = format!("Bearer {}", self.token);
        request.headers_mut().insert("authorization", token.parse().unwrap());
        request
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.admin.send(self.request("GET", path, Body::empty())).await
    }

    pub async fn post(&self, path: &str, key: Option<&str>, body: Value) -> Reply {
        let mut request = self.request("POST", path, body.to_string());
        if let Some(key) = key {
            request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        }
        self.admin.send(request).await
    }

    pub async fn claim(&self, placement: &Value, key: &str) -> Reply {
        let body = json!({ "placement_id": placement["id"] });
        self.post("/v1/mini/claims", Some(key), body).await
    }

    /// The ids of one tab, in the order shown.
    pub async fn tab(&self, tab: &str) -> Vec<Value> {
        let shown = self.get(&format!("/v1/mini/coupons?tab={tab}")).await.ok();
        shown["data"].as_array().unwrap().iter().map(|coupon| coupon["id"].clone()).collect()
    }

    /// A body that is no JSON, with the three headers that matter to it.
    pub async fn picture(&self, path: &str) -> ([String; 3], Vec<u8>) {
        let request = self.request("GET", path, Body::empty());
        let response = self.admin.router.clone().oneshot(request).await.unwrap();
        let headers = ["content-type", "cache-control", "x-content-type-options"]
            .map(|name| response.headers()[name].to_str().unwrap().to_owned());
        (headers, response.into_body().collect().await.unwrap().to_bytes().to_vec())
    }
}
