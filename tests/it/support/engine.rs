//! Issuing engines on a test's database.

use std::sync::Arc;

use kaquan::{
    clock::ManualClock,
    config::issuing::Issuing,
    domain::claim::ClaimRefusal,
    issuing::{self, Answer, Engine, IssuedCoupon, Issuer, NoAnswer},
};
use sqlx::postgres::PgConnectOptions;

use super::plant::noon;

/// One server's engine and its hand-moved clock.
pub struct TestEngine {
    pub issuer: Issuer,
    pub clock: Arc<ManualClock>,
    engine: Engine,
}

impl TestEngine {
    pub fn start(options: &PgConnectOptions) -> Self {
        Self::with(options, &Issuing::default())
    }

    pub fn with(options: &PgConnectOptions, settings: &Issuing) -> Self {
        let clock = Arc::new(ManualClock::at(noon()));
        let (issuer, engine) = issuing::start(settings, options, clock.clone()).unwrap();
        Self { issuer, clock, engine }
    }

    /// What its clock says.
    pub fn clock_now(&self) -> chrono::DateTime<chrono::Utc> {
        kaquan::clock::Clock::now(&*self.clock)
    }

    /// Ends the engine after all it accepted.
    pub async fn finish(self) {
        drop(self.issuer);
        self.engine.finish().await;
    }
}

/// What tests ask of an answer.
pub trait Said {
    fn coupon(self) -> IssuedCoupon;
    fn refusal(self) -> ClaimRefusal;
}

impl Said for Result<Answer, NoAnswer> {
    #[track_caller]
    fn coupon(self) -> IssuedCoupon {
        match self {
            Ok(Answer::Issued(coupon)) => coupon,
            other => panic!("expected a coupon, got {other:?}"),
        }
    }

    #[track_caller]
    fn refusal(self) -> ClaimRefusal {
        match self {
            Ok(Answer::Refused(refusal)) => refusal,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }
}
