//! What people's requests ask WeChat while they wait: who has logged in, what signs a card, which code an encrypted one is.
//!
//! Accounts, tokens and tickets are kept by somebody else, who answers here. Session keys never come this far.

use std::{fmt, sync::Arc};

use futures_util::future::{BoxFuture, FutureExt, ready};
use secrecy::SecretString;

use super::{
    client::session::UnionId,
    login::{Login, LoginError},
};
use crate::{
    domain::{code::CouponCode, id::AppId, people::OpenId},
    outgoing::secret::AccessToken,
};

/// Somebody who has logged in on a mini-program.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// As this mini-program knows them.
    pub open_id: OpenId,
    /// As all accounts of the merchant know them, where those are bound together; shaped like an open id.
    pub union_id: Option<OpenId>,
}

/// Why nothing was learnt.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// WeChat knows no such code, or knows it as used, over, or another account's.
    #[error("the code is wrong, used or over")]
    Refused,
    /// WeChat could not be asked, or gave no clear answer; why is for the log, and names no secret.
    #[error("{0}")]
    Away(String),
}

/// Who asks whose a login code is.
pub trait Logins: Send + Sync {
    /// Who the code of this mini-program belongs to. It is spent, whatever the answer.
    fn whose(&self, mini: AppId, code: SecretString) -> BoxFuture<'_, Result<LoggedIn, AskError>>;
}

/// Who keeps the tickets of official accounts, for all servers together, and reads encrypted codes.
pub trait CardTickets: Send + Sync {
    /// The ticket with which cards of this account are signed now.
    fn ticket(&self, account: AppId) -> BoxFuture<'_, Result<AccessToken, AskError>>;

    /// The code that WeChat gave a front end encrypted.
    fn read_code(
        &self,
        account: AppId,
        encrypted: String,
    ) -> BoxFuture<'_, Result<CouponCode, AskError>>;

    /// Who has the code of this card, and by what it was taken.
    fn whose_code(
        &self,
        account: AppId,
        card_ref: String,
        code: CouponCode,
    ) -> BoxFuture<'_, Result<CodeOwner, AskError>>;
}

/// Who has a code.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeOwner {
    /// As the official account knows them.
    pub open_id: OpenId,
    /// What was given along when the card was taken; the taker could change it.
    pub reference: Option<String>,
}

/// Who it is and by what they took it is nobody's business in a log.
impl fmt::Debug for CodeOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeOwner(…)")
    }
}

impl Logins for Login {
    fn whose(&self, mini: AppId, code: SecretString) -> BoxFuture<'_, Result<LoggedIn, AskError>> {
        async move {
            let person = Login::whose(self, mini, &code).await.map_err(|error| match error {
                LoginError::Refused => AskError::Refused,
                LoginError::Away(why) => AskError::Away(why),
            })?;
            let union_id = person.union_id.map(UnionId::into_open_id);
            Ok(LoggedIn { open_id: person.open_id, union_id })
        }
        .boxed()
    }
}

/// Both of them; cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// For people who log in.
    pub logins: Arc<dyn Logins>,
    /// For people who take cards.
    pub tickets: Arc<dyn CardTickets>,
}

/// Nobody is there who could ask.
#[derive(Debug, Clone, Copy)]
struct Nobody;

impl Desk {
    /// One at which WeChat is always away.
    pub fn closed() -> Self {
        Self { logins: Arc::new(Nobody), tickets: Arc::new(Nobody) }
    }
}

impl Nobody {
    fn away<T: Send + 'static>() -> BoxFuture<'static, Result<T, AskError>> {
        ready(Err(AskError::Away("nobody here asks WeChat".to_owned()))).boxed()
    }
}

impl Logins for Nobody {
    fn whose(&self, _: AppId, _: SecretString) -> BoxFuture<'_, Result<LoggedIn, AskError>> {
        Self::away()
    }
}

impl CardTickets for Nobody {
    fn ticket(&self, _: AppId) -> BoxFuture<'_, Result<AccessToken, AskError>> {
        Self::away()
    }

    fn read_code(&self, _: AppId, _: String) -> BoxFuture<'_, Result<CouponCode, AskError>> {
        Self::away()
    }

    fn whose_code(
        &self,
        _: AppId,
        _: String,
        _: CouponCode,
    ) -> BoxFuture<'_, Result<CodeOwner, AskError>> {
        Self::away()
    }
}
