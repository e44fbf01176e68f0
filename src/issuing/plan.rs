//! Decides a batch: each request in the order of its arrival, against what the ones before it left.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{Answer, Given, Request, Told, draw::Draw, gather};
use crate::{
    domain::{
        claim::{ClaimRefusal, FinalRefusal, Grant, PassingRefusal, Standing, judge},
        delivery::DeliveryState,
        id::{AdditionId, AppId, CodeId, CouponId, DeliveryId, HolderId, PersonId, TemplateId},
        people::Record,
        placement::PlacementState,
        statistics::Measure,
        stock::Way,
        template::TemplateState,
        terms::{CodeSource, Terms},
    },
    store::{
        issuing::{
            Facts, IssuedCoupon, OfferKey,
            batch::{Batch, GivenCoupon, Growth, NewCoupon, NewHolder, NewRefusal, OwedSync},
        },
        tally::Note,
    },
};

/// What a batch issues from, as it stands under the lock.
#[derive(Debug)]
pub(super) struct Offer {
    pub terms: Arc<Terms>,
    pub version: i32,
    pub template: TemplateState,
    pub placement: PlacementState,
    /// The first state of what is owed for each coupon; `None` when nothing is.
    pub owes: Option<DeliveryState>,
    pub left: i64,
}

/// How many coupons of a template a person was given, and when the last one.
type Had = (u32, Option<DateTime<Utc>>);

/// One request with what is known about it.
pub(super) struct Asking<'a> {
    pub request: &'a Request,
    pub holder: HolderId,
    pub facts: Facts,
}

/// What is to be written of one coupon, besides what its request says.
struct New {
    coupon: IssuedCoupon,
    ordinal: u32,
    /// The uploaded code it uses up.
    used: Option<CodeId>,
    /// The terms it keeps.
    version: i32,
}

/// The state of a batch while it is decided.
pub(super) struct Plan {
    now: DateTime<Utc>,
    offers: HashMap<OfferKey, Offer>,
    draw: Draw,
    /// What each person was given, this batch included.
    held: HashMap<(TemplateId, PersonId), Had>,
    /// Records decided in this batch, with whom and what for.
    decided: HashMap<(AppId, Record), (OfferKey, HolderId, Answer)>,
    /// What the daily sums are to count, by the names of the measures.
    counts: BTreeMap<(TemplateId, AppId, &'static str), Note>,
    batch: Batch,
}

impl Plan {
    pub fn new(now: DateTime<Utc>, offers: HashMap<OfferKey, Offer>, draw: Draw) -> Self {
        let (held, decided, batch) = (HashMap::new(), HashMap::new(), Batch::default());
        Self { now, offers, draw, held, decided, counts: BTreeMap::new(), batch }
    }

    /// The answer to one request, and what it adds to the batch.
    pub fn decide(&mut self, asking: Asking<'_>) -> Told {
        let Asking { request, holder, facts } = asking;
        if let Some(known) = &facts.known {
            return gather::replay(request, holder, known);
        }
        let key = (request.app, request.record.clone());
        if let Some((offer, first, answer)) = self.decided.get(&key) {
            return if *offer == request.offer && *first == holder {
                Told { answer: answer.clone(), again: true }
            } else {
                let taken = PassingRefusal::RecordTaken.into();
                Told { answer: Answer::Refused(taken), again: false }
            };
        }
        let issued = match &request.given {
            Some(given) => self.write_down(given, request, holder, &facts),
            None => self.issue(request, holder, &facts),
        };
        let answer = match issued {
            Ok(coupon) => {
                // What somebody has from somebody else was claimed before.
                let is_claimed = request.offer.way != Way::Gift;
                self.count(request, is_claimed.then_some(Measure::Claimed));
                Answer::Issued(coupon)
            }
            Err(refusal) => {
                self.remember(request, holder, refusal);
                self.count(request, measure(request, refusal));
                Answer::Refused(refusal)
            }
        };
        // What holds for now only is asked anew: the next one may be made in time, or for something else.
        if !matches!(answer, Answer::Refused(ClaimRefusal::Passing(_))) {
            self.decided.insert(key, (request.offer, holder, answer.clone()));
        }
        Told { answer, again: false }
    }

    /// What is to be written.
    pub fn into_batch(mut self) -> Batch {
        // Two batches that meet the same people or records, for two templates, insert them in the same order, or each
        // would wait for the other.
        let Batch { coupons, refusals, .. } = &mut self.batch;
        coupons
            .sort_unstable_by(|a, b| (a.app, a.record.as_str()).cmp(&(b.app, b.record.as_str())));
        refusals
            .sort_unstable_by(|a, b| (a.app, a.record.as_str()).cmp(&(b.app, b.record.as_str())));
        // Who somebody is counts before nobody having said so.
        self.batch.holders.sort_unstable_by_key(|holder| (holder.id, holder.member.is_none()));
        self.batch.holders.dedup_by_key(|holder| holder.id);
        self.batch.notes = self.counts.into_values().collect();
        self.batch
    }

