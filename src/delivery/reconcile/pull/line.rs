//! Calls to a platform for a comparison: each is counted like any other, and repeated with care.

use std::{marker::PhantomData, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use super::PullError;
use crate::{
    delivery::{
        Inner,
        account::Account,
        dialect::{Dialect, Trouble},
        token::Token,
    },
    domain::{delivery::Outcome, id::AppId},
    outgoing::{answer::Heard, secret::AccessToken},
    store::{self, delivery::call::CallLeave, platform_token::Purpose},
};

/// How often a call is made at most; it changes nothing there, so it can be made again.
const TRIES: u32 = 3;
/// The first pause between tries; the next is twice as long.
const PAUSE: Duration = Duration::from_millis(200);
/// How often to wait for the app's rate, before it is left for later.
const WAITS: u32 = 100;
/// The longest of those waits.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What a call comes to.
pub(super) type Answer<'a, T, E> = BoxFuture<'a, Result<Heard<T>, E>>;

/// What a call needs besides its own words.
pub(super) struct Line<'a, D> {
    inner: &'a Inner,
    app: AppId,
    account: Arc<Account>,
    token: Option<Arc<Token>>,
    dialect: PhantomData<fn() -> D>,
}

impl<'a, D: Dialect> Line<'a, D>
where
    D::Error: Into<PullError>,
{
    pub fn open(inner: &'a Inner, app: AppId, account: Arc<Account>) -> Self {
        Self { inner, app, account, token: None, dialect: PhantomData }
    }

    /// One call, made again where that may help.
    pub async fn ask<T>(
        &mut self,
        call: impl for<'x> Fn(&'x Inner, D::Account<'x>, &'x AccessToken) -> Answer<'x, T, D::Error>,
    ) -> Result<T, PullError> {
        let mut renewed = false;
        let mut pause = PAUSE;
        let mut tries = 1;
        loop {
            self.wait_for_leave().await?;
            let token = self.token().await?;
            let said = {
                let account = D::account(&self.account).ok_or(PullError::NoFigures)?;
                call(self.inner, account, &token.value).await
            };
            let error = match said {
                Ok(heard) => return Ok(heard.value),
                Err(error) => error,
            };
            if error.token_problem() && !renewed {
                renewed = true;
                let refused = Some(token.generation);
                let tokens = &self.inner.tokens;
                let fresh = tokens.get(self.inner, &self.account, Purpose::Access, refused).await;
                self.token = Some(fresh.map_err(PullError::Token)?);
                continue;
            }
            if tries == TRIES || !may_pass(&error) {
                return Err(error.into());
            }
            wait(pause + PAUSE.mul_f64(Inner::chance() / 2.0)).await;
            pause *= 2;
            tries += 1;
        }
    }

    async fn token(&mut self) -> Result<Arc<Token>, PullError> {
        if let Some(token) = &self.token {
            return Ok(Arc::clone(token));
        }
        let token = self.inner.tokens.get(self.inner, &self.account, Purpose::Access, None).await;
        let token = token.map_err(PullError::Token)?;
        self.token = Some(Arc::clone(&token));
        Ok(token)
    }

    /// Every call comes out of the app's bucket, as deliveries do.
    async fn wait_for_leave(&self) -> Result<(), PullError> {
        for _ in 0..WAITS {
            let now = self.inner.clock.instead_of_database();
            let leave = {
                let mut conn = self.inner.db.acquire().await?;
                let leave = store::delivery::call::take(&mut conn, now, self.app).await?;
                if leave.is_none() {
                    let now = self.inner.clock.now();
                    store::channel::insert_missing(&mut conn, now).await?;
                }
                leave
            };
            // Without a channel before, there is one now.
            let Some(leave) = leave else { continue };
            match leave {
                CallLeave::Granted => return Ok(()),
                CallLeave::Later(span) => {
                    wait(span.to_std().unwrap_or_default().min(LONGEST_WAIT)).await;
                }
                CallLeave::Paused(reason) => return Err(PullError::Paused(reason)),
                CallLeave::Resting(until) => return Err(PullError::Resting(until)),
                CallLeave::NoSecret => return Err(PullError::NoSecret),
            }
        }
        Err(PullError::NoRoom)
    }
}

/// Whether the same call may fare better in a moment.
fn may_pass(error: &impl Trouble) -> bool {
    match error.outcome(false) {
        Outcome::Busy { .. }
        | Outcome::Unknown { .. }
        | Outcome::NotAsked
        | Outcome::NotYet { .. }
        | Outcome::TooFast { .. } => true,
        Outcome::Done
        | Outcome::DoneBefore
        | Outcome::UsedUpToday
        | Outcome::Locked
        | Outcome::Refused => false,
    }
}

#[expect(clippy::disallowed_methods, reason = "only the worker waits")]
async fn wait(pause: Duration) {
    tokio::time::sleep(pause).await;
}
