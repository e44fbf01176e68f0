//! One call to the platform: with an access token, once more with a fresh one if the first is refused.

use std::{sync::Arc, time::Duration};

use secrecy::ExposeSecret;

use super::{
    Inner,
    account::{Account, AccountTrouble},
    attempt::{Held, Said},
    work::Consequence,
};
use crate::{
    domain::delivery::Outcome,
    platform::baidu::{
        answer::Answer,
        answer::Heard,
        client,
        error::CallError,
        secret::AccessToken,
    },
};

/// No call takes longer; a lease that ends sooner is not enough for one.
const LONGEST_CALL: Duration = Duration::from_secs(12);

/// Calls the platform for what is held. The error is what the attempt comes to.
pub(crate) async fn ask<T>(
    inner: &Inner,
    held: &Held,
    call: impl AsyncFn(&client::Account<'_>, &AccessToken) -> Result<Heard<T>, CallError>,
) -> Result<Heard<T>, Said> {
    let account = inner.accounts.get(inner, held).await?;
    let mut token = inner.tokens.get(inner, &account, None).await?;
    let mut renewed = false;
    loop {
        // Asked right before sending: a process that was stopped for a while may have lost its lease meanwhile.
        if !held.is_ours_for(LONGEST_CALL) {
            return Err(Said::unheard(Outcome::NotAsked, "the lease was about to end"));
        }
        match call(&account.for_baidu(), &token.value).await {
            Ok(heard) => {
                let answer = mask(&heard.answer, &account, &token.value, held);
                return Ok(Heard { answer, ..heard });
            }
            Err(error) if error.token_problem() && !renewed => {
                renewed = true;
                token = inner.tokens.get(inner, &account, Some(token.generation)).await?;
            }
            Err(error) => {
                let outcome = if error.token_problem() {
                    // Twice in a row, with a fresh one: that is no matter of age.
                    Outcome::Busy { after: None }
                } else {
                    error.outcome(held.delivery.doubt)
                };
                let answer = mask(error.answer(), &account, &token.value, held);
                let answer = Some(answer.as_str().to_owned()).filter(|answer| !answer.is_empty());
                let note = Some(error.to_string());
                return Err(Said { outcome, answer, note, consequence: Consequence::None });
            }
        }
    }
}

/// What is kept of an answer names nobody and opens nothing.
fn mask(answer: &Answer, account: &Arc<Account>, token: &AccessToken, held: &Held) -> Answer {
    let mut secrets = vec![account.secret.expose_secret(), token.expose()];
    if let Some(letter) = &held.delivery.letter {
        secrets.extend([letter.code.as_str(), letter.open_id.as_str()]);
    }
    answer.mask(&secrets)
}

impl Account {
    /// As Baidu's client wants it.
    pub fn for_baidu(&self) -> client::Account<'_> {
        client::Account {
            app_key: &self.app_key,
            open_api: self.settings.open_api(),
            session_api: self.settings.session_api(),
        }
    }
}

impl From<AccountTrouble> for Said {
    fn from(trouble: AccountTrouble) -> Self {
        let outcome = match trouble {
            AccountTrouble::Sealed(_) => Outcome::Locked,
            AccountTrouble::Gone | AccountTrouble::Db(_) => Outcome::NotAsked,
        };
        Self::unheard(outcome, trouble.to_string())
    }
}
