//! The till: an order locks a member's coupon and uses it, gives it back, and another order uses it.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{
    caller::Caller,
    promise::{Findings, Promise},
    shopper::{OPEN_ID, Shopper, cart, yuan},
};
use crate::simulator::{
    Simulator,
    effects::{EffectKind, Tally},
    record::HeldState,
};

/// A till with a customer.
pub struct Till<'a> {
    /// Its key may use coupons and do nothing else.
    pub caller: Caller,
    /// Who shows a coupon.
    pub shopper: &'a Shopper,
}

/// The order that is cancelled.
const FIRST: &str = "order-a";
/// The order that comes after it.
const SECOND: &str = "order-b";

impl Till<'_> {
    /// The first order locks the coupon, and the second can neither lock nor use it.
    pub async fn lock(&self) -> anyhow::Result<Promise> {
        let mut findings = Findings::default();
        let (status, lock) = self.post("/v1/locks", FIRST, json!({})).await?;
        findings.expect(status == StatusCode::CREATED, &lock);
        self.shopper.expect("locked", &mut findings).await?;
        let (_, lock) = self.post("/v1/locks", SECOND, json!({})).await?;
        findings.expect(lock["code"] == "locked", &lock);
        let (_, used) = self.post("/v1/redemptions", SECOND, json!({})).await?;
        findings.expect(used["code"] == "locked", &used);
        let figures = "not among the usable; another order can neither lock nor use it";
        Ok(findings.promise("锁给一单，别单不能用", "locked for one order only", figures))
    }

    /// The first order uses it, once it no longer names a discount of its own.
    pub async fn redeem(&self) -> anyhow::Result<Promise> {
        let mut findings = Findings::default();
        let mut wrong = cart();
        wrong["discount_fen"] = json!(3000);
        let (_, refused) = self.post("/v1/redemptions", FIRST, wrong).await?;
        let told = refused["code"] == "discount_differs" && refused["discount_fen"] == 2000;
        findings.expect(told, &refused);
        let (status, used) = self.post("/v1/redemptions", FIRST, cart()).await?;
        let (tea, cup) = (&used["lines"][0]["discount_fen"], &used["lines"][1]["discount_fen"]);
        let right = status == StatusCode::CREATED
            && used["amount_fen"] == 12000
            && used["discount_fen"] == 2000
            && (tea, cup) == (&json!(1333), &json!(667));
        findings.expect(right, &used);
        let figures = format!(
            "{} off {}, by line {} and {}; who sends {} is refused",
            yuan(&used["discount_fen"]),
            yuan(&used["amount_fen"]),
            yuan(tea),
            yuan(cup),
            yuan(&refused["sent_fen"]),
        );
        Ok(findings.promise("优惠由服务器算到分", "the discount is ours, to the fen", figures))
    }

    /// The first order is cancelled: the coupon is in the wallet again, and the second order uses it.
    pub async fn use_anew(&self) -> anyhow::Result<Findings> {
        let mut findings = Findings::default();
        let (_, back) = self.post("/v1/give-backs", FIRST, json!({})).await?;
        findings.expect(back["changed"] == true, &back);
        self.shopper.expect("usable", &mut findings).await?;
        let (status, used) = self.post("/v1/redemptions", SECOND, cart()).await?;
        let right = status == StatusCode::CREATED && used["discount_fen"] == 2000;
        findings.expect(right, &used);
        self.shopper.expect("used", &mut findings).await?;
        Ok(findings)
    }

    /// The call for an order, with what else belongs to it.
    async fn post(
        &self,
        path: &str,
        order_no: &str,
        mut body: Value,
    ) -> anyhow::Result<(StatusCode, Value)> {
        body["code"] = json!(self.shopper.code);
        body["order_no"] = json!(order_no);
        let key = format!("{order_no}{path}");
        self.caller.try_post(path, Some(&key), &body).await
    }
}

/// Whether Baidu followed: two uses with a give-back between them are one there, which is told once.
pub fn judge_anew(mut findings: Findings, baidu: &Simulator) -> Promise {
    let held = baidu.wallet(OPEN_ID);
    let used = held.iter().filter(|held| held.state == HeldState::Used).count();
    let record = held.first().map(|held| held.record_id.as_str());
    let effects = baidu.effects();
    let told = effects.iter().find(|(effect, _)| {
        effect.kind == EffectKind::WriteOff && Some(effect.name.as_str()) == record
    });
    let told = told.map_or_else(Tally::default, |(_, tally)| *tally);
    findings.expect(held.len() == 1 && used == 1, &json!(held));
    findings.expect(told == Tally { applied: 1, ..Tally::default() }, &json!(told));
    let figures = format!(
        "{FIRST} used it and gave it back, {SECOND} used it; {} write-off at Baidu",
        told.applied
    );
    findings.promise("退还之后换一单再用", "given back, used by another order", figures)
}
