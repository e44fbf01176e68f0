//! A merchant with front ends of its own: one claims in Yoho's protocol, another shows the cart in zvcms', and the order
//! uses the coupon, while Baidu's wallet follows.

use std::collections::BTreeMap;

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    caller::{Caller, text},
    merchant::{Campaign, Merchant},
    promise::{Findings, Promise},
};
use crate::{
    clock::{Clock, SystemClock},
    ops::conform::sign::{Hash, yoho_digest, yoho_secret, zvcms_message, zvcms_token},
    simulator::{Simulator, record::HeldState},
};

/// Both front ends, and one member who uses them.
pub struct FrontEnds {
    http: Caller,
    yoho: YohoClient,
    zvcms: ZvcmsClient,
    /// The number of the campaign's template.
    template: i64,
    /// The code that the member was given.
    code: String,
    /// The number of the member's coupon.
    number: i64,
}

struct YohoClient {
    name: String,
    key: String,
    salt: String,
}

struct ZvcmsClient {
    open_id: String,
    grant: String,
    secret: String,
}

/// As the merchant knows the member.
const UID: &str = "7893817";
/// As Baidu does.
const OPEN_ID: &str = "shopper-2";
const ORDER: &str = "order-c";
/// A cart of 120.00, as zvcms is told of it.
const CART: &str = r#"[{"bar_code":"tea","offline_price":60,"buy_num":2}]"#;

impl FrontEnds {
    /// The claim through one protocol, twice; the other shows it with a cart, and Baidu in the member's wallet.
    pub async fn claim(
        merchant: &Merchant,
        campaign: &Campaign,
        baidu: &Simulator,
    ) -> anyhow::Result<(Self, Promise)> {
        let mut findings = Findings::default();
        let account = json!({ "app_id": campaign.app, "open_id": OPEN_ID });
        let member = json!({ "holders": [account] });
        merchant.server.send(Method::PUT, &format!("/v1/members/{UID}"), &member).await?;
        let mut front_ends = Self::open(merchant, campaign).await?;

        let wish = json!({ "uid": UID, "couponId": front_ends.template });
        let claimed = front_ends.yoho("app.promotion.getCoupon", &wish, &mut findings).await?;
        findings.expect(claimed["code"] == 200, &claimed);
        let again = front_ends.yoho("app.promotion.getCoupon", &wish, &mut findings).await?;
        findings.expect(again == json!({ "code": 401, "message": "优惠券已经领取" }), &again);

        let matched = front_ends.match_cart().await?;
        let mine = &matched["data"]["item_list"][0];
        findings.expect(mine["verify_code"] == claimed["data"], &matched);
        front_ends.code = text(mine, "verify_code")?;
        front_ends.number = mine["id"].as_i64().context("a coupon without a number")?;
        merchant.wait_until_paid(campaign.app).await?;
        let held = baidu.wallet(OPEN_ID);
        let lies_there = held.len() == 1 && held[0].code == front_ends.code;
        findings.expect(lies_there, &json!(held));
        let figures = "claimed through Yoho, asked twice: 1 coupon; zvcms shows it for a cart of 120.00, \
                       Baidu in the wallet";
        let promise = findings.promise("两种协议，一张券", "two protocols, one coupon", figures);
        Ok((front_ends, promise))
    }

    /// The order locks it in one protocol and uses it in the other; nobody else can.
    pub async fn order(
        &self,
        merchant: &Merchant,
        campaign: &Campaign,
        baidu: &Simulator,
    ) -> anyhow::Result<Promise> {
        let mut findings = Findings::default();
        let (order, code) = (ORDER, &self.code);
        let wish = json!({ "uid": UID, "couponCode": code, "orderCode": order });
        let kept = self.yoho("app.promotion.useCoupon", &wish, &mut findings).await?;
        findings.expect(kept["code"] == 200, &kept);
        let page = json!({ "uid": UID, "type": "use", "page": 1, "limit": 10 });
        let used = self.yoho("app.coupons.lists", &page, &mut findings).await?;
        findings.expect(used["data"]["couponList"][0]["orderCode"] == order, &used);
        let wallet = json!({ "user_id": UID, "expire": "canuse" });
        let wallet = self.zvcms("coupon.user-coupon-list", &wallet).await?;
        findings.expect(wallet["data"]["item_list"][0]["is_lock"] == 2, &wallet);
        let cart = self.match_cart().await?;
        findings.expect(cart["data"]["item_list"] == json!([]), &cart);

        let steal = json!({ "id": self.number.to_string(), "order_sn": "order-d", "out_request_no": "steal" });
        let stolen = self.zvcms("coupon.verify", &steal).await?;
        findings.expect(stolen["code"] == 20109, &stolen);
        let wish =
            json!({ "id": self.number.to_string(), "order_sn": order, "out_request_no": "use" });
        let used = self.zvcms("coupon.verify", &wish).await?;
        findings.expect(used["code"] == 0 && used["data"]["status"] == 1, &used);
        merchant.wait_until_paid(campaign.app).await?;
        let held = baidu.wallet(OPEN_ID);
        let is_used = held.len() == 1 && held[0].state == HeldState::Used;
        findings.expect(is_used, &json!(held));
        let figures = format!(
            "locked through Yoho: {} in zvcms, another order is told {}; used through zvcms, and on Baidu",
            "is_lock 2", stolen["code"]
        );
        Ok(findings.promise("一边锁券，一边核销", "locked in one, used in the other", figures))
    }

