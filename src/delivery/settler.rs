//! Settles attempts that have ended: while some are being written, the next ones gather, and then go together.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::{Inner, attempt::Tried, survive::survive, work::Consequence};
use crate::{
    domain::{
        delivery::{Outcome, Verdict},
        id::{AppId, DeliveryId},
    },
    service::end_outage::end_outage,
    store::{self, delivery::settle::Settlement},
};

/// More would make one statement long for no gain.
const MOST_AT_ONCE: usize = 512;
/// How often what cannot be written is tried again, before it is left to those who take over.
const TRIES: u32 = 5;

/// Runs until the last attempt has ended.
pub(super) async fn run(inner: Arc<Inner>, mut ended: mpsc::UnboundedReceiver<Tried>) {
    let mut batch = Vec::new();
    while ended.recv_many(&mut batch, MOST_AT_ONCE).await > 0 {
        let tried = std::mem::take(&mut batch);
        if let Err(error) = survive(settle(&inner, tried)).await {
            // Still leased, they are taken over with the same identity when the lease ends.
            tracing::error!(error = %error, "cannot settle deliveries");
        }
    }
}

/// Settles some attempts; those with consequences one by one, for each has a transaction of its own.
pub(super) async fn settle(inner: &Inner, tried: Vec<Tried>) -> anyhow::Result<()> {
    let _freed = Freed(inner, tried.iter().map(|tried| tried.held.app).collect());
    let mut by_app: BTreeMap<AppId, Vec<Tried>> = BTreeMap::new();
    for tried in tried {
        by_app.entry(tried.held.app).or_default().push(tried);
    }
    let mut ended = Ok(());
    for (app, tried) in by_app {
        let (plain, special): (Vec<_>, Vec<_>) =
            tried.into_iter().partition(|t| matches!(t.said.consequence, Consequence::None));
        if !plain.is_empty() {
            ended = ended.and(persist_all(inner, app, &plain).await);
        }
        for tried in special {
            ended = ended.and(persist(inner, app, &[tried]).await);
        }
    }
    ended
}

/// Together, and if that cannot be, one by one: one that cannot be written costs the others nothing.
async fn persist_all(inner: &Inner, app: AppId, tried: &[Tried]) -> anyhow::Result<()> {
    let together = persist(inner, app, tried).await;
    if tried.len() < 2 || !together.as_ref().is_err_and(is_about_rows) {
        return together;
    }
    let mut ended = Ok(());
    for one in tried {
        let written = write(inner, app, std::slice::from_ref(one)).await;
        if written.as_ref().is_err_and(|error| !is_about_rows(error)) {
            return written;
        }
        ended = ended.and(written);
    }
    ended
}

/// Whether the database answered, so that others may fare better.
fn is_about_rows(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(sqlx::Error::Database(_)))
}

/// Their places are free again, however settling ends.
struct Freed<'a>(&'a Inner, Vec<AppId>);

impl Drop for Freed<'_> {
    fn drop(&mut self) {
        self.0.load.end(self.1.iter().copied());
    }
}

/// Tries for a while: what was heard from outside must not be forgotten for a connection that broke.
async fn persist(inner: &Inner, app: AppId, tried: &[Tried]) -> anyhow::Result<()> {
    let mut pause = Duration::from_millis(50);
    for _ in 1..TRIES {
        match write(inner, app, tried).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                tracing::warn!(error = %error, "cannot settle deliveries, trying again");
                wait(pause).await;
                pause *= 3;
            }
        }
    }
    write(inner, app, tried).await
}

#[expect(clippy::disallowed_methods, reason = "only the worker waits")]
async fn wait(pause: Duration) {
    tokio::time::sleep(pause).await;
}

/// One transaction: the deliveries, the attempts, what they change here, and the channel.
async fn write(inner: &Inner, app: AppId, tried: &[Tried]) -> anyhow::Result<()> {
    let said: Vec<Settlement> = tried.iter().map(settlement).collect();
    let instead = inner.clock.instead_of_database();
    let mut tx = store::begin(&inner.db).await?;
    let ours = store::delivery::settle::settle(&mut tx, instead, &said).await?;
    // What others took over says nothing any more: neither of the delivery nor of the platform.
    let still: Vec<&Tried> =
        tried.iter().filter(|tried| ours.contains(&tried.held.delivery.id)).collect();
    for tried in &still {
        tried.said.consequence.write(&mut tx, inner, tried).await?;
    }
    let channel = settle_channel(&mut tx, inner, app, &still).await?;
    tx.commit().await?;
    report(tried, &ours);
    if let Some(reason) = channel.locked {
        tracing::error!(app.id = %app, reason, "calls to this app are paused until somebody mends it");
    }
    if channel.recovered {
        // All that was to be settled is: without this, what is late waits for its own time.
        match end_outage(&inner.db, inner.clock.now(), app).await {
            Ok(due) => tracing::info!(app.id = %app, due, "the platform is back"),
            Err(error) => {
                tracing::warn!(app.id = %app, error = %error, "the platform is back, and what is late stays late");
            }
        }
    }
    Ok(())
}

