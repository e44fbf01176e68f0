//! The worker's accounts, tickets and tokens of WeChat, for those who sign cards, read codes and log in.

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};

use super::{
    Inner,
    account::{Account, Side},
    dialect::{Dialect, Wechat},
    login::Desk,
    token::TokenTrouble,
};
use crate::{
    domain::{channel::rests_until, code::CouponCode, delivery::Outcome, id::AppId},
    outgoing::secret::AccessToken,
    platform::wechat::{
        desk::{AskError, CardTickets, CodeOwner},
        error::CallError,
        login::{Keeper, LoginAccount, NotReady},
    },
    store::platform_token::Purpose,
};

/// Under which names questions rest that WeChat wants no more of, each by itself, as WeChat counts them.
const DECRYPT: &str = "decrypt";
const LOOK: &str = "look";

/// Asks once, and with a fresh token once more when WeChat takes the one at hand no longer; not at all while that question
/// rests.
macro_rules! asked {
    ($inner:expr, $account:expr, $question:expr, |$named:ident, $token:ident| $call:expr) => {{
        let app = $account.app;
        if $inner.used_up.rest(app, $question, $inner.clock.now()).is_some() {
            return Err(AskError::Away("WeChat wants no more such calls for now".to_owned()));
        }
        let mut refused = None;
        loop {
            let kept = $inner.tokens.get($inner, &$account, Purpose::Access, refused).await?;
            let foreign = || AskError::Away("the app is no account of WeChat's".to_owned());
            let $named = Wechat::account(&$account).ok_or_else(foreign)?;
            let $token = &kept.value;
            match $call.await {
                Ok(heard) => break heard,
                Err(error) if error.token_problem() && refused.is_none() => {
                    refused = Some(kept.generation);
                }
                Err(error) => return Err(refusal($inner, app, $question, &error)),
            }
        }
    }};
}

impl CardTickets for Desk {
    fn ticket(&self, app: AppId) -> BoxFuture<'_, Result<AccessToken, AskError>> {
        let inner = Arc::clone(&self.0);
        // A task of its own: whoever fetches has leased the right to, and would keep everybody else waiting if the caller
        // hung up in the middle.
        let getting = tokio::spawn(async move {
            let account = account(&inner, app).await?;
            let ticket = inner.tokens.get(&inner, &account, Purpose::CardTicket, None).await?;
            Ok(ticket.value.clone())
        });
        async move { getting.await.map_err(|error| AskError::Away(error.to_string()))? }.boxed()
    }

    fn read_code(
        &self,
        app: AppId,
        encrypted: String,
    ) -> BoxFuture<'_, Result<CouponCode, AskError>> {
        let inner = Arc::clone(&self.0);
        let asking = tokio::spawn(async move { decrypt(&inner, app, &encrypted).await });
        async move { asking.await.map_err(|error| AskError::Away(error.to_string()))? }.boxed()
    }

    fn whose_code(
        &self,
        app: AppId,
        card_ref: String,
        code: CouponCode,
    ) -> BoxFuture<'_, Result<CodeOwner, AskError>> {
        let inner = Arc::clone(&self.0);
        let asking = tokio::spawn(async move { owner(&inner, app, &card_ref, &code).await });
        async move { asking.await.map_err(|error| AskError::Away(error.to_string()))? }.boxed()
    }
}

async fn decrypt(inner: &Inner, app: AppId, encrypted: &str) -> Result<CouponCode, AskError> {
    let account = account(inner, app).await?;
    let heard = asked!(inner, account, DECRYPT, |named, token| inner
        .wechat
        .decrypt_code(named, token, encrypted));
    let strange = |_| AskError::Away("WeChat gives a code that is none".to_owned());
    CouponCode::parse(&heard.value).map_err(strange)
}

async fn owner(
    inner: &Inner,
    app: AppId,
    card_ref: &str,
    code: &CouponCode,
) -> Result<CodeOwner, AskError> {
    let account = account(inner, app).await?;
    let card = Some(card_ref);
    let heard = asked!(inner, account, LOOK, |named, token| inner.wechat.get_code(
        named,
        token,
        code.as_str(),
        card
    ));
    Ok(CodeOwner { open_id: heard.value.openid, reference: heard.value.outer_str })
}

fn refusal(inner: &Inner, app: AppId, question: &str, error: &CallError) -> AskError {
    let outcome = error.outcome(false);
    if let Some(until) = rests_until(outcome, inner.clock.now()) {
        inner.used_up.mark(app, question, until);
        tracing::warn!(app.id = %app, question, %until, "WeChat wants no more such calls for now");
    }
    match outcome {
        Outcome::Refused => AskError::Refused,
        Outcome::Done
        | Outcome::DoneBefore
        | Outcome::Busy { .. }
        | Outcome::Unknown { .. }
        | Outcome::NotAsked
        | Outcome::NotYet { .. }
        | Outcome::TooFast { .. }
        | Outcome::UsedUpToday
        | Outcome::Locked => AskError::Away(error.to_string()),
    }
}

async fn account(inner: &Inner, app: AppId) -> Result<Arc<Account>, AskError> {
    let account = inner.accounts.current(inner, app).await;
    account.map_err(|trouble| AskError::Away(trouble.to_string()))
}

impl Keeper for Desk {
    fn account(&self, app: AppId) -> BoxFuture<'_, Result<LoginAccount, NotReady>> {
        async move {
            let account = self.0.accounts.current(&self.0, app).await;
            let account = account.map_err(|trouble| NotReady(trouble.to_string()))?;
            let Side::WechatMini(settings) = &account.side else {
                return Err(NotReady("the app is no mini-program of WeChat's".to_owned()));
            };
            Ok(LoginAccount {
                app_key: account.app_key.clone(),
                settings: settings.clone(),
                secret: account.secret.clone(),
            })
        }
        .boxed()
    }
}

impl From<TokenTrouble> for AskError {
    fn from(trouble: TokenTrouble) -> Self {
        Self::Away(trouble.note)
    }
}
