//! Coupons in use, as a till and those who look after them ask.

use kaquan::{clock::Clock, ops::audit::AuditScope};
use serde_json::{Value, json};

use super::{
    admin::{Admin, Reply},
    recount::recount,
};

pub async fn is_sound(admin: &Admin) {
    recount(admin.db(), admin.clock.now(), AuditScope::DataOnly).await;
}

/// A coupon of the sample terms (20 off 100, a week) with these fields besides, on an app of the merchant's own.
pub async fn given_coupon(admin: &Admin, fields: Value) -> Value {
    let placement = admin.given_claimable("own", fields, 10).await;
    admin.claim(&placement, "claim-1", "open-of-somebody").await.created()
}

pub fn of(coupon: &Value, order_no: &str) -> Value {
    json!({ "code": coupon["code"], "order_no": order_no })
}

pub fn with(mut body: Value, fields: &Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

pub async fn events(admin: &Admin, coupon: &Value) -> Vec<Value> {
    let path = format!("/v1/admin/coupons/{}/events", coupon["id"].as_str().unwrap());
    admin.get(&path).await.ok()["data"].as_array().unwrap().clone()
}

pub fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["kind"].as_str().unwrap()).collect()
}

pub async fn void(admin: &Admin, coupon: &Value) -> Reply {
    let path = format!("/v1/admin/coupons/{}/void", coupon["id"].as_str().unwrap());
    admin.act(&path, json!({ "reason": "印错了" })).await
}

/// Without the id of the request, which is another one each time.
pub fn anonymous(reply: Reply) -> Value {
    let mut problem = reply.problem(404, "no_such_coupon");
    problem.as_object_mut().unwrap().remove("request_id");
    problem
}
