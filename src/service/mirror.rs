//! What servers keep in memory of the database, as fresh as it was a quarter of a second ago.
//!
//! A counter in the database tells cheaply whether to read again. Who misses something has it looked for once more; the
//! many who miss something at once share one look.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use sqlx::{PgConnection, PgPool};
use tokio::{
    sync::{Mutex, Notify},
    time::{Instant, MissedTickBehavior, timeout},
};

/// What is kept, and how it is read.
pub(super) trait Original: Send + Sync {
    /// What is kept in memory.
    type Image: Send + Sync;
    /// For the log.
    const NAME: &'static str;

    /// Counts up with every change; never below zero.
    fn version(&self, conn: &mut PgConnection) -> impl Future<Output = sqlx::Result<i64>> + Send;

    /// All of it.
    fn read(
        &self,
        conn: &mut PgConnection,
    ) -> impl Future<Output = sqlx::Result<Self::Image>> + Send;

    /// Whether reading the same rows again could give something else.
    fn is_stale(&self, _: &Self::Image) -> bool {
        false
    }
}

/// An image of it in memory.
pub(super) struct Mirror<T: Original> {
    db: PgPool,
    original: T,
    kept: RwLock<Kept<T::Image>>,
    /// One reads the database at a time, however many callers wait for it.
    checked: Mutex<Checked>,
    changed: Arc<Notify>,
}

struct Kept<Image> {
    version: i64,
    image: Arc<Image>,
}

/// How the latest looks at the database ended.
struct Checked {
    /// When memory last agreed with it.
    agreed_at: Instant,
    /// When it last could not be asked.
    failed_at: Option<Instant>,
}

/// How long a change made on another server may go unnoticed here.
const FRESHNESS: Duration = Duration::from_millis(250);
/// How long the database may take for each step.
const PATIENCE: Duration = Duration::from_millis(500);

impl<T: Original> Mirror<T> {
    /// Reads everything; `changed` tells of changes made on this server.
    pub async fn open(db: PgPool, original: T, changed: Arc<Notify>) -> sqlx::Result<Self> {
        let checked = Mutex::new(Checked { agreed_at: Instant::now(), failed_at: None });
        let kept = read(&original, &mut *db.acquire().await?, None).await?;
        // Nothing is known, so there is something to read.
        let kept = RwLock::new(kept.ok_or(sqlx::Error::RowNotFound)?);
        Ok(Self { db, original, kept, checked, changed })
    }

    /// As it was when the database was last read.
    pub fn image(&self) -> Arc<T::Image> {
        Arc::clone(&self.kept.read().unwrap_or_else(PoisonError::into_inner).image)
    }

    /// Makes sure that memory agreed with the database at this moment or later.
    pub async fn refresh(&self) -> sqlx::Result<()> {
        let moment = Instant::now();
        let mut checked = self.checked.lock().await;
        // Whoever read while we waited has read for us too, or has found out for us that nobody answers.
        if checked.agreed_at >= moment {
            return Ok(());
        }
        if checked.failed_at.is_some_and(|failed_at| failed_at >= moment) {
            return Err(sqlx::Error::PoolTimedOut);
        }
        let now = Instant::now();
        let read = self.read_changes().await;
        match &read {
            Ok(()) => checked.agreed_at = now,
            Err(_) => checked.failed_at = Some(Instant::now()),
        }
        read
    }

    /// Keeps up with the database for as long as the server runs.
    pub async fn keep_fresh(&self) {
        let mut ticks = tokio::time::interval(FRESHNESS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.changed.notified() => {}
            }
            if let Err(error) = self.refresh().await {
                tracing::warn!(error = %error, "Cannot read the {}; using those known", T::NAME);
            }
        }
    }

    /// A database that says nothing must not keep callers waiting longer than one that says no.
    async fn read_changes(&self) -> sqlx::Result<()> {
        let silence = |_| sqlx::Error::PoolTimedOut;
        let mut conn = timeout(PATIENCE, self.db.acquire()).await.map_err(silence)??;
        let known = self.known();
        let Ok(read) = timeout(PATIENCE, read(&self.original, &mut conn, known)).await else {
            conn.close_on_drop();
            return Err(sqlx::Error::PoolTimedOut);
        };
        if let Some(fresh) = read? {
            *self.kept.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        Ok(())
    }

    fn known(&self) -> Option<i64> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        (!self.original.is_stale(&kept.image)).then_some(kept.version)
    }
}

/// What is there, unless it is still the known version.
async fn read<T: Original>(
    original: &T,
    conn: &mut PgConnection,
    known: Option<i64>,
) -> sqlx::Result<Option<Kept<T::Image>>> {
    // The version first: a change in between is then read again, not missed.
    let version = original.version(conn).await?;
    if known == Some(version) {
        return Ok(None);
    }
    let image = Arc::new(original.read(conn).await?);
    Ok(Some(Kept { version, image }))
}
