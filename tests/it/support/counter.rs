//! A merchant's own front end and its till.

use kaquan::domain::id::CouponId;
use serde_json::{Value, json};

use super::admin::{Admin, Reply};

impl Admin {
    /// A placement on a new app of the platform, with stock for claims.
    pub async fn given_claimable(&self, platform: &str, fields: Value, stock: i64) -> Value {
        let app = json!({ "platform": platform, "app_key": platform, "name": "商城" });
        let app = self.post("/v1/admin/apps", app).await.created();
        let template = self.given_template(fields).await;
        self.given_claimable_on(&app["id"], &json!(template), stock).await
    }

    /// A placement of this template on this app, with stock for claims.
    pub async fn given_claimable_on(&self, app: &Value, template: &Value, stock: i64) -> Value {
        let body = json!({ "template_id": template, "app_id": app });
        let placement = self.post("/v1/admin/placements", body).await.created();
        if stock > 0 {
            let path = format!("{}/stock-additions", path(&placement));
            let way = if placement["platform"] == "wechat" { "take" } else { "claim" };
            let addition = json!({ "name": placement["id"], "way": way, "amount": stock });
            self.post(&path, addition).await.created();
        }
        placement
    }

    /// Somebody claims a coupon of the placement.
    pub async fn claim(&self, placement: &Value, key: &str, open_id: &str) -> Reply {
        let body = json!({ "placement_id": placement["id"], "open_id": open_id }).to_string();
        let mut request = self.request("POST", "/v1/claims", body);
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        self.send(request).await
    }

    /// The till takes a code for an order.
    pub async fn redeem(&self, code: &Value, order_no: &str) -> Reply {
        self.act("/v1/redemptions", json!({ "code": code, "order_no": order_no })).await
    }

    /// A step of a coupon's life, under a key of its own.
    pub async fn act(&self, path: &str, body: Value) -> Reply {
        self.act_as(&self.owner, &format!("act-{}", uuid::Uuid::new_v4()), path, body).await
    }

    /// The same by whoever has this secret, under this key.
    pub async fn act_as(&self, secret: &str, key: &str, path: &str, body: Value) -> Reply {
        let mut request = self.request("POST", path, body.to_string());
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {secret}").parse().unwrap());
        headers.insert("idempotency-key", key.parse().unwrap());
        self.send(request).await
    }

    /// What is owed about a coupon, as `kind state identity`.
    pub async fn owed(&self, coupon: &Value) -> Vec<String> {
        let id: CouponId = coupon["id"].as_str().unwrap().parse().unwrap();
        sqlx::query_scalar(
            "select concat_ws(' ', kind, state, identity) from delivery where subject_id = $1 order by position",
        )
        .bind(id.uuid())
        .fetch_all(self.db())
        .await
        .unwrap()
    }
}

/// The address of a placement.
pub fn path(placement: &Value) -> String {
    format!("/v1/admin/placements/{}", placement["id"].as_str().unwrap())
}
