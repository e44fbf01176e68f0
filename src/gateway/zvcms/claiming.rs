//! `coupon.receive` and `coupon.batch-receive`: claims, each once.

use serde::Serialize;

use super::{
    Data, Zvcms,
    door::Call,
    failure::Failure,
    once::Done,
    params::Naming,
    refusal::of_template_claim,
    spelling::Number,
    view::ItemView,
    wallet::{item, told},
};
use crate::{
    domain::{claim::ClaimRefusal, number::TemplateNumber},
    service::{
        claim::{ClaimKey, ClaimedCoupon},
        desk::{
            claim::{ClaimTemplateError, TemplateClaim},
            coupons::Numbered,
        },
    },
};

/// `data` of a batch.
#[derive(Serialize)]
struct Batch<'a> {
    success_list: Vec<ItemView<'a>>,
    fail_list: Vec<Failed>,
}

/// A template of which there is no coupon.
#[derive(Serialize)]
struct Failed {
    coupon_id: Number,
    code: Number,
    message: String,
}

impl Zvcms {
    pub(super) async fn receive(&self, call: &Call) -> Result<Data, Failure> {
        let reader = call.reader()?;
        let (uid, name) = (reader.user_id()?, reader.request_no()?);
        let template = template(reader.number("coupon_id")?, "coupon_id")?;
        self.count_claim(uid)?;
        self.once(call, name, async {
            let key = format!("zvcms {} {name}", call.grant.id);
            let claimed = self.desk.claim_template(wish(call, uid, template, key)).await;
            match claimed {
                Ok(claimed) => {
                    let coupon = self.shown(call, claimed).await?;
                    told(&item(call.eyes(), &coupon)).map(Done::Stays)
                }
                Err(ClaimTemplateError::Refused(ClaimRefusal::Final(refusal))) => {
                    Ok(Done::Refused(super::refusal::of_claim(refusal.into())))
                }
                Err(error) => Err(of_template_claim(&error)),
            }
        })
        .await
    }

    pub(super) async fn batch_receive(&self, call: &Call) -> Result<Data, Failure> {
        let reader = call.reader()?;
        let (uid, name) = (reader.user_id()?, reader.request_no()?);
        let ids = reader.coupon_ids()?;
        let templates: Vec<_> =
            ids.into_iter().map(|id| template(id, "coupon_ids")).collect::<Result<_, _>>()?;
        self.count_claim(uid)?;
        self.once(call, name, async {
            let claims = templates.into_iter().map(|template| {
                let key = format!("zvcms {} {name} {template}", call.grant.id);
                wish(call, uid, template, key)
            });
            let answers = self.desk.claim_templates(claims.collect()).await;
            self.batch(call, answers).await
        })
        .await
    }

    /// What came of each, in the order asked. It stays as it is unless something may still come of a part. There is no part
    /// of it for somebody unknown.
    async fn batch(
        &self,
        call: &Call,
        answers: Vec<(TemplateNumber, Result<ClaimedCoupon, ClaimTemplateError>)>,
    ) -> Result<Done, Failure> {
        let (mut given, mut fail_list, mut stays) = (Vec::new(), Vec::new(), true);
        let spelling = call.eyes().spelling;
        for (template, answer) in answers {
            match answer {
                Ok(claimed) => given.push(self.shown(call, claimed).await?),
                Err(ClaimTemplateError::NoSuchMember) => return Err(Failure::NoUser),
                Err(error) => {
                    stays &= matches!(error, ClaimTemplateError::Refused(ClaimRefusal::Final(_)));
                    let failure = of_template_claim(&error);
                    fail_list.push(Failed {
                        coupon_id: Number(template.get(), spelling),
                        code: Number(failure.code(), spelling),
                        message: failure.message().into_owned(),
                    });
                }
            }
        }
        let success_list = given.iter().map(|coupon| item(call.eyes(), coupon)).collect();
        let data = told(&Batch { success_list, fail_list })?;
        Ok(if stays { Done::Stays(data) } else { Done::ForNow(data) })
    }

    /// A coupon that was given just now, as it is in the member's wallet.
    async fn shown(&self, call: &Call, claimed: ClaimedCoupon) -> Result<Numbered, Failure> {
        self.named(call, &Naming::Code(claimed.coupon.code)).await
    }

    fn count_claim(&self, uid: &str) -> Result<(), Failure> {
        let now = self.limits.now(self.desk.clock.instead_of_database());
        self.limits.of_claims(now, uid)
    }
}

/// The key has a blank in it, which no caller's key of our own API has.
fn wish(call: &Call, uid: &str, template: TemplateNumber, key: String) -> TemplateClaim {
    TemplateClaim {
        template,
        uid: uid.to_owned(),
        sight: call.grant.sight.clone(),
        key: Some(ClaimKey::new(key)),
    }
}

fn template(text: &str, param: &'static str) -> Result<TemplateNumber, Failure> {
    TemplateNumber::parse(text).ok_or(Failure::param(param))
}