    /// Clients of both protocols, made as an operator makes them.
    async fn open(merchant: &Merchant, campaign: &Campaign) -> anyhow::Result<Self> {
        let admin = &merchant.server;
        let make = async |client: Value| {
            admin.send(Method::POST, "/v1/admin/gateway-clients", &client).await
        };
        let yoho = make(json!({ "protocol": "yoho", "name": "iphone" })).await?;
        let zvcms = make(json!({ "protocol": "zvcms" })).await?;
        let grants = format!("/v1/admin/gateway-clients/{}/grants", text(&zvcms, "id")?);
        let grant = admin.send(Method::POST, &grants, &json!({})).await?;
        let placement = admin.get(&format!("/v1/admin/placements/{}", campaign.placement)).await?;
        let template = format!("/v1/admin/templates/{}", text(&placement, "template_id")?);
        let template = admin.get(&template).await?["number"].as_i64();
        Ok(Self {
            http: merchant.mini_program.clone(),
            yoho: YohoClient {
                name: text(&yoho, "name")?,
                key: text(&yoho, "secret")?,
                salt: text(&yoho, "salt")?,
            },
            zvcms: ZvcmsClient {
                open_id: text(&zvcms, "name")?,
                grant: text(&grant, "code")?,
                secret: text(&zvcms, "secret")?,
            },
            template: template.context("a template without a number")?,
            code: String::new(),
            number: 0,
        })
    }

    async fn match_cart(&self) -> anyhow::Result<Value> {
        let cart = json!({ "user_id": UID, "shopping": "1", "checked": CART });
        self.zvcms("coupon.user-coupon-list", &cart).await
    }

    /// A call as Yoho's app signs it; an answer with a digest must have the right one.
    async fn yoho(
        &self,
        method: &str,
        wish: &Value,
        findings: &mut Findings,
    ) -> anyhow::Result<Value> {
        let YohoClient { name, key, salt } = &self.yoho;
        let mut parameters = fields(wish);
        parameters.insert("client_type".to_owned(), name.clone());
        parameters.insert("method".to_owned(), method.to_owned());
        let signed = yoho_secret(&parameters, key);
        parameters.insert("client_secret".to_owned(), signed);
        let request = self.http.request(Method::GET, "/gateway").query(&parameters);
        let answer = request.send().await?.text().await?;
        let told: Value = serde_json::from_str(&answer)?;
        if let Some(digest) = told["md5"].as_str() {
            let data = answer.split_once(r#""data":"#).map_or("", |(_, rest)| rest);
            let data = data.rsplit_once(r#","md5":"#).map_or("", |(data, _)| data);
            findings.expect(yoho_digest(salt, data) == digest, &told);
        }
        Ok(told)
    }

    /// A call as a client of zvcms signs it.
    async fn zvcms(&self, action: &str, wish: &Value) -> anyhow::Result<Value> {
        let ZvcmsClient { open_id, grant, secret } = &self.zvcms;
        let now = SystemClock.now();
        let envelope = json!({
            "OpenId": open_id,
            "GrantCode": grant,
            "Timestamp": now.timestamp().to_string(),
            // Each call has its own.
            "Nonce": now.timestamp_nanos_opt().unwrap_or_default().to_string(),
            "Action": action,
        });
        let mut signed = fields(&envelope);
        let params = fields(wish).into_iter();
        signed.extend(params.map(|(name, value)| (format!("Params.{name}"), value)));
        let token = zvcms_token(Hash::Sha1, secret, &zvcms_message("/api/v2", &signed));
        let mut body = envelope;
        body["Token"] = json!(token);
        body["Params"] = wish.clone();
        let (_, answer) =
            self.http.ask(self.http.request(Method::POST, "/api/v2").json(&body)).await?;
        Ok(answer)
    }
}

/// The members of an object, as texts.
fn fields(object: &Value) -> BTreeMap<String, String> {
    let fields = object.as_object().into_iter().flatten().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (name.clone(), text)
    });
    fields.collect()
}
