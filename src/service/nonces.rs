//! Lets each number of a gateway's client be used once, on whichever server it comes in.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::time::timeout;

use super::together::{LONGEST, Late, Together, give_up};
use crate::{
    domain::id::GatewayClientId,
    store::{self, nonce::Nonce},
};

/// Who keeps them; cheap to clone. Those that are shown at one moment are written together.
#[derive(Debug, Clone)]
pub struct Nonces {
    db: PgPool,
    together: Together<Nonce, sqlx::Result<bool>>,
}

impl Nonces {
    /// Begins to wait for them, on the present runtime, until the last clone is dropped.
    pub fn start(db: PgPool) -> Self {
        let pool = db.clone();
        let write = move |nonces: Vec<Nonce>| {
            let db = pool.clone();
            async move {
                match take_all(&db, &nonces).await {
                    Ok(taken) => taken.into_iter().map(Ok).collect(),
                    // Nothing was written, and one of them may be to blame: each one tries by himself.
                    Err(sqlx::Error::Database(_)) => Vec::new(),
                    // Nobody knows what was written: to try again would call the first one a repetition.
                    Err(_) => nonces.iter().map(|_| Err(sqlx::Error::PoolTimedOut)).collect(),
                }
            }
        };
        Self { db, together: Together::start(write) }
    }

    /// Whether nobody has used it; from now on it is used, and known as that until `until` at least.
    pub async fn take(
        &self,
        client: GatewayClientId,
        nonce: &str,
        until: DateTime<Utc>,
    ) -> sqlx::Result<bool> {
        let nonce = Nonce { client, nonce: nonce.to_owned(), until };
        match self.together.ask(nonce.clone()).await {
            Ok(Some(taken)) => taken,
            Ok(None) => Ok(take_all(&self.db, &[nonce]).await?.into_iter().all(|taken| taken)),
            Err(Late) => Err(sqlx::Error::PoolTimedOut),
        }
    }
}

/// Whether each of them was new, in their order: of the same ones the first.
async fn take_all(db: &PgPool, nonces: &[Nonce]) -> sqlx::Result<Vec<bool>> {
    let mut conn = db.acquire().await?;
    let Ok(taken) = timeout(LONGEST, store::nonce::take(&mut conn, nonces)).await else {
        return Err(give_up(conn));
    };
    let mut taken: HashSet<_> = taken?.into_iter().collect();
    let mut is_new = |nonce: &Nonce| taken.remove(&(nonce.client, nonce.nonce.clone()));
    Ok(nonces.iter().map(&mut is_new).collect())
}