/// What attempts did to a channel, beyond the state of its breaker.
#[derive(Default)]
struct ChannelNews {
    /// Why it was paused, if it was.
    locked: Option<String>,
    /// Whether an outage is over.
    recovered: bool,
}

fn settlement(tried: &Tried) -> Settlement {
    let delivery = &tried.held.delivery;
    let outcome = tried.said.outcome;
    let number = delivery.attempts + 1 - delivery.retries_from;
    Settlement {
        id: delivery.id,
        fence: delivery.fence,
        instance: tried.held.instance,
        verdict: outcome.judge(number, Inner::chance()),
        outcome: outcome.in_the_books(),
        counts: outcome.burns_the_attempt(),
        started_at: tried.started_at,
        duration_ms: i32::try_from(tried.took.as_millis()).unwrap_or(i32::MAX),
        answer: tried.said.answer.clone(),
        note: tried.said.note.clone(),
    }
}

/// Trips or closes the breaker. With nothing but successes on a closed channel
/// there is nothing to write, and its row stays free for others.
async fn settle_channel(
    tx: &mut sqlx::PgConnection,
    inner: &Inner,
    app: AppId,
    tried: &[&Tried],
) -> sqlx::Result<ChannelNews> {
    let well = |tried: &&Tried| {
        let outcome = tried.said.outcome;
        let says_nothing_new = matches!(
            outcome,
            Outcome::Done | Outcome::DoneBefore | Outcome::Refused | Outcome::NotYet { .. }
        );
        says_nothing_new && tried.held.standing.failures == 0
    };
    if tried.iter().all(well) {
        return Ok(ChannelNews::default());
    }
    let Some((breaker, database_now)) = store::delivery::breaker::lock(tx, app).await? else {
        return Ok(ChannelNews::default());
    };
    let now = inner.clock.at_database(database_now);
    // A verdict of our own, without a word from there, is no sign that the platform is there.
    let heard = tried.iter().filter(|tried| {
        let clear =
            matches!(tried.said.outcome, Outcome::Done | Outcome::DoneBefore | Outcome::Refused);
        !clear || tried.said.answer.is_some()
    });
    let outcomes = heard.map(|tried| tried.said.outcome);
    let change = breaker.after(outcomes, now, Inner::chance());
    if change.breaker != breaker || breaker.is_on_probation() {
        store::delivery::breaker::update(tx, app, change.breaker).await?;
    }
    let recovered = change.recovered;
    let locked = tried.iter().find(|tried| tried.said.outcome == Outcome::Locked);
    let Some(locked) = locked.filter(|_| change.locked) else {
        return Ok(ChannelNews { locked: None, recovered });
    };
    let reason = locked
        .said
        .note
        .clone()
        .unwrap_or_else(|| "平台拒绝了我们 · the platform lets nobody in".to_owned());
    let paused = store::delivery::breaker::pause(tx, now, app, &reason).await?;
    Ok(ChannelNews { locked: paused.then_some(reason), recovered })
}

/// One line of the log for each attempt; never what was sent.
fn report(tried: &[Tried], ours: &[DeliveryId]) {
    for tried in tried {
        let (delivery, said) = (&tried.held.delivery, &tried.said);
        if !ours.contains(&delivery.id) {
            metrics::counter!("kaquan_deliveries_disowned_total").increment(1);
            tracing::warn!(delivery.id = %delivery.id, "others took this delivery over; what came of it here is dropped");
            continue;
        }
        let outcome = said.outcome.in_the_books().as_str();
        metrics::counter!("kaquan_delivery_attempts_total", "kind" => delivery.kind.clone(), "outcome" => outcome)
            .increment(1);
        let note = said.note.as_deref().unwrap_or_default();
        let attempt = delivery.attempts + 1;
        match settlement(tried).verdict {
            Verdict::Done { .. } => {
                tracing::debug!(delivery.id = %delivery.id, kind = delivery.kind, attempt, "delivered");
            }
            Verdict::Again { .. } => {
                tracing::info!(delivery.id = %delivery.id, kind = delivery.kind, attempt, "not delivered yet: {note}");
            }
            Verdict::Dead => {
                tracing::error!(delivery.id = %delivery.id, kind = delivery.kind, attempt, "left to a person: {note}");
            }
        }
    }
}
