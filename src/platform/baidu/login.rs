//! Who a login code of a mini-program belongs to.
//!
//! Accounts and access tokens are kept by somebody else, who is asked for them here. Baidu's session key is dropped with
//! the answer that it came in: nobody needs it.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    client::{self, Client, identity::Session},
    error::CallError,
    settings::Settings,
};
use crate::{
    domain::{delivery::Outcome, id::AppId, people::OpenId},
    outgoing::{answer::Heard, secret::AccessToken},
};

/// Which of Baidu's calls is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginBy {
    /// The newer one, with an access token.
    #[default]
    SessionKey,
    /// The older one, with the app's secret.
    #[serde(rename = "jscode2session")]
    JsCode,
}

/// An account as a login needs it.
pub struct LoginAccount {
    /// The app's key.
    pub app_key: String,
    /// Where its calls go, and which.
    pub settings: Settings,
    /// The app's secret, in the clear.
    pub secret: SecretString,
}

/// An access token, and which one it is.
pub struct LoginToken {
    /// The token.
    pub value: AccessToken,
    /// To be named when Baidu refuses it.
    pub generation: i64,
}

/// Why there is no account or no token now; for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotReady(pub String);

/// Who keeps accounts and their access tokens, for all servers together.
pub trait Keeper: Send + Sync {
    /// The account as it is now.
    fn account(&self, app: AppId) -> BoxFuture<'_, Result<LoginAccount, NotReady>>;

    /// A token that serves now; never the one of the generation that Baidu has just refused.
    fn token(
        &self,
        app: AppId,
        refused: Option<i64>,
    ) -> BoxFuture<'_, Result<LoginToken, NotReady>>;
}

/// Asks Baidu who has logged in; cheap to clone.
#[derive(Clone)]
pub struct Login {
    client: Client,
    keeper: Arc<dyn Keeper>,
}

/// Why nobody has logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Baidu knows no such code, or knows it as used or over.
    #[error("the login code is wrong, used or over")]
    Refused,
    /// Baidu could not be asked, or gave no clear answer; why is for the log.
    #[error("{0}")]
    Away(String),
}

/// A person waits for this; longer than two calls that are slow, each of them.
const PATIENCE: Duration = Duration::from_secs(8);

impl Login {
    /// With this client, and what that keeper has.
    pub fn new(client: Client, keeper: Arc<dyn Keeper>) -> Self {
        Self { client, keeper }
    }

    /// Who the code belongs to. It is spent, whatever the answer.
    pub async fn whose(&self, app: AppId, code: &SecretString) -> Result<OpenId, LoginError> {
        let slow = |_| LoginError::Away("no answer in time".to_owned());
        tokio::time::timeout(PATIENCE, self.ask(app, code)).await.map_err(slow)?
    }

    async fn ask(&self, app: AppId, code: &SecretString) -> Result<OpenId, LoginError> {
        let LoginAccount { app_key, settings, secret } = self.keeper.account(app).await?;
        let account = settings.account(&app_key);
        let heard = match settings.login {
            LoginBy::JsCode => self.client.old_session_key(account, &secret, code).await?,
            LoginBy::SessionKey => self.ask_with_token(app, account, code).await?,
        };
        Ok(heard.value.open_id)
    }

    /// Once more with a fresh token when the token is refused: then nobody has looked at the code yet.
    async fn ask_with_token(
        &self,
        app: AppId,
        account: client::Account<'_>,
        code: &SecretString,
    ) -> Result<Heard<Session>, LoginError> {
        let token = self.keeper.token(app, None).await?;
        let said = self.client.session_key(account, &token.value, code).await;
        match said {
            Err(error) if error.token_problem() => {
                let token = self.keeper.token(app, Some(token.generation)).await?;
                Ok(self.client.session_key(account, &token.value, code).await?)
            }
            said => Ok(said?),
        }
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
