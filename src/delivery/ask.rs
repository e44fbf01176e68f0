//! One call to the platform, with whatever it needs around it.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use secrecy::ExposeSecret;

use super::{
    Inner,
    account::{Account, AccountTrouble},
    attempt::{Held, Said},
    token::Token,
    work::Consequence,
};
use crate::{
    domain::{app::PlatformKind, delivery::Outcome},
    outgoing::{
        answer::{Answer, Heard},
        secret::AccessToken,
    },
    platform::baidu::{client, error::CallError},
    vault::VaultError,
};

/// No call takes longer; a lease that ends sooner is not enough for one.
pub(crate) const LONGEST_CALL: Duration = Duration::from_secs(12);

/// Calls the platform for what is held: with an access token, and once more with a fresh one when that is refused.
/// Gives what was heard; any error is what the attempt comes to, and ends the function around it.
macro_rules! ask {
    ($inner:expr, $held:expr, |$account:ident, $token:ident| $call:expr) => {{
        let mut line = $crate::delivery::ask::Line::open($inner, $held).await?;
        loop {
            let said = {
                let ($account, $token) = line.ends()?;
                $call.await
            };
            if let Some(heard) = line.hear(said).await? {
                break heard;
            }
        }
    }};
}

pub(crate) use ask;

/// What a call needs besides its own words.
pub(crate) struct Line<'a> {
    inner: &'a Inner,
    held: &'a Held,
    account: Arc<Account>,
    token: Arc<Token>,
    renewed: bool,
}

impl<'a> Line<'a> {
    /// The account and a token that serves.
    pub async fn open(inner: &'a Inner, held: &'a Held) -> Result<Self, Said> {
        let account = inner.accounts.get(inner, held).await?;
        if account.platform != PlatformKind::Baidu {
            let note = "这个版本的 kaquan 不支持该平台 · this version of kaquan does not speak to the platform";
            return Err(Said::unheard(Outcome::Refused, note));
        }
        let token = inner.tokens.get(inner, &account, None).await?;
        Ok(Self { inner, held, account, token, renewed: false })
    }

    /// Both ends; to be asked right before sending: a process that was stopped for a while may have lost its lease.
    pub fn ends(&self) -> Result<(client::Account<'_>, &AccessToken), Said> {
        if self.inner.stop.is_cancelled() {
            return Err(Said::unheard(
                Outcome::NotYet { after: Some(TimeDelta::zero()) },
                "kaquan 正在停止 · kaquan is stopping",
            ));
        }
        if self.held.is_ours_for(LONGEST_CALL) {
            let account = self.account.settings.account(&self.account.app_key);
            return Ok((account, &self.token.value));
        }
        Err(Said::unheard(
            Outcome::NotYet { after: None },
            "租约即将到期 · the lease was about to end",
        ))
    }

    /// What the call came to; `None` when it is to be made again, with the token that is there now.
    pub async fn hear<T>(
        &mut self,
        said: Result<Heard<T>, CallError>,
    ) -> Result<Option<Heard<T>>, Said> {
        let error = match said {
            Ok(heard) => {
                let answer = self.mask(&heard.answer);
                return Ok(Some(Heard { answer, ..heard }));
            }
            Err(error) => error,
        };
        if error.token_problem() && !self.renewed {
            self.renewed = true;
            let refused = Some(self.token.generation);
            self.token = self.inner.tokens.get(self.inner, &self.account, refused).await?;
            return Ok(None);
        }
        // With a fresh one refused as well, it is no matter of age; then the client knows what to make of it.
        let outcome = error.outcome(self.held.delivery.doubt);
        let answer = Some(self.mask(error.answer()).as_str().to_owned());
        let answer = answer.filter(|answer| !answer.is_empty());
        let note = Some(error.to_string());
        Err(Said { outcome, answer, note, consequence: Consequence::None })
    }

    /// What is kept of an answer names nobody and opens nothing.
    fn mask(&self, answer: &Answer) -> Answer {
        let mut secrets = vec![self.account.secret.expose_secret(), self.token.value.expose()];
        if let Some(letter) = &self.held.delivery.letter {
            secrets.extend([letter.code.as_str(), letter.open_id.as_str()]);
        }
        answer.mask(&secrets)
    }
}

impl From<AccountTrouble> for Said {
    fn from(trouble: AccountTrouble) -> Self {
        let not_yet = Outcome::NotYet { after: None };
        let (outcome, chinese) = match trouble {
            AccountTrouble::Sealed(VaultError::NotOurs) => (Outcome::Locked, "应用的密钥无法解密"),
            // Another server may have the key that is missing here.
            AccountTrouble::Sealed(_) => {
                (Outcome::NotYet { after: Some(TimeDelta::minutes(1)) }, "应用的密钥无法解密")
            }
            AccountTrouble::Gone => (not_yet, "应用或其密钥已不存在"),
            AccountTrouble::Db(_) => (not_yet, "数据库出错"),
        };
        Self::unheard(outcome, format!("{chinese} · {trouble}"))
    }
}
