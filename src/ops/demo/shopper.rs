//! A member in the mini-program: logs in, sees what there is, claims, and asks which coupon fits a cart.

use anyhow::Context;
use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    MORE,
    caller::{Caller, text},
    merchant::{Campaign, Merchant},
    promise::{Findings, Promise},
};
use crate::{
    clock::{Clock, SystemClock},
    simulator::{Simulator, app::DEFAULT_APP_KEY},
};

/// Somebody with a session and two coupons.
pub struct Shopper {
    session: Caller,
    /// The better one, of which Baidu hears.
    pub coupon: String,
    /// What is shown for it at the till.
    pub code: String,
    /// The other one, which is of the merchant's own shop.
    own_coupon: String,
}

/// As Baidu knows the shopper.
pub const OPEN_ID: &str = "shopper-1";
/// As the merchant does.
const UID: &str = "u-1001";

impl Shopper {
    /// The login, the coupon centre and the claim, with a second tap; a coupon of the merchant's own shop comes by itself.
    pub async fn claim(
        merchant: &Merchant,
        campaign: &Campaign,
        baidu: &Simulator,
    ) -> anyhow::Result<(Self, Promise)> {
        let mut findings = Findings::default();
        let session = log_in(merchant, campaign, baidu).await?;
        let account = json!({ "app_id": campaign.app, "open_id": OPEN_ID });
        let member = json!({ "holders": [account] });
        merchant.server.send(Method::PUT, &format!("/v1/members/{UID}"), &member).await?;
        let me = session.get("/v1/mini/sessions/current").await?;
        findings.expect(me["member_uid"] == UID, &me);

        let before = offer(&session, campaign).await?;
        findings.expect(before["status"] == "claimable" && before["left"] == MORE, &before);
        let wish = json!({ "placement_id": campaign.placement });
        let (first, coupon) = session.try_post("/v1/mini/claims", Some("tap-1"), &wish).await?;
        findings.expect(first == StatusCode::CREATED, &coupon);
        let (_, again) = session.try_post("/v1/mini/claims", Some("tap-1"), &wish).await?;
        findings.expect(again == coupon, &again);
        let after = offer(&session, campaign).await?;
        findings.expect(after["status"] == "already_have" && after["left"] == MORE - 1, &after);

        let own_coupon = welcome(merchant).await?;
        let (coupon, code) = (text(&coupon, "id")?, text(&coupon, "code")?);
        let shopper = Self { session, coupon, code, own_coupon };
        shopper.expect("usable", &mut findings).await?;
        let figures = format!(
            "logged in by Baidu's code; {} left, tapped twice: 1 coupon, {} left",
            before["left"], after["left"],
        );
        Ok((shopper, findings.promise("看得到就领得到", "what is offered can be claimed", figures)))
    }

    /// A cart of 120.00, which both coupons fit, and one of 80.00, which is not enough for the better one.
    pub async fn fill_cart(&self) -> anyhow::Result<Promise> {
        let mut findings = Findings::default();
        let full = self.session.send(Method::POST, "/v1/mini/cart-matches", &cart()).await?;
        let tea = json!({ "lines": [cart()["lines"][0]] });
        let small = self.session.send(Method::POST, "/v1/mini/cart-matches", &tea).await?;

        let (best, next) = (&full["usable"][0], &full["usable"][1]);
        let fit = best["coupon"]["id"] == self.coupon
            && best["discount_fen"] == 2000
            && next["coupon"]["id"] == self.own_coupon
            && next["discount_fen"] == 500
            && full["unusable"] == json!([]);
        findings.expect(fit, &full);
        let (left, short) = (&small["usable"][0], &small["unusable"][0]);
        let too_small = left["coupon"]["id"] == self.own_coupon
            && left["discount_fen"] == 500
            && short["coupon"]["id"] == self.coupon
            && short["reason"] == "threshold_not_met"
            && short["needs_fen"] == 10000
            && short["has_fen"] == 8000;
        findings.expect(too_small, &small);
        let figures = format!(
            "{}: {} off, then {}; {}: {}, the other needs {}, has {}",
            yuan(&best["matched_fen"]),
            yuan(&best["discount_fen"]),
            yuan(&next["discount_fen"]),
            yuan(&left["matched_fen"]),
            yuan(&left["discount_fen"]),
            yuan(&short["needs_fen"]),
            yuan(&short["has_fen"]),
        );
        Ok(findings.promise("购物车里最划算的券在前", "the best coupon for a cart first", figures))
    }

    /// The coupon's page says so, the wallet shows it in that tab, and among the usable ones only if it is usable.
    pub async fn expect(&self, status: &str, findings: &mut Findings) -> anyhow::Result<()> {
        let shown = self.session.get(&format!("/v1/mini/coupons/{}", self.coupon)).await?;
        findings.expect(shown["status"] == status, &shown);
        let usable = self.tab("usable").await?;
        findings.expect(usable.contains(&shown["id"]) == (status == "usable"), &json!(usable));
        if status != "usable" {
            let there = self.tab(status).await?;
            findings.expect(there.contains(&shown["id"]), &json!(there));
        }
        Ok(())
    }

    async fn tab(&self, name: &str) -> anyhow::Result<Vec<Value>> {
        let page = self.session.get(&format!("/v1/mini/coupons?tab={name}")).await?;
        let coupons = page["data"].as_array().context("a page without a list")?;
        Ok(coupons.iter().map(|coupon| coupon["id"].clone()).collect())
    }
}

/// Two lines of 120.00 together.
pub fn cart() -> Value {
    json!({ "lines": [
        { "goods_id": "tea", "unit_price_fen": 4000, "quantity": 2 },
        { "goods_id": "cup", "unit_price_fen": 4000, "quantity": 1 },
    ] })
}

/// 2000 as 20.00.
pub fn yuan(fen: &Value) -> String {
    let fen = fen.as_i64().unwrap_or_default();
    format!("{}.{:02}", fen / 100, fen % 100)
}

async fn log_in(
    merchant: &Merchant,
    campaign: &Campaign,
    baidu: &Simulator,
) -> anyhow::Result<Caller> {
    let code = baidu.login_code(DEFAULT_APP_KEY, OPEN_ID);
    let login = json!({ "app_id": campaign.app, "code": code });
    let opened = merchant.mini_program.send(Method::POST, "/v1/mini/sessions", &login).await?;
    Ok(merchant.mini_program.with(text(&opened, "token")?))
}

/// As the coupon centre shows the campaign.
async fn offer(session: &Caller, campaign: &Campaign) -> anyhow::Result<Value> {
    let page = session.get("/v1/mini/offers").await?;
    let mut offers = page["data"].as_array().into_iter().flatten();
    let offer = offers.find(|offer| offer["placement_id"] == campaign.placement);
    offer.cloned().context("the campaign is not in the coupon centre")
}

/// The merchant's server gives the member a coupon of its own shop: its id.
async fn welcome(merchant: &Merchant) -> anyhow::Result<String> {
    let now = SystemClock.now();
    let terms = json!({
        "title": "满 60 减 5",
        "kind": "cash",
        "benefit": { "type": "amount", "off_fen": 500 },
        "threshold": { "type": "amount", "fen": 6000 },
        "claim_from": now,
        "claim_until": now + TimeDelta::days(30),
        "validity": { "type": "after_claim", "days": 30 },
    });
    let placement = merchant.open_own_campaign(&terms, 1).await?;
    let wish = json!({ "placement_id": placement, "uid": UID });
    let (_, coupon) = merchant.server.try_post("/v1/claims", Some("welcome-1"), &wish).await?;
    text(&coupon, "id")
}
