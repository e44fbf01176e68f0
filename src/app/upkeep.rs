//! What happens because time passes: a list of jobs, done in portions, by as many servers as there are.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    config::Config,
    service::{
        count_expired::{self, count_expired},
        fold_tally::fold_tally,
        forget_old::{
            self, forget_answers, forget_card_claims, forget_gateway_secrets, forget_networks,
            forget_nonces, forget_push_secrets, forget_pushes, forget_sessions,
            forget_webhook_secrets,
        },
        lapse_card_claims::{self, free_card_codes, lapse_card_claims},
        look_at_reviews::{self, look_at_reviews},
        release_locks::{self, release_locks},
        remind::remind,
        take_up_cards::{self, take_up_cards},
        tell_low_stock::tell_low_stock,
    },
    store,
};

/// Does the jobs.
#[derive(Clone)]
pub struct Upkeep {
    db: PgPool,
    clock: Arc<dyn Clock>,
    jobs: Arc<[Job]>,
}

/// One thing to be done from time to time.
#[derive(Debug, Clone, Copy)]
enum Job {
    FoldTally,
    ReleaseLocks,
    LapseCardClaims,
    FreeCardCodes,
    TakeUpCards,
    LookAtReviews,
    Remind { before: Duration },
    CountExpired,
    TellLowStock { percent: u8 },
    ForgetSessions { keep: TimeDelta },
    ForgetNetworks,
    ForgetAnswers { keep: TimeDelta },
    ForgetNonces,
    ForgetWebhookSecrets,
    ForgetGatewaySecrets,
    ForgetPushes,
    ForgetCardClaims,
    ForgetPushSecrets,
}

impl Upkeep {
    /// The jobs as the settings want them.
    pub fn new(config: &Config, db: &PgPool, clock: &Arc<dyn Clock>) -> Self {
        let keep = |keep| TimeDelta::from_std(keep).unwrap_or(TimeDelta::MAX);
        let mut jobs = vec![
            Job::FoldTally,
            Job::ReleaseLocks,
            Job::LapseCardClaims,
            Job::FreeCardCodes,
            Job::TakeUpCards,
            Job::LookAtReviews,
        ];
        jobs.extend(config.reminders.before.iter().map(|&before| Job::Remind { before }));
        jobs.extend([
            Job::CountExpired,
            Job::TellLowStock { percent: config.webhooks.stock_low_percent },
            Job::ForgetSessions { keep: keep(config.upkeep.keep_sessions) },
            Job::ForgetNetworks,
            Job::ForgetAnswers { keep: keep(config.api.keep_answers) },
            Job::ForgetNonces,
            Job::ForgetWebhookSecrets,
            Job::ForgetGatewaySecrets,
            Job::ForgetPushes,
            Job::ForgetCardClaims,
            Job::ForgetPushSecrets,
        ]);
        Self { db: db.clone(), clock: Arc::clone(clock), jobs: jobs.into() }
    }

    /// Does everything that is to be done at this moment. Portion by portion, so that no job waits for the whole of
    /// another; one that fails stops none of the others, and the first failure is told.
    pub async fn round(&self) -> sqlx::Result<()> {
        self.round_until(&CancellationToken::new()).await
    }

    /// The same, with no portion begun after `stop`; the one that is under way comes to its end.
    async fn round_until(&self, stop: &CancellationToken) -> sqlx::Result<()> {
        let mut failed = None;
        let mut left: Vec<Job> = self.jobs.to_vec();
        while !left.is_empty() {
            let mut more = Vec::new();
            for job in left {
                if stop.is_cancelled() {
                    break;
                }
                match self.portion(job).await {
                    Ok(true) => more.push(job),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::warn!(?job, error = %error, "Upkeep did not go well; it is tried again");
                        failed = failed.or(Some(error));
                    }
                }
            }
            left = more;
        }
        failed.map_or(Ok(()), Err)
    }

    /// A round every so often, until `stop`.
    pub(super) async fn keep_up(self, every: Duration, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            // What failed is in the log.
            let _again_with_the_next = self.round_until(&stop).await;
        }
    }

    /// One portion of a job; whether there may be more of it.
    async fn portion(&self, job: Job) -> sqlx::Result<bool> {
        let now = self.now().await?;
        let (done, portion) = match job {
            Job::FoldTally => {
                fold_tally(&self.db).await?;
                return Ok(false);
            }
            Job::ReleaseLocks => (release_locks(&self.db, now).await?, release_locks::PORTION),
            Job::LapseCardClaims => {
                (lapse_card_claims(&self.db, now).await?, lapse_card_claims::PORTION)
            }
            Job::FreeCardCodes => {
                (free_card_codes(&self.db, now).await?, lapse_card_claims::PORTION)
            }
            Job::TakeUpCards => (take_up_cards(&self.db, now).await?, take_up_cards::PORTION),
            Job::LookAtReviews => (look_at_reviews(&self.db, now).await?, look_at_reviews::PORTION),
            Job::Remind { before } => {
                (remind(&self.db, now, before).await?, count_expired::PORTION)
            }
            Job::CountExpired => (count_expired(&self.db, now).await?, count_expired::PORTION),
            Job::TellLowStock { percent } => {
                tell_low_stock(&self.db, now, percent).await?;
                return Ok(false);
            }
            Job::ForgetSessions { keep } => {
                (forget_sessions(&self.db, now, keep).await?, forget_old::PORTION)
            }
            Job::ForgetNetworks => (forget_networks(&self.db, now).await?, forget_old::PORTION),
            Job::ForgetAnswers { keep } => {
                (forget_answers(&self.db, now, keep).await?, forget_old::PORTION)
            }
            Job::ForgetNonces => (forget_nonces(&self.db, now).await?, forget_old::NONCES),
            Job::ForgetGatewaySecrets => {
                forget_gateway_secrets(&self.db, now).await?;
                return Ok(false);
            }
            Job::ForgetPushes => (forget_pushes(&self.db, now).await?, forget_old::PUSHES),
            Job::ForgetCardClaims => {
                (forget_card_claims(&self.db, now).await?, forget_old::PORTION)
            }
            Job::ForgetPushSecrets => {
                forget_push_secrets(&self.db, now).await?;
                return Ok(false);
            }
            Job::ForgetWebhookSecrets => {
                forget_webhook_secrets(&self.db, now).await?;
                return Ok(false);
            }
        };
        Ok(done >= portion)
    }

    /// The moment that all servers agree on.
    async fn now(&self) -> sqlx::Result<DateTime<Utc>> {
        Ok(self.clock.at_database(store::now(&self.db).await?))
    }
}
