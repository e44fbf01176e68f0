//! What a secret callback address leads to: kept in memory, as fresh as the database a quarter of a second ago.

use std::{collections::HashMap, sync::Arc};

use sqlx::{PgConnection, PgPool};
use tokio::sync::Notify;

use super::{
    mirror::{Mirror, Original},
    secret::{self, SecretHash},
};
use crate::{
    clock::Clock,
    domain::app::PlatformKind,
    store::{self, route::LiveToken},
};

pub use crate::store::route::Route;

/// All live callback addresses.
pub struct Directory {
    clock: Arc<dyn Clock>,
    mirror: Mirror<Addresses>,
}

/// Where they are read.
struct Addresses {
    clock: Arc<dyn Clock>,
}

impl Directory {
    /// Reads all addresses; `changed` tells of changes made on this server.
    pub async fn open(
        db: PgPool,
        clock: Arc<dyn Clock>,
        changed: Arc<Notify>,
    ) -> sqlx::Result<Self> {
        let addresses = Addresses { clock: Arc::clone(&clock) };
        Ok(Self { clock, mirror: Mirror::open(db, addresses, changed).await? })
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
            self.mirror.refresh().await?;
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
        self.mirror.refresh().await?;
        Ok(self.look(&secret::hash(token)).filter(|route| route.platform == platform))
    }

    /// Keeps up with the database for as long as the server runs.
    pub async fn keep_fresh(&self) {
        self.mirror.keep_fresh().await;
    }

    fn look(&self, hash: &SecretHash) -> Option<Arc<Route>> {
        let tokens = self.mirror.image();
        let entry = tokens.get(hash)?;
        let lives = entry.retires_at.is_none_or(|end| self.clock.now() < end);
        lives.then(|| Arc::clone(&entry.route))
    }
}

impl Original for Addresses {
    type Image = HashMap<SecretHash, LiveToken>;
    const NAME: &'static str = "callback addresses";

    async fn version(&self, conn: &mut PgConnection) -> sqlx::Result<i64> {
        store::route::version(conn).await
    }

    async fn read(&self, conn: &mut PgConnection) -> sqlx::Result<Self::Image> {
        let tokens = store::route::list_live(conn, self.clock.now()).await?;
        Ok(tokens.into_iter().map(|token| (token.secret_hash, token)).collect())
    }
}
