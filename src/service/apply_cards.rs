//! Turns what platforms say of cards into coupons: what was taken there is a coupon here, and what becomes of it there
//! becomes of it here.
//!
//! Pushes come late, twice, in any order, or not at all. So nothing is done *because of* a push: what it says is joined to
//! what is known of its card, and then the coupon is brought to agree with that. Whoever dies in between, and whoever
//! works on the same pushes at the same time, does no harm.

mod introduce;
mod portion;
mod settle;
mod word;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::introduce::Trouble;
use super::known_terms::KnownTerms;
use crate::{
    clock::Clock,
    domain::{
        card::{CardEvent, CardStanding, Happening},
        id::{AppId, PlacementId},
    },
    issuing::Issuer,
    store::{
        self,
        card::{
            self, CardOn, Placed,
            push::{self, Push, PushState},
        },
    },
};

/// Applies pushes; cheap to clone.
#[derive(Clone)]
pub struct CardApplier {
    db: PgPool,
    clock: Arc<dyn Clock>,
    issuer: Issuer,
    stored: Arc<Notify>,
    known_terms: KnownTerms,
}

/// A push with what it says.
struct Told {
    id: Uuid,
    app: AppId,
    event: CardEvent,
    attempts: i32,
}

/// What the ids of a round's placements stand for.
type Placements = HashMap<(AppId, String), Placed>;

/// So many pushes at a time.
const ROUND: i64 = 500;
/// How often is looked for pushes that nobody told us of: those of other servers, and those that were put off.
const PACE: Duration = Duration::from_secs(1);
/// A push that was tried so often in vain is left to people.
const MOST_TRIES: i32 = 25;
/// The longest pause between two tries.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);
/// Where nothing is wrong with the push.
const SHORT_PAUSE: TimeDelta = TimeDelta::seconds(2);

impl CardApplier {
    /// `stored` is notified by whoever stores pushes.
    pub fn open(db: PgPool, clock: Arc<dyn Clock>, issuer: Issuer, stored: Arc<Notify>) -> Self {
        Self { db, clock, issuer, stored, known_terms: KnownTerms::default() }
    }

    /// Applies pushes as they come, until `stop`; what is left then is applied by another server, or at the next start.
    ///
    /// A round that has begun comes to its end: one that is cut off could leave a connection of the pool inside of a
    /// transaction.
    pub async fn keep_applying(self, stop: CancellationToken) {
        let mut shown = Instant::now();
        self.show_backlog().await;
        while !stop.is_cancelled() {
            if shown.elapsed() >= PACE {
                self.show_backlog().await;
                shown = Instant::now();
            }
            let is_full = match self.apply_due().await {
                Ok(pushes) => i64::try_from(pushes).is_ok_and(|pushes| pushes >= ROUND),
                Err(error) => {
                    tracing::warn!(error = %error, "What is told of cards cannot be applied yet");
                    false
                }
            };
            if !is_full {
                stop.run_until_cancelled(self.wait()).await;
            }
        }
    }

    /// One round; how many pushes it looked at that nobody else was applying. It may have put some of them off.
    pub async fn apply_due(&self) -> sqlx::Result<usize> {
        let now = self.clock.now();
        let due = push::list_due(&mut *self.db.acquire().await?, now, ROUND).await?;
        let number = due.len();
        if due.is_empty() {
            return Ok(0);
        }
        let told = self.read(due).await?;
        let placements = self.find_placements(&told).await?;
        let told = self.lay_aside(told, &placements).await?;
        let (cards, words): (Vec<_>, Vec<_>) = told.into_iter().partition(Told::is_of_a_card);
        self.apply_words(now, words, &placements).await?;
        let troubles = self.introduce(now, &cards, &placements).await?;
        let (in_trouble, sound): (Vec<_>, Vec<_>) =
            cards.into_iter().partition(|told| told.trouble(&troubles).is_some());
        for told in &in_trouble {
            if let Some(trouble) = told.trouble(&troubles) {
                self.put_off(now, told, trouble).await?;
            }
        }
        let (rest, elsewhere) = self.settle_portion(now, sound, &placements).await?;
        for told in rest {
            let trouble = match self.settle_alone(now, &told, &placements).await {
                Ok(trouble) => trouble,
                Err(error) => Some(Trouble::of(error)?),
            };
            if let Some(trouble) = trouble {
                self.put_off(now, &told, &trouble).await?;
            }
        }
        Ok(number - elsewhere.min(number))
    }

