//! Repairs replies in doubt: a coupon was taken on a platform, and the platform may never have heard its code.
//!
//! The platform's own next try usually settles it, so a doubt waits a little. If no try was answered well by then, the
//! platform is owed a `sync` of that coupon, with the same record. Doubts live in memory, and all of them are settled
//! when the server stops. A server that dies between commit and reply takes its doubts with it, and nobody knows of
//! them: that is left to the platform's own tries, which any server answers with the same code. So is a reply that
//! left in order and was lost by the network.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    domain::{id::AppId, people::Record},
    store::{
        self,
        coupon::TakenCoupon,
        delivery::owe::{Owed, owe},
    },
};

/// One act of taking.
type Take = (AppId, Record);

/// Takes whose reply may not have arrived.
pub struct Doubts {
    db: PgPool,
    clock: Arc<dyn Clock>,
    grace: TimeDelta,
    /// Each with the moment at which it is no longer left to the platform.
    pending: Mutex<HashMap<Take, DateTime<Utc>>>,
    /// How many are pending, for those who only want to know whether any is.
    count: AtomicUsize,
    lost: AtomicU64,
}

/// One reply on its way: in doubt when it is dropped, unless it was said how it ended.
#[must_use = "dropped, it is a doubt"]
pub struct Watch {
    doubts: Arc<Doubts>,
    take: Option<Take>,
}

/// How long the platform's own tries are waited for.
const GRACE: TimeDelta = TimeDelta::seconds(10);
/// How long after its deadline the engine may still be at work on a request: whole steps are given up after 2 seconds.
const ENGINE_FINISHES_WITHIN: TimeDelta = TimeDelta::seconds(8);
/// How often is looked for doubts that are due.
const PACE: Duration = Duration::from_secs(1);
/// From so many on, doubts are settled without grace.
const MANY: usize = 10_000;
/// More are not kept. So many can only pile up while the database is away, when hardly a doubt comes to a coupon.
const MOST: usize = 100_000;
/// How many are settled in one transaction.
const AT_ONCE: usize = 200;

impl Doubts {
    /// None yet. `deadline` is the engine's, after which it may finish late.
    pub fn open(db: PgPool, clock: Arc<dyn Clock>, deadline: Duration) -> Arc<Self> {
        let deadline = TimeDelta::from_std(deadline).unwrap_or(GRACE);
        let grace = GRACE.max(deadline + ENGINE_FINISHES_WITHIN);
        let (pending, count, lost) = (Mutex::default(), AtomicUsize::new(0), AtomicU64::new(0));
        Arc::new(Self { db, clock, grace, pending, count, lost })
    }

    /// To be called before the engine is asked for the take.
    pub fn watch(self: &Arc<Self>, app: AppId, record: Record) -> Watch {
        Watch { doubts: Arc::clone(self), take: Some((app, record)) }
    }

    /// Settles doubts as they come due, until `stop`; those that are left are then for [`Doubts::settle_all`].
    pub async fn keep_settling(self: Arc<Self>, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(PACE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let lost = self.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                tracing::error!(
                    lost,
                    "Too many replies are in doubt; some are left to the platform's tries"
                );
            }
            let many = self.count.load(Ordering::Relaxed) >= MANY;
            let settled = if many { self.settle_early().await } else { self.settle_due().await };
            if let Err(error) = settled {
                tracing::warn!(error = %error, "Replies in doubt cannot be settled yet");
            }
        }
    }

    /// Settles those that were left to the platform for long enough; says how many coupons it is now owed.
    pub async fn settle_due(&self) -> sqlx::Result<usize> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return Ok(0);
        }
        let now = self.clock.now();
        self.settle(self.list(|due| due <= now), true).await
    }

    /// Settles all of them at once. Right only when the engine has finished: what comes later is not seen.
    pub async fn settle_all(&self) -> sqlx::Result<usize> {
        self.settle(self.list(|_| true), true).await
    }

    /// Settles all that came to a coupon by now; the others, on which the engine may be at work, stay.
    async fn settle_early(&self) -> sqlx::Result<usize> {
        let now = self.clock.now();
        self.settle(self.list(|due| now < due), false).await?;
        self.settle_due().await
    }

    async fn settle(
        &self,
        doubts: Vec<(Take, DateTime<Utc>)>,
        for_good: bool,
    ) -> sqlx::Result<usize> {
        let mut owed = 0;
        for some in doubts.chunks(AT_ONCE) {
            let takes: Vec<_> = some.iter().map(|(take, _)| take.clone()).collect();
            let coupons = self.owe(&takes).await?;
            owed += coupons.len();
            let mut pending = self.lock();
            for (take, due) in some {
                let has_coupon = || coupons.iter().any(|c| c.app == take.0 && c.record == take.1);
                // One that is in doubt again since then is not settled yet.
                if pending.get(take) == Some(due) && (for_good || has_coupon()) {
                    pending.remove(take);
                }
            }
            self.count.store(pending.len(), Ordering::Relaxed);
        }
        Ok(owed)
    }

    /// Owes the platform those of the takes that came to a coupon.
    async fn owe(&self, takes: &[Take]) -> sqlx::Result<Vec<TakenCoupon>> {
        let now = self.clock.now();
        let mut tx = store::begin(&self.db).await?;

        let coupons = store::coupon::list_taken(&mut tx, takes).await?;
        for coupon in &coupons {
            let sync = Owed::sync(now, coupon.app, coupon.placement, coupon.id, &coupon.record);
            owe(&mut tx, now, &sync).await?;
        }

        tx.commit().await?;
        for coupon in &coupons {
            tracing::info!(coupon.id = %coupon.id, "the platform may not know of a coupon and is told");
        }
        metrics::counter!("kaquan_replies_repaired_total").increment(coupons.len() as u64);
        Ok(coupons)
    }

    fn list(&self, wanted: impl Fn(DateTime<Utc>) -> bool) -> Vec<(Take, DateTime<Utc>)> {
        let pending = self.lock();
        let wanted = pending.iter().filter(|(_, due)| wanted(**due));
        wanted.map(|(take, due)| (take.clone(), *due)).collect()
    }

    fn add(&self, take: Take) {
        metrics::counter!("kaquan_replies_in_doubt_total").increment(1);
        let due = self.clock.now() + self.grace;
        let mut pending = self.lock();
        if pending.len() < MOST || pending.contains_key(&take) {
            pending.insert(take, due);
            self.count.store(pending.len(), Ordering::Relaxed);
        } else {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn remove(&self, take: &Take) {
        // Nearly always none is pending, and then no caller waits for another.
        if self.count.load(Ordering::Relaxed) > 0 {
            let mut pending = self.lock();
            pending.remove(take);
            self.count.store(pending.len(), Ordering::Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Take, DateTime<Utc>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch {
    /// The platform has the reply, and with it what earlier replies to the same record may have failed to tell.
    pub fn arrived(mut self) {
        if let Some(take) = self.take.take() {
            self.doubts.remove(&take);
        }
    }

    /// There is no coupon of which the platform would have to know.
    pub fn dismiss(mut self) {
        self.take = None;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(take) = self.take.take() {
            self.doubts.add(take);
        }
    }
}
