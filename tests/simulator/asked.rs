//! The calls of the platform as a developer makes them, each with its documented fields.

use kaquan::simulator::record::Held;
use reqwest::Response;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::stage::{NOW, Stage, json as read};

/// The smallest picture that passes for one.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n....";

impl Stage {
    /// A call whose parameters are all in the query.
    pub async fn post(&self, call: &str, query: &[(&str, &str)]) -> Value {
        let url = self.url(&format!("/rest/2.0/smartapp/{call}"));
        let token = [("access_token", &self.token)];
        read(self.client.post(url).query(&token).query(query).send().await.unwrap()).await
    }

    /// A call whose parameters are a form.
    pub async fn post_form(&self, call: &str, form: &[(&str, &str)]) -> Value {
        let url = self.url(&format!("/rest/2.0/smartapp/{call}"));
        let token = [("access_token", &self.token)];
        read(self.client.post(url).query(&token).form(form).send().await.unwrap()).await
    }

    /// A call that answers nothing, or half, or late.
    pub async fn try_sync(&self, body: &Value) -> reqwest::Result<Response> {
        let url = self.url("/rest/2.0/smartapp/coupon/sync");
        let token = [("access_token", &self.token)];
        self.client.post(url).query(&token).json(body).send().await
    }

    pub async fn sync(&self, body: &Value) -> Value {
        read(self.try_sync(body).await.unwrap()).await
    }

    pub async fn write_off(&self, record: &str, open_id: &str) -> Value {
        let form = [("recordId", record), ("openId", open_id)];
        self.post_form("coupon/writeOffCoupon", &form).await
    }

    /// The rows of the statistics for these days.
    pub async fn stat(&self, from: &str, until: &str) -> Vec<Value> {
        let query =
            [("statDateStart", from), ("statDateEnd", until), ("pageNo", "0"), ("pageSize", "100")];
        let body = self.post("coupon/couponStat", &query).await;
        body["data"]["dataList"].as_array().unwrap_or_else(|| panic!("{body}")).clone()
    }

    /// A banner's picture under the name of its part.
    pub async fn banner(&self, template: i64, part: &'static str, picture: &[u8]) -> Value {
        let url = self.url("/file/2.0/smartapp/coupon/banner/create");
        let template = template.to_string();
        let query = [
            ("access_token", self.token.as_str()),
            ("couponTemplateId", &template),
            ("destUrl", "/pages/index"),
            ("title", "T"),
        ];
        let part_of = Part::bytes(picture.to_vec()).file_name("banner");
        let form = Form::new().part(part, part_of);
        read(self.client.post(url).query(&query).multipart(form).send().await.unwrap()).await
    }

    /// The one coupon that the person holds.
    pub fn only_held(&self, open_id: &str) -> Held {
        let [held] = <[Held; 1]>::try_from(self.simulator.wallet(open_id)).unwrap();
        held
    }
}

/// A coupon told by sync.
pub fn told(template: i64, record: &str, open_id: &str, code: &str) -> Value {
    json!({
        "openid": open_id,
        "coupon": {
            "record_id": record, "coupon_template_id": template,
            "effect_time": NOW, "expire_time": NOW + 3600, "code": code,
        },
    })
}

pub fn synced() -> Value {
    json!({ "errno": "0", "errmsg": "success" })
}

pub fn done() -> Value {
    json!({ "errno": "0", "msg": "success" })
}
