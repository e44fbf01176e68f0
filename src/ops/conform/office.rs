//! The administration of the server under test, as far as the fixtures ask for it.

use anyhow::{Context, bail};
use reqwest::{Client, Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use super::wire;

/// Whoever sets things up.
#[derive(Clone)]
pub struct Office {
    client: Client,
    url: Url,
    key: SecretString,
}

/// A coupon that somebody has.
#[derive(Debug, Clone)]
pub struct Made {
    /// Its id.
    pub id: String,
    /// What is shown at a till.
    pub code: String,
}

impl Office {
    /// Nobody is asked yet.
    pub fn new(url: Url, key: SecretString) -> reqwest::Result<Self> {
        Ok(Self { client: wire::client()?, url, key })
    }

    /// Asks for something that must be done.
    pub async fn ask(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let url = self.url.join(path)?;
        let request = self.client.request(method, url).bearer_auth(self.key.expose_secret());
        let request = request.header("idempotency-key", Uuid::new_v4().to_string()).json(body);
        let response = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = response.status();
        let answer: Value = response.json().await.unwrap_or_default();
        if !status.is_success() {
            bail!("{path}: {status}: {answer}");
        }
        Ok(answer)
    }

    /// The usual way.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, body).await
    }

    /// Tells of a member with an account on each of these apps.
    pub async fn save_member(
        &self,
        uid: &str,
        about: &Value,
        apps: &[String],
    ) -> anyhow::Result<()> {
        let accounts = apps.iter().map(|app| json!({ "app_id": app, "open_id": uid }));
        let mut body = about.clone();
        body["holders"] = accounts.collect();
        self.ask(Method::PUT, &format!("/v1/members/{uid}"), &body).await.map(drop)
    }

    /// Gives somebody a coupon.
    pub async fn claim(&self, placement: &str, uid: &str) -> anyhow::Result<Made> {
        let body = json!({ "placement_id": placement, "uid": uid });
        let made = self.post("/v1/claims", &body).await?;
        Ok(Made { id: text(&made, "id")?, code: text(&made, "code")? })
    }

    /// Keeps it for an order.
    pub async fn lock(&self, coupon: &Made, order: &str) -> anyhow::Result<()> {
        let body = json!({ "code": coupon.code, "order_no": order, "expires_in_seconds": 1800 });
        self.post("/v1/locks", &body).await.map(drop)
    }

    /// Uses it for an order.
    pub async fn redeem(&self, coupon: &Made, order: &str) -> anyhow::Result<()> {
        let body = json!({ "code": coupon.code, "order_no": order });
        self.post("/v1/redemptions", &body).await.map(drop)
    }

    /// Takes it out of use.
    pub async fn void(&self, coupon: &Made) -> anyhow::Result<()> {
        let path = format!("/v1/admin/coupons/{}/void", coupon.id);
        self.post(&path, &json!({ "reason": "conformance" })).await.map(drop)
    }
}

/// A field that must be there.
pub fn text(answer: &Value, field: &str) -> anyhow::Result<String> {
    let text = answer[field].as_str().map(str::to_owned);
    text.with_context(|| format!("an answer without `{field}`"))
}