    fn issue(
        &mut self,
        request: &Request,
        holder: HolderId,
        facts: &Facts,
    ) -> Result<IssuedCoupon, ClaimRefusal> {
        let key = request.offer;
        let offer = self.offers.get_mut(&key).ok_or(PassingRefusal::Unknown)?;
        if request.member.is_some_and(|member| facts.person.id != PersonId::from(member)) {
            return Err(PassingRefusal::NotTheirs.into());
        }
        if request.made.is_some_and(|made| !made.is_timely(self.now)) {
            return Err(PassingRefusal::Stale.into());
        }
        let person = (key.template, facts.person.id);
        let (held, latest) = self.held.entry(person).or_insert((facts.held, facts.latest));
        let grant = judge(
            Standing {
                terms: &offer.terms,
                template: offer.template,
                placement: offer.placement,
                membership: facts.person.membership.as_ref(),
                held: *held,
                latest: *latest,
                reserved: facts.reserved,
                left: left(offer, key.template, &self.draw),
            },
            self.now,
        )?;
        let (used, code) = match &offer.terms.codes {
            CodeSource::Generated { prefix } => (None, self.draw.generated(prefix)),
            CodeSource::Uploaded => self.draw.uploaded(key.template).unzip(),
        };
        let code = code.ok_or(FinalRefusal::SoldOut)?;
        offer.left -= 1;
        (*held, *latest) = (grant.ordinal, Some(self.now));
        let version = offer.version;
        let coupon = coupon(code, grant, self.now);
        let new = New { coupon: coupon.clone(), ordinal: grant.ordinal, used, version };
        self.add(request, holder, facts, new);
        Ok(coupon)
    }

    /// What a platform has given out already is not judged: that it was not to be had cannot be said any more.
    fn write_down(
        &mut self,
        given: &Given,
        request: &Request,
        holder: HolderId,
        facts: &Facts,
    ) -> Result<IssuedCoupon, ClaimRefusal> {
        let key = request.offer;
        let offer = self.offers.get_mut(&key).ok_or(PassingRefusal::Unknown)?;
        let person = (key.template, facts.person.id);
        let (held, latest) = self.held.entry(person).or_insert((facts.held, facts.latest));
        (*held, *latest) = (*held + 1, Some(self.now));
        let ordinal = *held;
        offer.left -= 1;
        let is_beyond = offer.left < 0;
        let (version, validity) = given
            .inherited
            .unwrap_or_else(|| (offer.version, offer.terms.validity.for_claim_at(given.at)));
        let grant = Grant { ordinal, validity };
        let coupon = coupon(given.code.clone(), grant, self.now);
        self.batch.given.push(GivenCoupon {
            id: coupon.id,
            offer: key,
            app: request.app,
            suspension: given.suspension,
            used: given.used.clone(),
        });
        let new = New { coupon: coupon.clone(), ordinal, used: None, version };
        self.add(request, holder, facts, new);
        if is_beyond {
            self.grow(request);
        }
        Ok(coupon)
    }

    fn grow(&mut self, request: &Request) {
        let none = || Growth { id: AdditionId::new(self.now), app: request.app, amount: 0 };
        self.batch.beyond.entry(request.offer).or_insert_with(none).amount += 1;
        if let Some(offer) = self.offers.get_mut(&request.offer) {
            offer.left += 1;
        }
        self.count(request, Some(Measure::Offered));
    }

    fn add(&mut self, request: &Request, holder: HolderId, facts: &Facts, new: New) {
        let Some(offer) = self.offers.get(&request.offer) else { return };
        let New { coupon, ordinal, used, version } = new;
        self.batch.coupons.push(NewCoupon {
            coupon,
            offer: request.offer,
            version,
            app: request.app,
            holder,
            person: facts.person.id,
            ordinal,
            record: request.record.clone(),
            code: used,
            owed: offer.owes.map(|state| OwedSync { id: DeliveryId::new(self.now), state }),
        });
        if !facts.holder_known {
            let (app, open_id, member) = (request.app, request.open_id.clone(), request.member);
            self.batch.holders.push(NewHolder { id: holder, app, open_id, member });
        }
    }

    /// Only answers that are given for the first time come here.
    fn count(&mut self, request: &Request, measure: Option<Measure>) {
        let Some(measure) = measure else { return };
        let (template, app) = (request.offer.template, request.app);
        let note = Note { template, app, measure, count: 0 };
        self.counts.entry((template, app, measure.as_str())).or_insert(note).count += 1;
    }

    fn remember(&mut self, request: &Request, holder: HolderId, refusal: ClaimRefusal) {
        match refusal {
            ClaimRefusal::Final(_) if request.is_one_off => {}
            ClaimRefusal::Final(reason) => self.batch.refusals.push(NewRefusal {
                app: request.app,
                record: request.record.clone(),
                placement: request.offer.placement,
                holder,
                reason,
            }),
            ClaimRefusal::Passing(_) => {}
        }
    }
}

fn measure(request: &Request, refusal: ClaimRefusal) -> Option<Measure> {
    match refusal {
        ClaimRefusal::Final(refusal) if request.is_one_off => Some(Measure::RefusedOnce(refusal)),
        ClaimRefusal::Final(_) | ClaimRefusal::Passing(_) => Measure::refusal(refusal),
    }
}

/// With uploaded codes there is never more to give than there are codes.
fn left(offer: &Offer, template: TemplateId, draw: &Draw) -> i64 {
    match offer.terms.codes {
        CodeSource::Generated { .. } => offer.left,
        CodeSource::Uploaded => {
            let codes = i64::try_from(draw.uploaded_left(template)).unwrap_or(i64::MAX);
            offer.left.min(codes)
        }
    }
}

fn coupon(code: crate::domain::code::CouponCode, grant: Grant, now: DateTime<Utc>) -> IssuedCoupon {
    IssuedCoupon {
        id: CouponId::new(now),
        code,
        valid_from: grant.validity.from,
        valid_until: grant.validity.until,
        issued_at: now,
    }
}
