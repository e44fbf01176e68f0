//! What a secret callback address leads to: kept in memory, as fresh as the database a quarter of a second ago.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::{
    sync::{Mutex, Notify},
    time::{Instant, MissedTickBehavior},
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
    /// When memory last agreed with the database. One reads at a time, however many callers wait for it.
    checked_at: Mutex<Instant>,
    changed: Arc<Notify>,
}

struct Snapshot {
    version: i64,
    tokens: HashMap<SecretHash, LiveToken>,
}

/// How long a change made on another server may go unnoticed here.
const FRESHNESS: Duration = Duration::from_millis(250);

impl Directory {
    /// Reads all addresses; `changed` tells of changes made on this server.
    pub async fn open(
        db: PgPool,
        clock: Arc<dyn Clock>,
        changed: Arc<Notify>,
    ) -> sqlx::Result<Self> {
        let checked_at = Mutex::new(Instant::now());
        let snapshot = read(&db, clock.now()).await?;
        let state = RwLock::new(Arc::new(snapshot));
        Ok(Self { db, clock, state, checked_at, changed })
    }

    /// Where the token leads, if it lives and is for this platform.
    ///
    /// An unknown token is looked for in the database once more, since it may be newer than what is in memory.
    pub async fn find(
        &self,
        token: &str,
        platform: PlatformKind,
    ) -> sqlx::Result<Option<Arc<Route>>> {
        let hash = secret::hash(token);
        let mut found = self.look(&hash);
        if found.is_none() {
            self.refresh(Instant::now()).await?;
            found = self.look(&hash);
        }
        Ok(found.filter(|route| route.platform == platform))
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
        let mut checked_at = self.checked_at.lock().await;
        // Whoever read while we waited has read for us too.
        if *checked_at >= moment {
            return Ok(());
        }
        let now = Instant::now();
        let version = store::route::version(&mut *self.db.acquire().await?).await?;
        if version != self.snapshot().version {
            let fresh = Arc::new(read(&self.db, self.clock.now()).await?);
            *self.state.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        *checked_at = now;
        Ok(())
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The version first: a change in between is then read again, not missed.
async fn read(db: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Snapshot> {
    let mut conn = db.acquire().await?;
    let version = store::route::version(&mut conn).await?;
    let tokens = store::route::list_live(&mut conn, now).await?;
    let tokens = tokens.into_iter().map(|token| (token.secret_hash, token)).collect();
    Ok(Snapshot { version, tokens })
}
