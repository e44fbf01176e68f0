//! Uses of the same moment go together: one read and one statement for all of them.
//!
//! What is not plain here (a repetition, a coupon that somebody is changing, a failure of the whole) is handed back to its
//! caller, who goes alone: nobody fails for what another one asks.

use std::{collections::HashSet, sync::Arc};

use sqlx::PgConnection;
use tokio::time::timeout;

use super::{Judged, Redeemed, Tools, Wish};
use crate::{
    domain::life::ActKey,
    service::{
        life::LifeError,
        together::{LONGEST, give_up},
    },
    store::{
        self,
        life::{Found, redeeming::redeem},
        redemption::Redemption,
    },
};

/// What came of a wish; `None` to have it go alone.
pub(super) type Told = Option<Result<Redeemed, LifeError>>;

/// A wish that was granted.
struct Granted {
    /// Among those of the moment.
    place: usize,
    found: Found,
    redemption: Redemption,
}

impl Tools {
    pub(super) async fn redeem_together(self, wishes: Vec<Arc<Wish>>) -> Vec<Told> {
        let mut told: Vec<_> = wishes.iter().map(|_| None).collect();
        match self.try_in_time(&wishes, &mut told).await {
            Ok(()) => {}
            Err(error @ sqlx::Error::PoolTimedOut) => {
                tracing::warn!(error = %error, wishes = wishes.len(), "uses wait for the database");
                for one in told.iter_mut().filter(|one| one.is_none()) {
                    *one = Some(Err(sqlx::Error::PoolTimedOut.into()));
                }
            }
            // Of what was not done each one hears by himself, from his own try.
            Err(error) => {
                tracing::debug!(error = %error, wishes = wishes.len(), "uses go apart");
            }
        }
        told
    }

    async fn try_in_time(&self, wishes: &[Arc<Wish>], told: &mut [Told]) -> sqlx::Result<()> {
        let mut conn = self.tills.acquire().await?;
        let Ok(done) = timeout(LONGEST, self.try_together(&mut conn, wishes, told)).await else {
            return Err(give_up(conn));
        };
        done
    }

    async fn try_together(
        &self,
        conn: &mut PgConnection,
        wishes: &[Arc<Wish>],
        told: &mut [Told],
    ) -> sqlx::Result<()> {
        let asked: Vec<_> = wishes.iter().map(|wish| wish.asked()).collect();
        let mut granted = Vec::new();
        let mut coupons = HashSet::new();
        let mut keys: HashSet<&ActKey> = HashSet::new();
        for (place, found) in store::life::list(conn, &asked).await?.into_iter().enumerate() {
            let (wish, Some(found)) = (&wishes[place], found) else { continue };
            match self.judge(conn, wish, &found).await {
                Ok(Judged::Use(redemption)) => {
                    if coupons.insert(found.id) && keys.insert(&wish.redeem.key) {
                        granted.push(Granted { place, found, redemption });
                    }
                }
                Ok(Judged::Keyed { .. } | Judged::Repeated(_)) | Err(LifeError::Db(_)) => {}
                Err(refusal) => told[place] = Some(Err(refusal)),
            }
        }
        if granted.is_empty() {
            return Ok(());
        }
        let grants = granted.iter();
        let uses = grants.map(|one| self.granted(&wishes[one.place], &one.found, &one.redemption));
        let done = redeem(conn, &uses.collect::<Vec<_>>()).await?;
        let done: HashSet<_> = done.into_iter().collect();
        for Granted { place, found, redemption } in granted {
            if done.contains(&found.id) {
                told[place] = Some(Ok(Redeemed::Now(redemption)));
            }
        }
        Ok(())
    }
}
