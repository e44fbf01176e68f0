//! What the merchant's own front ends are served with, whatever protocol they speak: people are named by the merchant's own
//! id, templates and coupons by their numbers.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use sqlx::PgPool;

use self::shelf::Shelves;
use super::{known_terms::KnownTerms, redeem::Redeemer};
use crate::{clock::Clock, issuing::Issuer, vault::Vault};

pub mod birthday;
pub mod claim;
pub mod coupons;
pub mod offers;
mod shelf;

/// The tools of it; cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// The database.
    pub db: PgPool,
    /// What seals secrets there.
    pub vault: Vault,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Terms that were read before.
    pub known_terms: KnownTerms,
    /// Uses coupons.
    pub redeemer: Redeemer,
    issuer: Issuer,
    shelves: Shelves,
}

impl Desk {
    /// Begins to serve, on the present runtime, until the last clone is dropped.
    pub fn start(
        (db, vault): (PgPool, Vault),
        clock: Arc<dyn Clock>,
        known_terms: KnownTerms,
        redeemer: Redeemer,
        issuer: Issuer,
    ) -> Self {
        let shelves = Shelves::start(db.clone());
        Self { db, vault, clock, known_terms, redeemer, issuer, shelves }
    }

    /// The moment at which a request happens, as exact as the database keeps it.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }
}
