//! Who a login code of a mini-program belongs to.
//!
//! Accounts are kept by somebody else, who is asked for them here. WeChat's session key is dropped with the answer that it
//! came in: nobody needs it.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use secrecy::SecretString;

use super::{
    client::{
        Client,
        session::{Session, UnionId},
    },
    error::CallError,
    settings::MiniSettings,
};
use crate::domain::{delivery::Outcome, id::AppId, people::OpenId};

/// A mini-program as a login needs it.
pub struct LoginAccount {
    /// The `AppID`.
    pub app_key: String,
    /// Where its calls go.
    pub settings: MiniSettings,
    /// The `AppSecret`, in the clear.
    pub secret: SecretString,
}

/// Why there is no account now; for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotReady(pub String);

/// Who keeps accounts, for all servers together.
pub trait Keeper: Send + Sync {
    /// The mini-program as it is now.
    fn account(&self, app: AppId) -> BoxFuture<'_, Result<LoginAccount, NotReady>>;
}

/// Asks WeChat who has logged in; cheap to clone.
#[derive(Clone)]
pub struct Login {
    client: Client,
    keeper: Arc<dyn Keeper>,
}

/// Who has logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// In this mini-program; the official account knows them by another.
    pub open_id: OpenId,
    /// In all apps of one owner; only where they are bound together.
    pub union_id: Option<UnionId>,
}

/// Why nobody has logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// WeChat knows no such code, or knows it as used or over, or does not trust who used it.
    #[error("the login code is wrong, used or over")]
    Refused,
    /// WeChat could not be asked, or gave no clear answer; why is for the log.
    #[error("{0}")]
    Away(String),
}

/// A person waits for this; a little longer than a call may take by default.
const PATIENCE: Duration = Duration::from_secs(9);

impl Login {
    /// With this client, and what that keeper has.
    pub fn new(client: Client, keeper: Arc<dyn Keeper>) -> Self {
        Self { client, keeper }
    }

    /// Who the code belongs to. It is spent, whatever the answer.
    pub async fn whose(&self, app: AppId, code: &SecretString) -> Result<Person, LoginError> {
        let slow = |_| LoginError::Away("no answer in time".to_owned());
        tokio::time::timeout(PATIENCE, self.ask(app, code)).await.map_err(slow)?
    }

    async fn ask(&self, app: AppId, code: &SecretString) -> Result<Person, LoginError> {
        let LoginAccount { app_key, settings, secret } = self.keeper.account(app).await?;
        let heard = self.client.session(settings.account(&app_key), &secret, code).await?;
        let Session { open_id, union_id, .. } = heard.value;
        Ok(Person { open_id, union_id })
    }
}

impl From<CallError> for LoginError {
    fn from(error: CallError) -> Self {
        match error.outcome(false) {
            Outcome::Refused => Self::Refused,
            Outcome::Done
            | Outcome::DoneBefore
            | Outcome::Busy { .. }
            | Outcome::Unknown { .. }
            | Outcome::NotAsked
            | Outcome::NotYet { .. }
            | Outcome::TooFast { .. }
            | Outcome::UsedUpToday
            | Outcome::Locked => Self::Away(error.to_string()),
        }
    }
}

impl From<NotReady> for LoginError {
    fn from(why: NotReady) -> Self {
        Self::Away(why.0)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}