    /// What the pushes say; those that say nothing, or nothing that we understand, are done with.
    async fn read(&self, due: Vec<Push>) -> sqlx::Result<Vec<Told>> {
        let (mut told, mut mute, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
        for Push { id, app, event, attempts } in due {
            match event.map(serde_json::from_value) {
                Some(Ok(event)) => told.push(Told { id, app, event, attempts }),
                Some(Err(_)) => unreadable.push(id),
                None => mute.push(id),
            }
        }
        let mut conn = self.db.acquire().await?;
        if !mute.is_empty() {
            push::settle(&mut conn, &mute, PushState::Ignored, None).await?;
        }
        if !unreadable.is_empty() {
            tracing::error!(pushes = unreadable.len(), "What is told of cards cannot be read");
            let note = Some("its event cannot be read");
            push::settle(&mut conn, &unreadable, PushState::Failed, note).await?;
            count("failed", unreadable.len());
        }
        Ok(told)
    }

    async fn find_placements(&self, told: &[Told]) -> sqlx::Result<Placements> {
        let names: std::collections::BTreeSet<_> =
            told.iter().map(|told| (told.app, told.event.card_ref.as_str())).collect();
        let names: Vec<_> = names.into_iter().collect();
        let placed = card::list_placed(&mut *self.db.acquire().await?, &names).await?;
        Ok(placed.into_iter().map(|one| ((one.app, one.card_ref.clone()), one)).collect())
    }

    /// Those that are about something that we know; the others wait until we do.
    async fn lay_aside(&self, told: Vec<Told>, placements: &Placements) -> sqlx::Result<Vec<Told>> {
        let (ours, foreign): (Vec<_>, Vec<_>) =
            told.into_iter().partition(|told| placements.contains_key(&told.name()));
        let mut by_name = BTreeMap::<_, Vec<Uuid>>::new();
        for told in &foreign {
            by_name.entry(told.name()).or_default().push(told.id);
        }
        for ((app, card_ref), pushes) in by_name {
            let mut tx = store::begin(&self.db).await?;
            push::lay_aside(&mut tx, (app, &card_ref), &pushes).await?;
            tx.commit().await?;
            count("foreign", pushes.len());
            tracing::info!(app.id = %app, pushes = pushes.len(), "told of cards that are none of ours");
        }
        Ok(ours)
    }

    async fn put_off(
        &self,
        now: DateTime<Utc>,
        told: &Told,
        trouble: &Trouble,
    ) -> sqlx::Result<()> {
        let mut conn = self.db.acquire().await?;
        let tries = told.attempts + 1;
        let is_last = tries >= MOST_TRIES;
        let (note, due_at) = match trouble {
            Trouble::Passing(note) => (note, now + SHORT_PAUSE),
            Trouble::Vain(note) if !is_last => (note, now + pause(tries)),
            Trouble::Vain(note) | Trouble::Hopeless(note) => {
                tracing::error!(push.id = %told.id, note = &**note, "What is told of a card cannot be applied");
                count("failed", 1);
                return push::settle(&mut conn, &[told.id], PushState::Failed, Some(note)).await;
            }
        };
        let is_vain = matches!(trouble, Trouble::Vain(_));
        tracing::warn!(push.id = %told.id, note = &**note, tries, "What is told of a card is put off");
        push::put_off(&mut conn, told.id, due_at, note, is_vain).await
    }

    async fn wait(&self) {
        let stored = self.stored.notified();
        let _either = tokio::time::timeout(PACE, stored).await;
    }

    async fn show_backlog(&self) {
        let Ok(mut conn) = self.db.acquire().await else { return };
        let Ok(backlog) = push::backlog(&mut conn).await else { return };
        let age = backlog.oldest.map_or(0, |oldest| (self.clock.now() - oldest).num_seconds());
        #[expect(clippy::cast_precision_loss, reason = "gauges of at most years, in seconds")]
        {
            metrics::gauge!("kaquan_card_pushes_pending").set(backlog.pushes as f64);
            metrics::gauge!("kaquan_card_push_oldest_seconds").set(age.max(0) as f64);
        }
    }
}

impl Told {
    fn name(&self) -> (AppId, String) {
        (self.app, self.event.card_ref.clone())
    }

    fn facts(&self) -> impl Iterator<Item = (CardOn, CardStanding)> {
        let app = self.app;
        self.event.facts().into_iter().map(move |(key, standing)| ((app, key), standing))
    }

    fn is_of_a_card(&self) -> bool {
        match self.event.what {
            Happening::Taken(_)
            | Happening::Gifting { .. }
            | Happening::Returned { .. }
            | Happening::Deleted { .. }
            | Happening::Used { .. }
            | Happening::Seen { .. } => true,
            Happening::Reviewed { .. } | Happening::StockLow { .. } => false,
        }
    }

    fn trouble<'a>(&self, troubles: &'a HashMap<CardOn, Trouble>) -> Option<&'a Trouble> {
        self.facts().find_map(|(key, _)| troubles.get(&key))
    }
}

/// All that some pushes say of each card, in the order in which cards are locked.
fn sum<'a>(told: impl IntoIterator<Item = &'a Told>) -> BTreeMap<CardOn, CardStanding> {
    let mut cards = BTreeMap::<CardOn, CardStanding>::new();
    for (key, standing) in told.into_iter().flat_map(Told::facts) {
        let known = cards.entry(key).or_default();
        *known = std::mem::take(known).join(standing);
    }
    cards
}

fn placement_of(placements: &Placements, (app, key): &CardOn) -> Option<PlacementId> {
    placements.get(&(*app, key.card_ref.clone())).map(|placed| placed.placement)
}

/// Twice as long each time, up to an hour.
fn pause(tries: i32) -> TimeDelta {
    let doublings = u32::try_from(tries).unwrap_or_default().min(12);
    TimeDelta::seconds(1 << doublings).min(LONGEST_PAUSE)
}

fn count(state: &'static str, pushes: usize) {
    metrics::counter!("kaquan_card_pushes_total", "state" => state).increment(pushes as u64);
}
