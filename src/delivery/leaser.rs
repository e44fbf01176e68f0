//! Leases what is due and starts an attempt for each.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Inner,
    attempt::{self, Held, Tried},
    survive::survive,
};
use crate::{
    domain::{channel, id::AppId},
    store::{
        self,
        delivery::lease::{Ask, Leased, Standing},
    },
};

/// Where new work is announced.
const ANNOUNCEMENTS: &str = "kaquan_delivery";
/// What is said there when somebody asks for a reconciliation.
const RECONCILIATION: &str = "reconciliation";
/// How long calls may go on after the worker was told to stop; none takes longer by itself, but one may follow another.
const LAST_CALLS: Duration = Duration::from_secs(6);
/// How long the database is given to end the connection that heard of new work.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How soon to look again where only the app's rate stood in the way.
const NEXT_DROP: Duration = Duration::from_millis(50);

/// Leases until it is told to stop; then the attempts under way are waited for.
pub(super) async fn run(
    inner: Arc<Inner>,
    database: PgConnectOptions,
    done: mpsc::UnboundedSender<Tried>,
    stop: CancellationToken,
) {
    let announced = Arc::new(Notify::new());
    let mut attempts = JoinSet::new();
    let ear = PgPoolOptions::new().max_connections(1).connect_lazy_with(database);
    let listening = listen(ear.clone(), Arc::clone(&inner), Arc::clone(&announced));
    let listening = tokio::spawn(listening);
    let mut ticks = interval(inner.settings.poll);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Never in the middle of a pass: what was leased just then would be taken for sent.
    while !stop.is_cancelled() {
        let soon = match survive(pass(&inner, &done, &mut attempts)).await {
            Ok(soon) => soon,
            Err(error) => {
                tracing::warn!(error = %error, "cannot look for deliveries");
                false
            }
        };
        let patience = if soon { NEXT_DROP } else { inner.settings.poll };
        tokio::select! {
            () = announced.notified() => {}
            () = inner.load.freed.notified() => {}
            _woken = timeout(patience, ticks.tick()) => {}
            () = stop.cancelled() => {}
        }
        // Those that have ended leave nothing but their place.
        while attempts.try_join_next().is_some() {}
    }
    listening.abort();
    // Else its connection would be looked at once more when the database may be gone.
    if timeout(LAST_WORDS, ear.close()).await.is_err() {
        tracing::debug!("the connection that heard of new work is left open");
    }
    let ended = async { while attempts.join_next().await.is_some() {} };
    if timeout(LAST_CALLS, ended).await.is_err() {
        tracing::warn!("calls that do not come to an end are left to those who take over");
        attempts.abort_all();
    }
}

/// Hears of new work; the poll covers what is missed while the connection is away.
async fn listen(ear: PgPool, inner: Arc<Inner>, announced: Arc<Notify>) {
    loop {
        let heard = async {
            let mut listener = PgListener::connect_with(&ear).await?;
            listener.listen(ANNOUNCEMENTS).await?;
            loop {
                // `None` is a connection that was made anew.
                let announcement = listener.try_recv().await?;
                if announcement.is_some_and(|said| said.payload() == RECONCILIATION) {
                    inner.reconciliation_asked.notify_one();
                }
                announced.notify_one();
            }
        };
        let ended: sqlx::Result<()> = heard.await;
        if let Err(error) = ended {
            tracing::debug!(error = %error, "cannot listen for deliveries");
        }
        pause().await;
    }
}

#[expect(clippy::disallowed_methods, reason = "only the worker waits")]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(500)).await;
}

/// One look at every app that has something due; whether to look again soon.
async fn pass(
    inner: &Arc<Inner>,
    done: &mpsc::UnboundedSender<Tried>,
    attempts: &mut JoinSet<()>,
) -> anyhow::Result<bool> {
    let Some(instance) = *inner.instance.borrow() else { return Ok(true) };
    let mut soon = false;
    for app in ready(inner).await? {
        let room = inner.load.room(app);
        if room == 0 {
            continue;
        }
        let leased = match lease(inner, instance, app, room).await {
            Ok(leased) => leased,
            Err(error) => {
                // The others need not wait for this one.
                tracing::warn!(app.id = %app, error = %error, "cannot lease deliveries");
                continue;
            }
        };
        let Some((standing, held)) = leased else { continue };
        soon |= held.len() < room && is_out_of_tokens(standing, held.len());
        inner.load.begin(app, held.len());
        for held in held {
            let (inner, done) = (Arc::clone(inner), done.clone());
            attempts.spawn(async move {
                // The settler ends after the last attempt.
                let _settled_later = done.send(attempt::make(&inner, held).await);
            });
        }
    }
    Ok(soon)
}

/// Leases what is due now and makes an attempt of each, all at once.
pub(super) async fn round(inner: &Arc<Inner>) -> anyhow::Result<Vec<Tried>> {
    let mut instance = inner.instance.clone();
    let instance = instance.wait_for(Option::is_some).await?.unwrap_or_default();
    let mut attempts = Vec::new();
    for app in ready(inner).await? {
        let Some((_, held)) = lease(inner, instance, app, inner.load.room(app)).await? else {
            continue;
        };
        inner.load.begin(app, held.len());
        attempts.extend(held.into_iter().map(|held| attempt::make(inner, held)));
    }
    Ok(futures_util::future::join_all(attempts).await)
}

async fn ready(inner: &Inner) -> sqlx::Result<Vec<AppId>> {
    let mut conn = inner.db.acquire().await?;
    let now = inner.clock.instead_of_database();
    store::delivery::lease::list_ready(&mut conn, now, channel::TRIPS_AT).await
}

async fn lease(
    inner: &Inner,
    instance: i32,
    app: AppId,
    room: usize,
) -> sqlx::Result<Option<(Standing, Vec<Held>)>> {
    // From before the statement was sent, so that it ends here no later than it does in the database.
    let ends = Instant::now() + inner.settings.lease;
    let ask = Ask {
        app,
        limit: i64::try_from(room).unwrap_or(i64::MAX),
        instance,
        lease: inner.settings.lease,
        trips_at: channel::TRIPS_AT,
    };
    let now = inner.clock.instead_of_database();
    let mut conn = inner.db.acquire().await?;
    let leased = store::delivery::lease::lease(&mut conn, now, ask).await?;
    Ok(leased.map(|(standing, leased)| {
        let hold = |delivery: Leased| Held { app, instance, delivery, standing, ends };
        (standing, leased.into_iter().map(hold).collect())
    }))
}

/// Whether the app's rate is what stood in the way of more.
fn is_out_of_tokens(standing: Standing, leased: usize) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "at most a few thousand")]
    let left = standing.tokens - leased as f64;
    left < 1.0
}
