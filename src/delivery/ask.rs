//! One call to the platform, with whatever it needs around it.

use std::{marker::PhantomData, sync::Arc, time::Duration};

use chrono::TimeDelta;
use secrecy::ExposeSecret;

use super::{
    Inner,
    account::{Account, AccountTrouble},
    attempt::{Held, Said},
    dialect::{Dialect, Trouble},
    token::Token,
    work::Consequence,
};
use crate::{
    domain::{channel::next_day_in_china, delivery::Outcome},
    outgoing::{
        answer::{Answer, Heard},
        secret::AccessToken,
    },
    store::platform_token::Purpose,
    vault::VaultError,
};

/// No call takes longer; a lease that ends sooner is not enough for one.
pub(crate) const LONGEST_CALL: Duration = Duration::from_secs(12);

/// Calls the platform that speaks the dialect, for what is held: with an access token, and once more with a fresh one when that is refused.
/// Gives what was heard; any error is what the attempt comes to, and ends the function around it.
macro_rules! ask {
    ($dialect:ty, $inner:expr, $held:expr, |$account:ident, $token:ident| $call:expr) => {{
        let mut line = $crate::delivery::ask::Line::<$dialect>::open($inner, $held).await?;
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
pub(crate) struct Line<'a, D> {
    inner: &'a Inner,
    held: &'a Held,
    account: Arc<Account>,
    token: Arc<Token>,
    renewed: bool,
    dialect: PhantomData<fn() -> D>,
}

impl<'a, D: Dialect> Line<'a, D> {
    /// The account and a token that serves.
    pub async fn open(inner: &'a Inner, held: &'a Held) -> Result<Self, Said> {
        let rest = inner.used_up.rest(held.app, &held.delivery.kind, inner.clock.now());
        if let Some(rest) = rest {
            let note = "平台今天的调用次数已用完 · the platform's calls of today are used up";
            return Err(Said::unheard(Outcome::NotYet { after: Some(rest) }, note));
        }
        let account = inner.accounts.get(inner, held).await?;
        let token = inner.tokens.get(inner, &account, Purpose::Access, None).await?;
        Ok(Self { inner, held, account, token, renewed: false, dialect: PhantomData })
    }

    /// Both ends; to be asked right before sending: a process that was stopped for a while may have lost its lease.
    pub fn ends(&self) -> Result<(D::Account<'_>, &AccessToken), Said> {
        if self.inner.stop.is_cancelled() {
            return Err(Said::unheard(
                Outcome::NotYet { after: Some(TimeDelta::zero()) },
                "kaquan 正在停止 · kaquan is stopping",
            ));
        }
        if self.held.is_ours_for(LONGEST_CALL) {
            let account = D::account(&self.account).ok_or_else(|| {
                let note = "应用不在这个平台上 · the app is none of this platform's";
                Said::unheard(Outcome::Refused, note)
            })?;
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
        said: Result<Heard<T>, D::Error>,
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
            let tokens = &self.inner.tokens;
            self.token = tokens.get(self.inner, &self.account, Purpose::Access, refused).await?;
            return Ok(None);
        }
        // With a fresh one refused as well, it is no matter of age; then the client knows what to make of it.
        let mut outcome = error.outcome(self.held.delivery.doubt);
        if outcome == Outcome::UsedUpToday && D::COUNTS_EACH_CALL {
            outcome = self.wait_for_tomorrow();
        }
        let answer = Some(self.mask(error.answer()).as_str().to_owned());
        let answer = answer.filter(|answer| !answer.is_empty());
        let note = Some(error.to_string());
        Err(Said { outcome, answer, note, consequence: Consequence::None })
    }

    /// Other calls go on.
    fn wait_for_tomorrow(&self) -> Outcome {
        let (held, now) = (self.held, self.inner.clock.now());
        let until = next_day_in_china(now);
        self.inner.used_up.mark(held.app, &held.delivery.kind, until);
        tracing::warn!(app.id = %held.app, kind = held.delivery.kind, "the platform's calls of today are used up");
        Outcome::NotYet { after: Some(until - now) }
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
