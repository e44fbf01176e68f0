//! The sample merchant: a program on the merchant's side, which uses the admin API as any other would.

use anyhow::{Context, bail};
use serde_json::{Value, json};

/// A client of the admin API.
pub struct Merchant {
    http: reqwest::Client,
    base: String,
    key: String,
}

/// A template placed on the simulated Baidu.
#[derive(Debug)]
pub struct Campaign {
    /// Our id of the placement.
    pub placement: String,
    /// Its version, for edits.
    pub version: i64,
    /// Where Baidu shall call, told once.
    pub callback_url: String,
}

impl Merchant {
    /// A merchant with a key, at a server.
    pub fn new(http: reqwest::Client, base: String, key: String) -> Self {
        Self { http, base, key }
    }

    /// An account, a template and its placement.
    pub async fn open_campaign(&self, app_key: &str, terms: &Value) -> anyhow::Result<Campaign> {
        let app = json!({ "platform": "baidu", "app_key": app_key, "name": "示例小程序" });
        let app = self.send("POST", "/v1/admin/apps", &app).await?;
        let template = self.send("POST", "/v1/admin/templates", terms).await?;
        let placement = json!({ "app_id": app["id"], "template_id": template["id"] });
        let placement = self.send("POST", "/v1/admin/placements", &placement).await?;
        let text = |field: &str| placement[field].as_str().map(str::to_owned);
        Ok(Campaign {
            placement: text("id").context("a placement without an id")?,
            version: placement["version"].as_i64().context("a placement without a version")?,
            callback_url: text("callback_url").context("a placement without an address")?,
        })
    }

    /// Tells kaquan which template of Baidu's the placement is.
    pub async fn name_on_baidu(&self, campaign: &Campaign, id: i64) -> anyhow::Result<()> {
        let path = format!("/v1/admin/placements/{}", campaign.placement);
        let edit = json!({ "version": campaign.version, "platform_ref": id.to_string() });
        self.send("PATCH", &path, &edit).await.map(drop)
    }

    /// Adds stock under a name.
    pub async fn add_stock(
        &self,
        campaign: &Campaign,
        name: &str,
        amount: i64,
    ) -> anyhow::Result<()> {
        let path = format!("/v1/admin/placements/{}/stock-additions", campaign.placement);
        self.send("POST", &path, &json!({ "name": name, "amount": amount })).await.map(drop)
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        let method = method.parse::<reqwest::Method>()?;
        let request = self.http.request(method, format!("{}{path}", self.base));
        let response = request.bearer_auth(&self.key).json(body).send().await?;
        let status = response.status();
        let answer: Value = response.json().await?;
        if !status.is_success() {
            bail!("{path}: {status}: {answer}");
        }
        Ok(answer)
    }
}
