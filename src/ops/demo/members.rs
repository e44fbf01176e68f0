//! The merchant's members: they claim through kaquan and use what they have, and they click twice.

use std::collections::HashSet;

use anyhow::bail;
use futures_util::{StreamExt, stream};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{
    CLAIM_STOCK, MEMBERS,
    caller::text,
    merchant::{Campaign, Merchant},
    promise::{Findings, Promise},
};

/// Somebody's claim, and every answer to it.
pub struct Claim {
    member: usize,
    answers: Vec<Answer>,
}

/// One answer to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Given { coupon: String, code: String },
    Refused { code: String },
}

/// What came of using coupons.
#[derive(Default)]
pub struct Uses {
    used: usize,
    repeated: usize,
    refused: usize,
    findings: Findings,
}

/// How many do something at the same time.
const AT_ONCE: usize = 16;

/// These members claim, every third one twice at the same time.
pub async fn claim(
    merchant: &Merchant,
    campaign: &Campaign,
    members: std::ops::Range<usize>,
) -> anyhow::Result<Vec<Claim>> {
    let claims = stream::iter(members).map(async |member| {
        let mut answers = vec![ask(merchant, campaign, member)];
        if member.is_multiple_of(3) {
            answers.push(ask(merchant, campaign, member));
        }
        let answers = futures_util::future::try_join_all(answers).await?;
        anyhow::Ok(Claim { member, answers })
    });
    let claims: Vec<_> = claims.buffered(AT_ONCE).collect().await;
    claims.into_iter().collect()
}

/// Every claim once more with the key that it had.
pub async fn claim_again(
    merchant: &Merchant,
    campaign: &Campaign,
    claims: &mut [Claim],
) -> anyhow::Result<()> {
    for claim in claims {
        claim.answers.push(ask(merchant, campaign, claim.member).await?);
    }
    Ok(())
}

/// The codes that came out of claims.
pub fn codes(claims: &[Claim]) -> impl Iterator<Item = &str> {
    claims.iter().filter_map(|claim| match claim.answers.first() {
        Some(Answer::Given { code, .. }) => Some(code.as_str()),
        Some(Answer::Refused { .. }) | None => None,
    })
}

/// What the claims showed.
pub fn judge(claims: &[Claim]) -> Promise {
    let given: HashSet<&str> = codes(claims).collect();
    let refused = claims.iter().filter(|claim| matches!(claim.answers[0], Answer::Refused { .. }));
    let refused = refused.count();
    let answers: usize = claims.iter().map(|claim| claim.answers.len()).sum();
    let steady = claims.iter().all(|claim| claim.answers.iter().all(|a| *a == claim.answers[0]));
    let stock = usize::try_from(CLAIM_STOCK).unwrap_or_default();
    Promise::new(
        "一个请求键一张券",
        "one coupon per Idempotency-Key",
        steady && given.len() == stock && refused == MEMBERS - stock,
        format!(
            "{answers} claims with {MEMBERS} keys, Baidu unwell or away: \
             {} coupons, {refused} told 已领完",
            given.len()
        ),
    )
}

async fn ask(merchant: &Merchant, campaign: &Campaign, member: usize) -> anyhow::Result<Answer> {
    let path = "/v1/claims";
    let key = format!("demo-{member}");
    let body = json!({
        "placement_id": campaign.placement,
        "app_id": campaign.app,
        "open_id": format!("member-{member}"),
    });
    let (status, answer) = merchant.server.try_post(path, Some(&key), &body).await?;
    match status {
        StatusCode::CREATED => {
            Ok(Answer::Given { coupon: text(&answer, "id")?, code: text(&answer, "code")? })
        }
        StatusCode::CONFLICT => Ok(Answer::Refused { code: text(&answer, "code")? }),
        _ => bail!("{path}: {status}: {answer}"),
    }
}

impl Uses {
    /// Each of these is used for an order; every fourth time the till sends it twice, and somebody else tries it too.
    pub async fn run(merchant: &Merchant, codes: &[&str]) -> anyhow::Result<Self> {
        let mut uses = Self::default();
        for (number, code) in codes.iter().enumerate() {
            let order = format!("order-{number}");
            let first = redeem(merchant, code, &order, 1).await?;
            if uses.findings.expect(first.0 == StatusCode::CREATED, &first.1) {
                uses.used += 1;
            }
            if number.is_multiple_of(4) {
                let again = redeem(merchant, code, &order, 2).await?;
                let same = again.0 == StatusCode::OK && again.1["id"] == first.1["id"];
                if uses.findings.expect(same, &again.1) {
                    uses.repeated += 1;
                }
                let other = redeem(merchant, code, "another-order", 1).await?;
                if uses.findings.expect(other.1["code"] == "already_redeemed", &other.1) {
                    uses.refused += 1;
                }
            }
        }
        Ok(uses)
    }

    /// What the uses showed.
    pub fn judge(&self) -> Promise {
        let Self { used, repeated, refused, findings } = self;
        let figures = format!(
            "{used} used; {repeated} repeated for the same order, {refused} refused for another"
        );
        findings.promise("一张券只用一次", "one use per coupon", figures)
    }
}

async fn redeem(
    merchant: &Merchant,
    code: &str,
    order_no: &str,
    time: u8,
) -> anyhow::Result<(StatusCode, Value)> {
    let body = json!({ "code": code, "order_no": order_no, "store": "徐家汇店" });
    // Another request each time: it is the order that makes it the same use.
    let key = format!("{order_no}-{time}-{code}");
    merchant.server.try_post("/v1/redemptions", Some(&key), &body).await
}
