//! What a secret callback address leads to: kept in memory, as fresh as the database a quarter of a second ago.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use tokio::{
    sync::{Mutex, Notify},
    time::{Instant, MissedTickBehavior, timeout},
};

use super::secret::{self, SecretHash};
use crate::{
    clock::Clock,
    domain::app::PlatformKind,
    store::{self, route::LiveToken},
};

pub use crate::store::route::Route;

/// All live callback addresses.
pub struct Directory {
    db: PgPool,
    clock: Arc<dyn Clock>,
    state: RwLock<Arc<Snapshot>>,
    /// One reads the database at a time, however many callers wait for it.
    checked: Mutex<Checked>,
    changed: Arc<Notify>,
}

/// How the latest looks at the database ended.
struct Checked {
    /// When memory last agreed with it.
    agreed_at: Instant,
    /// When it last could not be asked.
    failed_at: Option<Instant>,
}

struct Snapshot {
    version: i64,
    tokens: HashMap<SecretHash, LiveToken>,
}

/// How long a change made on another server may go unnoticed here.
const FRESHNESS: Duration = Duration::from_millis(250);
/// How long the database may take for each step.
const PATIENCE: Duration = Duration::from_millis(500);
/// No version is below zero.
const NEVER_READ: i64 = -1;

impl Directory {
    /// Reads all addresses; `changed` tells of changes made on this server.
    pub async fn open(
        db: PgPool,
        clock: Arc<dyn Clock>,
        changed: Arc<Notify>,
    ) -> sqlx::Result<Self> {
        let checked = Mutex::new(Checked { agreed_at: Instant::now(), failed_at: None });
        let fresh = read_since(&mut *db.acquire().await?, NEVER_READ, clock.now()).await?;
        let snapshot = fresh.unwrap_or_else(|| Snapshot { version: 0, tokens: HashMap::new() });
        let state = RwLock::new(Arc::new(snapshot));
        Ok(Self { db, clock, state, checked, changed })
    }

    /// Where the token leads, if it lives and is for this platform.
    ///
    /// An unknown token is looked for in the database once more, since it may be newer than what is in memory; and so is
    /// one whose placement the platform did not know when memory was read, for now it seems to.
    pub async fn find(
        &self,
        token: &str,
        platform: PlatformKind,
    ) -> sqlx::Result<Option<Arc<Route>>> {
        let hash = secret::hash(token);
        let mut found = self.look(&hash);
        if found.as_ref().is_none_or(|route| route.platform_ref.is_none()) {
            self.refresh(Instant::now()).await?;
            found = self.look(&hash);
        }
        Ok(found.filter(|route| route.platform == platform))
    }

    /// As [`Self::find`], as fresh as the database: for a call that does not fit what is in memory.
    pub async fn find_anew(
        &self,
        token: &str,
        platform: PlatformKind,
    ) -> sqlx::Result<Option<Arc<Route>>> {
        self.refresh(Instant::now()).await?;
        Ok(self.look(&secret::hash(token)).filter(|route| route.platform == platform))
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
            if let Err(error) = self.refresh(Instant::now()).await {
                tracing::warn!(error = %error, "Cannot read the callback addresses; using those known");
            }
        }
    }

    fn look(&self, hash: &SecretHash) -> Option<Arc<Route>> {
        let snapshot = self.snapshot();
        let entry = snapshot.tokens.get(hash)?;
        let lives = entry.retires_at.is_none_or(|end| self.clock.now() < end);
        lives.then(|| Arc::clone(&entry.route))
    }

    /// Makes sure that memory agreed with the database at `moment` or later.
    async fn refresh(&self, moment: Instant) -> sqlx::Result<()> {
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

    /// A database that says nothing must not keep callers waiting longer than one that says no.
    async fn read_changes(&self) -> sqlx::Result<()> {
        let silence = |_| sqlx::Error::PoolTimedOut;
        let mut conn = timeout(PATIENCE, self.db.acquire()).await.map_err(silence)??;
        let known = self.snapshot().version;
        let read = timeout(PATIENCE, read_since(&mut conn, known, self.clock.now())).await;
        let Ok(read) = read else {
            conn.close_on_drop();
            return Err(sqlx::Error::PoolTimedOut);
        };
        if let Some(fresh) = read? {
            *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        }
        Ok(())
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is there, unless it is still the known version.
async fn read_since(
    conn: &mut PgConnection,
    known: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Snapshot>> {
    // The version first: a change in between is then read again, not missed.
    let version = store::route::version(conn).await?;
    if version == known {
        return Ok(None);
    }
    let tokens = store::route::list_live(conn, now).await?;
    let tokens = tokens.into_iter().map(|token| (token.secret_hash, token)).collect();
    Ok(Some(Snapshot { version, tokens }))
}
