//! Accounts as calls need them: the public key, the settings, the secret in the clear. Read again when the app changes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use secrecy::SecretString;

use super::{Inner, attempt::Held};
use crate::{
    domain::{app::PlatformKind, id::AppId},
    platform::{baidu, wechat},
    store,
    vault::{Place, VaultError},
};

/// One account, ready to be called.
pub(crate) struct Account {
    pub app: AppId,
    pub version: i32,
    pub platform: PlatformKind,
    pub app_key: String,
    pub side: Side,
    pub secret: SecretString,
}

/// What only the platform of an account understands.
pub(crate) enum Side {
    /// Baidu's.
    Baidu(baidu::settings::Settings),
    /// Of an official account of WeChat's.
    Wechat(Box<wechat::settings::Settings>),
    /// Of a mini-program of WeChat's: people log in there, and nothing is owed to it.
    WechatMini(wechat::settings::MiniSettings),
    /// Of a platform that nobody calls.
    None,
}

impl Account {
    /// How calls to Baidu are made; `None` for an account on another platform.
    pub const fn baidu(&self) -> Option<&baidu::settings::Settings> {
        match &self.side {
            Side::Baidu(settings) => Some(settings),
            Side::Wechat(_) | Side::WechatMini(_) | Side::None => None,
        }
    }
}

/// Why an account cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountTrouble {
    /// It was there when the delivery was leased.
    #[error("the app, or its secret, is gone")]
    Gone,
    /// The master key is missing, or the value is not ours.
    #[error("the app's secret cannot be opened: {0}")]
    Sealed(VaultError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// What is known of accounts.
#[derive(Default)]
pub(crate) struct Accounts(Mutex<HashMap<AppId, Arc<Account>>>);

impl Accounts {
    /// The account of what is held, as it was when that was leased or newer.
    pub async fn get(&self, inner: &Inner, held: &Held) -> Result<Arc<Account>, AccountTrouble> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&held.app).cloned();
        if let Some(known) = known.filter(|known| known.version >= held.standing.app_version) {
            return Ok(known);
        }
        self.current(inner, held.app).await
    }

    /// The account as it is now, for what is asked outside of any delivery.
    pub async fn current(&self, inner: &Inner, app: AppId) -> Result<Arc<Account>, AccountTrouble> {
        let account = Arc::new(read(inner, app).await?);
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.insert(app, Arc::clone(&account));
        Ok(account)
    }
}

async fn read(inner: &Inner, id: AppId) -> Result<Account, AccountTrouble> {
    let mut conn = inner.db.acquire().await?;
    let app = store::app::find(&mut conn, id).await?.ok_or(AccountTrouble::Gone)?;
    let sealed = store::app::find_secret(&mut conn, id).await?.ok_or(AccountTrouble::Gone)?;
    let place = Place::app_secret(id.uuid());
    let secret = inner.vault.unseal(place, &sealed).map_err(AccountTrouble::Sealed)?;
    let side = match app.platform {
        PlatformKind::Baidu => Side::Baidu(baidu::settings::Settings::read(&app.settings)),
        PlatformKind::Wechat => {
            Side::Wechat(Box::new(wechat::settings::Settings::read(&app.settings)))
        }
        PlatformKind::WechatMini => {
            Side::WechatMini(wechat::settings::MiniSettings::read(&app.settings))
        }
        PlatformKind::Own => Side::None,
    };
    Ok(Account {
        app: id,
        version: app.version,
        platform: app.platform,
        app_key: app.app_key,
        side,
        secret,
    })
}
