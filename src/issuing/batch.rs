//! One batch as one transaction: lock, read, decide, write, commit.

use std::{
    collections::{BTreeSet, HashMap},
    time::Instant,
};

use sqlx::{Connection as _, PgConnection};

use super::{
    Told,
    draw::Draw,
    gather::{self, Job},
    given,
    plan::{Asking, Offer, Plan},
    terms::TermsCache,
};
use crate::{
    clock::Clock,
    domain::{delivery::DeliveryState, id::TemplateId, stock::Way, terms::CodeSource},
    store::{
        self,
        issuing::{LockedOffer, OfferKey, batch::Batch},
    },
};

/// Runs the batch and gives the answers in the order of the jobs, after the commit.
pub(super) async fn run(
    conn: &mut PgConnection,
    terms: &mut TermsCache,
    clock: &dyn Clock,
    jobs: &[Job],
) -> sqlx::Result<Vec<Told>> {
    let asked = gather::asked(jobs);
    let keys: BTreeSet<OfferKey> = jobs.iter().map(|job| job.request.offer).collect();
    let keys: Vec<_> = keys.into_iter().collect();
    let mut watch = Watch(Instant::now());
    let mut tx = conn.begin().await?;

    let locked = store::issuing::lock_offers(&mut tx, &keys, &asked).await?;
    watch.lap("lock");
    // No offer, no clock: then nothing can be issued, and the refusals need no time.
    let now = locked.iter().map(|offer| offer.database_now).max();
    let now = clock.at_database(now.unwrap_or_default());
    let facts = store::issuing::read_facts(&mut tx, now, &asked).await?;
    watch.lap("read");
    let mut draw = Draw::new(jobs.len())?;
    let mut offers = HashMap::new();
    for offer in locked {
        let key = keys[offer.index];
        let terms = terms.get(&mut tx, key.template, offer.version).await?;
        let wanted = count(jobs, key.template);
        if terms.codes == CodeSource::Uploaded
            && offer.left > 0
            && wanted > 0
            && !draw.has(key.template)
        {
            let codes = store::issuing::take_codes(&mut tx, key.template, wanted).await?;
            draw.add_uploaded(key.template, codes);
        }
        offers.insert(
            key,
            Offer {
                terms,
                version: offer.version,
                template: offer.template_state,
                placement: offer.placement_state,
                owes: owes(key, offer),
                left: offer.left,
            },
        );
    }

    let mut plan = Plan::new(now, offers, draw);
    let answers = jobs
        .iter()
        .zip(facts)
        .map(|(job, facts)| {
            plan.decide(Asking { request: &job.request, holder: job.holder, facts })
        })
        .collect();
    let batch = plan.into_batch();
    watch.lap("decide");

    if !batch.coupons.is_empty() || !batch.refusals.is_empty() {
        store::issuing::batch::write_batch(&mut tx, now, &batch).await?;
        if !batch.given.is_empty() {
            given::settle(&mut tx, now, &batch).await?;
        }
    } else if !batch.notes.is_empty() {
        store::tally::note_in_passing(&mut tx, now, &batch.notes).await?;
    }
    watch.lap("write");
    tx.commit().await?;
    watch.lap("commit");
    say_beyond(&batch);
    Ok(answers)
}

/// Measures where a batch's time goes.
struct Watch(Instant);

impl Watch {
    fn lap(&mut self, step: &'static str) {
        let now = Instant::now();
        metrics::histogram!("kaquan_issue_step_seconds", "step" => step).record(now - self.0);
        self.0 = now;
    }
}

/// What platforms gave out although nothing was left; gifts have no stock to run out of.
fn say_beyond(batch: &Batch) {
    for (key, growth) in batch.beyond.iter().filter(|(key, _)| key.way != Way::Gift) {
        metrics::counter!("kaquan_given_beyond_stock_total")
            .increment(growth.amount.unsigned_abs());
        tracing::warn!(
            template.id = %key.template, placement.id = %key.placement, beyond = growth.amount,
            "A platform gave out more than the stock allows"
        );
    }
}

/// What is owed for each coupon of the offer: word to a platform that keeps a wallet, of what it did not give out itself.
fn owes(key: OfferKey, offer: LockedOffer) -> Option<DeliveryState> {
    let owed = key.way == Way::Claim && offer.tells_claims;
    owed.then_some(if offer.known_there { DeliveryState::Pending } else { DeliveryState::Waiting })
}

/// How many ask for a code; what was given has its own.
fn count(jobs: &[Job], template: TemplateId) -> i64 {
    let asks = |job: &&Job| job.request.offer.template == template && job.request.given.is_none();
    let asking = jobs.iter().filter(asks).count();
    i64::try_from(asking).unwrap_or(i64::MAX)
}
