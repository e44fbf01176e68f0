//! The merchant's few calls to Baidu: the token, the template, its stock. A full client is a room of its own; these
//! three go out by hand, as in a merchant's first trial with `curl`.

use anyhow::{Context, ensure};
use serde_json::Value;

/// The simulated platform, as seen from outside.
pub struct Baidu {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Baidu {
    /// Signs in with the app's key and secret.
    pub async fn sign_in(
        http: reqwest::Client,
        base: &str,
        app_key: &str,
        secret: &str,
    ) -> anyhow::Result<Self> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", app_key),
            ("client_secret", secret),
            ("scope", "smartapp_snsapi_base"),
        ];
        let url = format!("{base}/oauth/2.0/token");
        let answer: Value = http.post(url).form(&form).send().await?.json().await?;
        let token = answer["access_token"].as_str().context("Baidu gave no token")?.to_owned();
        Ok(Self { http, base: base.to_owned(), token })
    }

    /// Creates the template; Baidu will call `callback_url` for each take. Gives Baidu's id.
    pub async fn create(&self, title: &str, callback_url: &str, now: i64) -> anyhow::Result<i64> {
        let (effect, expire) = (now.to_string(), (now + 30 * 86_400).to_string());
        let query = [
            ("access_token", self.token.as_str()),
            ("bgColor", "B010"),
            ("couponType", "2"),
            ("title", title),
            ("description", "全场通用"),
            ("effectTime", &effect),
            ("expireTime", &expire),
            ("introduce", "下单时选用，一单一张。"),
            ("sill", "满100元可用"),
            ("takeLimit", "每人限领1张"),
            ("callbackUrl", callback_url),
        ];
        let url = format!("{}/rest/2.0/smartapp/coupon/create", self.base);
        let answer: Value = self.http.post(url).query(&query).send().await?.json().await?;
        answer["data"]["id"].as_i64().with_context(|| format!("Baidu refused: {answer}"))
    }

    /// Offers so many on the platform.
    pub async fn add_stock(&self, id: i64, name: &str, stock: i64, now: i64) -> anyhow::Result<()> {
        let (id, stock, now) = (id.to_string(), stock.to_string(), now.to_string());
        let form = [
            ("couponTemplateId", &*id),
            ("stockName", name),
            ("stock", &*stock),
            ("createTime", &*now),
        ];
        let url = format!("{}/rest/2.0/smartapp/coupon/addStock", self.base);
        let request = self.http.post(url).query(&[("access_token", &self.token)]).form(&form);
        let answer: Value = request.send().await?.json().await?;
        ensure!(answer["errno"] == "0", "Baidu refused: {answer}");
        Ok(())
    }
}
