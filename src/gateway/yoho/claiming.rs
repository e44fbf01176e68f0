//! Claims: one, several, or one of a campaign. They name no act of claiming, so what a repetition may do is limited by how
//! many coupons one person may have.

use serde::Serialize;

use super::{Call, Yoho, argument::Uid, envelope::Said, refusal::Refusal};
use crate::{
    domain::{id::PlacementId, number::TemplateNumber},
    service::{claim::ClaimedCoupon, desk::claim::TemplateClaim},
};

/// What a batch came to, when it is neither all nor nothing.
#[derive(Serialize)]
struct BatchRow {
    failed: Vec<FailedRow>,
    success: Vec<String>,
}

#[derive(Serialize)]
struct FailedRow {
    code: u16,
    #[serde(rename = "couponId")]
    coupon_id: String,
    message: String,
}

/// `{}`.
#[derive(Serialize)]
struct Nothing {}

/// A "no" to `couponSend`, which has all members and one of two codes.
pub(super) fn in_full<'a>(refusal: &Refusal) -> Result<Said<'a>, Refusal> {
    if *refusal == Refusal::Internal {
        return Err(Refusal::Internal);
    }
    let code = if *refusal == Refusal::PerUserLimit { 401 } else { 400 };
    Said::no(code, refusal.message())
}

impl Yoho {
    /// `app.promotion.getCoupon`.
    pub(super) async fn get_coupon<'a>(&'a self, call: &Call<'_>) -> Result<Said<'a>, Refusal> {
        let (uid, template) = (call.params.uid()?, call.params.template()?);
        self.may_claim(uid)?;
        let claimed = self.claim(call, uid, template).await?;
        Said::ok(&*self.settings.claim_success_message, &claimed.coupon.code.as_str())
    }

    /// `app.promotion.getBatchCoupon`: one after the other, as far as it goes.
    pub(super) async fn get_batch_coupon<'a>(
        &'a self,
        call: &Call<'_>,
    ) -> Result<Said<'a>, Refusal> {
        let (uid, templates) = (call.params.uid()?, call.params.templates()?);
        self.may_claim(uid)?;
        let (mut refusals, mut success) = (Vec::new(), Vec::new());
        for template in templates {
            match self.claim(call, uid, template).await {
                Ok(_) => success.push(template.to_string()),
                Err(refusal) => refusals.push((template, refusal)),
            }
        }
        let message = &*self.settings.claim_success_message;
        if refusals.is_empty() {
            return Said::ok(message, &Nothing {});
        }
        if success.is_empty() {
            return Err(refusals.swap_remove(0).1);
        }
        let failed = refusals.into_iter().map(|(template, refusal)| FailedRow {
            code: refusal.code(),
            coupon_id: template.to_string(),
            message: refusal.message().into_owned(),
        });
        Said::ok(message, &BatchRow { failed: failed.collect(), success })
    }

    /// `app.coupons.couponSend`: the campaign is a placement.
    pub(super) async fn coupon_send<'a>(&'a self, call: &Call<'_>) -> Result<Said<'a>, Refusal> {
        let (uid, token) = (call.params.uid()?, call.params.plain("coupon_send_token")?);
        self.may_claim(uid)?;
        let placement: PlacementId = token.parse().map_err(|_| Refusal::TemplateNotFound)?;
        self.desk.claim_placement(placement, &uid.to_string(), &call.client.sight).await?;
        Said::ok("优惠券领取成功", &[(); 0])
    }

    async fn claim(
        &self,
        call: &Call<'_>,
        uid: Uid,
        template: TemplateNumber,
    ) -> Result<ClaimedCoupon, Refusal> {
        let sight = call.client.sight.clone();
        let wish = TemplateClaim { template, uid: uid.to_string(), sight, key: None };
        Ok(self.desk.claim_template(wish).await?)
    }

    fn may_claim(&self, uid: Uid) -> Result<(), Refusal> {
        self.limits.of_claims(self.since_start(), uid)
    }
}
