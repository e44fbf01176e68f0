//! Callbacks as Baidu writes them, made by hand; signed with the simulator's code, which shares nothing with ours.

use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use kaquan::simulator::sign::{Salt, sign};
use reqwest::Client;
use serde_json::{Value, json};

/// One documented body.
#[derive(Debug, Clone)]
pub struct Letter {
    pub record_id: String,
    pub open_id: String,
    pub coupon_template_id: String,
    pub timestamp: i64,
}

/// An answer, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub status: u16,
    pub body: String,
}

impl Letter {
    pub fn new(
        record_id: &str,
        open_id: &str,
        coupon_template_id: &str,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            record_id: record_id.to_owned(),
            open_id: open_id.to_owned(),
            coupon_template_id: coupon_template_id.to_owned(),
            timestamp: now.timestamp(),
        }
    }

    pub fn body(&self) -> String {
        let Self { record_id, open_id, coupon_template_id, timestamp } = self;
        let stamp = timestamp.to_string();
        json!({
            "recordId": record_id,
            "openId": open_id,
            "couponTemplateId": coupon_template_id.parse::<i64>().unwrap(),
            "timestamp": timestamp,
            "sign": sign(Salt::V1, record_id, open_id, coupon_template_id, &stamp),
        })
        .to_string()
    }
}

impl Answered {
    /// The code of a success as documented; `None` for anything else.
    pub fn code(&self) -> Option<String> {
        let said = self.said();
        let success = self.status == 200 && said["errno"] == "0" && said["msg"] == "success";
        said["data"].as_str().filter(|_| success).map(ToOwned::to_owned)
    }

    /// Whether it is a definite "no", after which Baidu stops asking.
    pub fn is_refusal(&self) -> bool {
        let said = self.said();
        self.status == 200 && said["errno"].is_string() && said["errno"] != "0"
    }

    pub fn said(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// A client with time-outs, without a proxy.
pub fn client() -> Client {
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    let patience = std::time::Duration::from_secs(15);
    Client::builder().no_proxy().timeout(patience).build().unwrap()
}

/// Posts a body to a callback address.
pub async fn post(
    client: &Client,
    server: SocketAddr,
    token: &str,
    body: String,
) -> reqwest::Result<Answered> {
    let url = format!("http://{server}/callbacks/baidu/{token}");
    let request = client.post(url).header("content-type", "application/json").body(body);
    let reply = request.send().await?;
    Ok(Answered { status: reply.status().as_u16(), body: reply.text().await? })
}
