//! Gives a member a coupon of a template, wherever it is placed.

use futures_util::{StreamExt, stream};
use rand::{TryRng, rngs::SysRng};

use super::Desk;
use crate::{
    domain::{
        app::PlatformKind,
        claim::{ClaimRefusal, FinalRefusal, PassingRefusal},
        id::{AppId, MemberId, PlacementId, TemplateId},
        number::TemplateNumber,
        people::{self, OpenId, Record},
        placement::PlacementState,
        sight::Sight,
        stock::Way,
    },
    issuing::{Answer, OfferKey, Request, Told},
    service::{
        claim::{ClaimKey, ClaimedCoupon},
        save_member::{SaveMemberError, link_holder},
    },
    store::{self, issuing::Asked, shelf::Placed},
};

pub use crate::issuing::NoAnswer;

/// A member wants a coupon.
#[derive(Debug, Clone)]
pub struct TemplateClaim {
    /// Of what.
    pub template: TemplateNumber,
    /// Who, as the merchant knows them.
    pub uid: String,
    /// Where it may come from.
    pub sight: Sight,
    /// The act of claiming, as the caller names it; one without a name cannot be repeated.
    pub key: Option<ClaimKey>,
}

/// Why there is no coupon.
#[derive(Debug, thiserror::Error)]
pub enum ClaimTemplateError {
    /// There is none of this number, or none that is placed where the caller sees it.
    #[error("no such template")]
    NoSuchTemplate,
    /// Nobody told us of this member.
    #[error("no such member")]
    NoSuchMember,
    /// It is placed only on platforms on which the member has no account that we know of.
    #[error("this member has no account where the template is placed")]
    NoAccount,
    /// The member's account on one of the merchant's own apps could not be made.
    #[error(transparent)]
    Linking(#[from] SaveMemberError),
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] ClaimRefusal),
    /// The engine did not say. Under the same key asking again is safe.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// The operating system has no randomness to give.
    #[error(transparent)]
    Random(#[from] rand::rngs::SysError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// A placement that the member can claim from.
#[derive(Debug)]
pub(super) struct Candidate {
    offer: OfferKey,
    app: AppId,
    open_id: OpenId,
    /// For an account that is made with the claim.
    member: Option<MemberId>,
    is_strangers: bool,
}

/// So many parts of a batch are under way at once.
const AT_ONCE: usize = 4;

impl Desk {
    /// Claims from the first of the template's placements that has one to give: a platform on which the member has an
    /// account before the merchant's own apps, so that the coupon also lies in the member's wallet there.
    ///
    /// The same key again is answered with the same coupon, from whichever placement it came.
    pub async fn claim_template(
        &self,
        claim: TemplateClaim,
    ) -> Result<ClaimedCoupon, ClaimTemplateError> {
        let TemplateClaim { template, uid, sight, key } = claim;
        let places = self.find_places(template, &uid, |placed| sight.sees(placed.app)).await?;
        match key {
            Some(key) => self.claim_named(places, &key).await,
            None => self.claim_once(places).await,
        }
    }

    /// Claims from one placement and no other; an act of claiming that cannot be repeated.
    pub async fn claim_placement(
        &self,
        placement: PlacementId,
        uid: &str,
        sight: &Sight,
    ) -> Result<ClaimedCoupon, ClaimTemplateError> {
        let mut conn = self.db.acquire().await?;
        let found = store::placement::find(&mut conn, placement).await?;
        let found = found.filter(|found| sight.sees(found.app));
        let template = found.ok_or(ClaimTemplateError::NoSuchTemplate)?.template;
        let template = store::template::find(&mut conn, template).await?;
        let number = template.ok_or(ClaimTemplateError::NoSuchTemplate)?.number;
        drop(conn);
        let places = self.find_places(number, uid, |placed| placed.placement == placement);
        self.claim_once(places.await?).await
    }

    /// Claims one coupon of each template as well as it goes, under parts of one key if there is one; the answers come in
    /// the order asked.
    pub async fn claim_templates(
        &self,
        claims: Vec<TemplateClaim>,
    ) -> Vec<(TemplateNumber, Result<ClaimedCoupon, ClaimTemplateError>)> {
        let claims = claims
            .into_iter()
            .map(|claim| async move { (claim.template, self.claim_template(claim).await) });
        stream::iter(claims).buffered(AT_ONCE).collect().await
    }

    /// Where the member can claim, of those placements that count; never empty.
    pub(super) async fn find_places(
        &self,
        template: TemplateNumber,
        uid: &str,
        counts: impl Fn(&Placed) -> bool,
    ) -> Result<Vec<Candidate>, ClaimTemplateError> {
        // What can be no uid is nobody's.
        let uid = if people::is_uid(uid) { uid } else { "" };
        let mut found = self.shelves.find(template, uid).await?;
        found.placed.retain(counts);
        let template = found.template.filter(|_| !found.placed.is_empty());
        let template = template.ok_or(ClaimTemplateError::NoSuchTemplate)?;
        let member = found.member.ok_or(ClaimTemplateError::NoSuchMember)?;
        let candidates = candidates(template, member, uid, found.placed);
        if candidates.is_empty() {
            return Err(ClaimTemplateError::NoAccount);
        }
        Ok(candidates)
    }

    pub(super) async fn claim_once(
        &self,
        candidates: Vec<Candidate>,
    ) -> Result<ClaimedCoupon, ClaimTemplateError> {
        let record = random_record()?;
        self.claim_from(candidates, |_| record.clone(), true).await
    }

    /// What was given under the key before comes first, wherever that was.
    async fn claim_named(
        &self,
        candidates: Vec<Candidate>,
        key: &ClaimKey,
    ) -> Result<ClaimedCoupon, ClaimTemplateError> {
        let mut asked = Asked::default();
        for candidate in &candidates {
            asked.apps.push(candidate.app.uuid());
            asked.records.push(key.record_on(candidate.app).as_str().to_owned());
        }
        let known = store::issuing::find_known(&mut *self.db.acquire().await?, &asked).await?;
        let given = |place: &usize| {
            known.iter().any(|(at, known)| {
                at == place && matches!(known.answer, store::issuing::Remembered::Issued(_))
            })
        };
        let (first, others): (Vec<_>, Vec<_>) =
            candidates.into_iter().enumerate().partition(|(place, _)| given(place));
        let candidates = first.into_iter().chain(others).map(|(_, candidate)| candidate).collect();
        self.claim_from(candidates, |app| key.record_on(app), false).await
    }

    /// What is sold out in one place, or not given there just now, may be had in the next.
    async fn claim_from(
        &self,
        candidates: Vec<Candidate>,
        record: impl Fn(AppId) -> Record,
        is_one_off: bool,
    ) -> Result<ClaimedCoupon, ClaimTemplateError> {
        let mut refused = None;
        for candidate in candidates {
            match self.claim_at(&candidate, record(candidate.app), is_one_off).await {
                Err(error) if is_of_the_place(&error) => {
                    refused = Some(weightier(refused, error));
                }
                answer => return answer,
            }
        }
        Err(refused.unwrap_or(ClaimTemplateError::NoAccount))
    }

    async fn claim_at(
        &self,
        candidate: &Candidate,
        record: Record,
        is_one_off: bool,
    ) -> Result<ClaimedCoupon, ClaimTemplateError> {
        if candidate.is_strangers {
            self.make_account(candidate).await?;
        }
        let request = Request {
            app: candidate.app,
            offer: candidate.offer,
            open_id: candidate.open_id.clone(),
            record: record.clone(),
            made: None,
            member: candidate.member,
            is_one_off,
            given: None,
        };
        let mut told = self.issuer.ask(request.clone()).await?;
        if told.answer == Answer::Refused(PassingRefusal::NotTheirs.into()) {
            // Since we looked, somebody else was met under the member's name.
            self.make_account(candidate).await?;
            told = self.issuer.ask(request).await?;
        }
        match told {
            Told { answer: Answer::Issued(coupon), again } => {
                Ok(ClaimedCoupon { coupon, record, again })
            }
            Told { answer: Answer::Refused(refusal), .. } => Err(refusal.into()),
        }
    }

    /// The member's name on one of the merchant's own apps was met before anybody said whose it is.
    async fn make_account(&self, candidate: &Candidate) -> Result<(), ClaimTemplateError> {
        let Some(member) = candidate.member else { return Ok(()) };
        let mut tx = store::begin(&self.db).await?;
        link_holder(&mut tx, self.now(), candidate.app, &candidate.open_id, member).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Those that can be claimed from before those that cannot just now; platforms before the merchant's own apps.
fn candidates(
    template: TemplateId,
    member: MemberId,
    uid: &str,
    mut placed: Vec<Placed>,
) -> Vec<Candidate> {
    // What a platform gives by itself nobody is given through us.
    placed.retain(|placed| !placed.platform.gives_by_itself());
    placed.sort_by_key(|placed| {
        let is_own = placed.platform == PlatformKind::Own;
        (placed.state != PlacementState::Active, is_own, placed.placement)
    });
    let candidate = |placed: Placed| {
        let new = placed.open_id.is_none();
        let open_id = match placed.open_id {
            Some(open_id) => open_id,
            None if placed.platform == PlatformKind::Own => uid.to_owned(),
            None => return None,
        };
        Some(Candidate {
            offer: OfferKey { template, placement: placed.placement, way: Way::Claim },
            app: placed.app,
            open_id: OpenId::parse(&open_id).ok()?,
            member: new.then_some(member),
            is_strangers: placed.is_strangers,
        })
    };
    placed.into_iter().filter_map(candidate).collect()
}

/// Whether another placement of the same template may answer otherwise.
fn is_of_the_place(error: &ClaimTemplateError) -> bool {
    weight(error) > 0
}

/// Of what several places say: what holds for now only comes first, so that nobody keeps the rest as the last word; then that
/// it is sold out; then that it is over there; then that the member can have no account there.
fn weight(error: &ClaimTemplateError) -> u8 {
    use ClaimTemplateError::{Linking, Refused};
    let refusals = [
        (4, PassingRefusal::Paused.into()),
        (4, PassingRefusal::NotTheirs.into()),
        (3, FinalRefusal::SoldOut.into()),
        (2, FinalRefusal::Ended.into()),
    ];
    if let Linking(SaveMemberError::LinkedElsewhere | SaveMemberError::HasCoupons) = error {
        return 1;
    }
    let Refused(refusal) = error else { return 0 };
    let found = refusals.iter().find(|(_, known)| known == refusal);
    found.map_or(0, |(weight, _): &(u8, ClaimRefusal)| *weight)
}

fn weightier(before: Option<ClaimTemplateError>, now: ClaimTemplateError) -> ClaimTemplateError {
    before.filter(|before| weight(before) >= weight(&now)).unwrap_or(now)
}

fn random_record() -> Result<Record, rand::rngs::SysError> {
    let mut bits = [0u8; 32];
    SysRng.try_fill_bytes(&mut bits)?;
    Ok(Record::of_ours(&bits))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn placed(number: u128, platform: PlatformKind, open_id: Option<&str>) -> Placed {
        Placed {
            placement: Uuid::from_u128(number).into(),
            app: Uuid::from_u128(100 + number).into(),
            platform,
            state: PlacementState::Active,
            open_id: open_id.map(str::to_owned),
            is_strangers: false,
        }
    }

    fn places(uid: &str, placed: Vec<Placed>) -> Vec<(u128, String)> {
        let (template, member) = (Uuid::from_u128(7).into(), Uuid::from_u128(8).into());
        let found = candidates(template, member, uid, placed).into_iter();
        found.map(|c| (c.offer.placement.uuid().as_u128(), c.open_id.as_str().to_owned())).collect()
    }

    #[test]
    fn a_wallet_on_a_platform_comes_before_an_account_that_is_made_here() {
        let own = placed(1, PlatformKind::Own, None);
        let baidu = placed(2, PlatformKind::Baidu, Some("open-7"));

        let found = places("7893817", vec![own, baidu]);

        assert_eq!(found, [(2, "open-7".to_owned()), (1, "7893817".to_owned())]);
    }

    #[test]
    fn nobody_is_given_through_us_what_a_platform_gives_by_itself() {
        let wechat = placed(1, PlatformKind::Wechat, Some("open-7"));
        let own = placed(2, PlatformKind::Own, None);

        assert_eq!(places("7", vec![wechat.clone(), own]), [(2, "7".to_owned())]);
        assert_eq!(places("7", vec![wechat]), []);
    }

    #[test]
    fn nobody_claims_where_they_are_not_known() {
        let baidu = placed(2, PlatformKind::Baidu, None);
        assert_eq!(places("7", vec![baidu]), []);

        // A name that can be no open id cannot be made one.
        assert_eq!(places("a/b", vec![placed(1, PlatformKind::Own, None)]), []);
    }

    #[test]
    fn what_gives_now_comes_before_what_does_not() {
        let stopped =
            Placed { state: PlacementState::Paused, ..placed(1, PlatformKind::Baidu, Some("x")) };
        let own = placed(2, PlatformKind::Own, None);

        let found = places("7", vec![stopped, own]);

        assert_eq!(found.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn of_several_places_the_one_that_may_still_give_has_the_last_word() {
        let sold_out = || ClaimTemplateError::from(ClaimRefusal::Final(FinalRefusal::SoldOut));
        let paused = || ClaimTemplateError::from(ClaimRefusal::from(PassingRefusal::Paused));
        let taken = || ClaimTemplateError::from(SaveMemberError::LinkedElsewhere);
        let said = |answers: Vec<ClaimTemplateError>| {
            let last = answers.into_iter().fold(None, |said, now| Some(weightier(said, now)));
            last.unwrap().to_string()
        };

        assert_eq!(said(vec![sold_out(), paused()]), paused().to_string());
        assert_eq!(said(vec![paused(), sold_out()]), paused().to_string());
        assert_eq!(said(vec![taken(), sold_out()]), sold_out().to_string());
        assert!(is_of_the_place(&taken()));
        let limit = ClaimRefusal::from(FinalRefusal::LimitReached);
        assert!(!is_of_the_place(&limit.into()));
    }
}
