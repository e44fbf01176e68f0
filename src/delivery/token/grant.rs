//! Asking a platform for a token: what that takes differs from one to the next.

use std::time::Duration;

use chrono::TimeDelta;

use super::TokenTrouble;
use crate::{
    delivery::{
        Inner,
        account::{Account, Side},
    },
    domain::delivery::Outcome,
    outgoing::{answer::Heard, secret::AccessToken},
    platform::{
        baidu,
        wechat::{self, client::token::FreshToken, error::CallError},
    },
    store::{
        self,
        platform_token::{Forcing, Purpose},
    },
};

/// A token that was just granted.
pub(super) struct Granted {
    pub value: AccessToken,
    pub expires_in: TimeDelta,
    /// After so long the next one is fetched.
    pub refresh_in: TimeDelta,
}

/// The share of a token's life after which Baidu is asked for the next one (specs of the platform: 80 %).
const BAIDU_REFRESH_AT_PERCENT: i32 = 80;

/// So long before the end of its life WeChat is asked for the next one (specs of the platform).
const WECHAT_REFRESH_BEFORE: TimeDelta = TimeDelta::seconds(300);
/// A short life must not make everybody ask again at once.
const WECHAT_LEAST: TimeDelta = TimeDelta::seconds(60);

/// WeChat ends no token more than 20 times a day, nor twice within 30 seconds.
const FORCING: Forcing = Forcing { most: 20, apart: Duration::from_secs(30) };

/// Asks for the next one after `old`, which the platform may have refused.
pub(super) async fn ask(
    inner: &Inner,
    account: &Account,
    purpose: Purpose,
    old: Option<AccessToken>,
    is_refused: bool,
) -> Result<Granted, TokenTrouble> {
    match (&account.side, purpose) {
        (Side::Baidu(settings), Purpose::Access) => of_baidu(inner, account, settings).await,
        (Side::Wechat(settings), Purpose::Access) => {
            of_wechat(inner, account, settings, old.filter(|_| is_refused)).await
        }
        (Side::Wechat(settings), Purpose::CardTicket) => ticket(inner, account, settings).await,
        (Side::Baidu(_), Purpose::CardTicket) | (Side::WechatMini(_) | Side::None, _) => {
            Err(TokenTrouble {
                outcome: Outcome::Refused,
                note: "这个平台没有这种令牌 · the platform has no such tokens".to_owned(),
            })
        }
    }
}

async fn of_baidu(
    inner: &Inner,
    account: &Account,
    settings: &baidu::settings::Settings,
) -> Result<Granted, TokenTrouble> {
    let Account { app_key, secret, .. } = account;
    let heard = inner.baidu.token(settings.account(app_key), secret, settings.token_by).await;
    let granted = heard.map_err(|error| TokenTrouble::theirs(&error))?.value;
    Ok(Granted {
        value: granted.token,
        expires_in: granted.expires_in,
        refresh_in: granted.expires_in * BAIDU_REFRESH_AT_PERCENT / 100,
    })
}

/// Whoever asks gets the token of before while it lives; one that WeChat refuses must come to its end first.
async fn of_wechat(
    inner: &Inner,
    account: &Account,
    settings: &wechat::settings::Settings,
    refused: Option<AccessToken>,
) -> Result<Granted, TokenTrouble> {
    let Account { app_key, secret, .. } = account;
    let ask = async |force| {
        let named = settings.account(app_key);
        granted(inner.wechat.access_token(named, secret, settings.token_by, force).await)
    };
    let there = ask(false).await?;
    let Some(refused) = refused.filter(|refused| refused.expose() == there.value.expose()) else {
        return Ok(there);
    };
    let may_force = {
        let now = inner.clock.instead_of_database();
        let row = (account.app, Purpose::Access);
        let mut conn = inner.db.acquire().await.map_err(TokenTrouble::ours)?;
        let leave = store::platform_token::take_force(&mut conn, now, row, FORCING);
        leave.await.map_err(TokenTrouble::ours)?
    };
    if !may_force {
        return Err(stale(
            "微信拒绝它刚发的 access token，今天或刚才已强制刷新过，稍后再试 · WeChat refuses the access token that it \
             grants, and was made to change it just now or too often today: tried again later",
        ));
    }
    let fresh = ask(true).await?;
    if refused.expose() == fresh.value.expose() {
        return Err(stale(
            "微信强制刷新后仍给出被拒绝的 access token，稍后再试 · made to change it, WeChat grants the access token that \
             it refuses: tried again later",
        ));
    }
    Ok(fresh)
}

fn stale(note: &str) -> TokenTrouble {
    let after = TimeDelta::from_std(FORCING.apart).ok();
    TokenTrouble { outcome: Outcome::NotYet { after }, note: note.to_owned() }
}

async fn ticket(
    inner: &Inner,
    account: &Account,
    settings: &wechat::settings::Settings,
) -> Result<Granted, TokenTrouble> {
    let mut refused = None;
    loop {
        let token = Box::pin(inner.tokens.get(inner, account, Purpose::Access, refused)).await?;
        let named = settings.account(&account.app_key);
        let heard = inner.wechat.card_ticket(named, &token.value).await;
        if refused.is_none() && heard.as_ref().is_err_and(CallError::token_problem) {
            refused = Some(token.generation);
            continue;
        }
        return granted(heard);
    }
}

fn granted(heard: Result<Heard<FreshToken>, CallError>) -> Result<Granted, TokenTrouble> {
    let FreshToken { token, expires_in } =
        heard.map_err(|error| TokenTrouble::theirs(&error))?.value;
    let least = WECHAT_LEAST.min(expires_in / 2);
    let refresh_in = (expires_in - WECHAT_REFRESH_BEFORE).max(least);
    Ok(Granted { value: token, expires_in, refresh_in })
}
