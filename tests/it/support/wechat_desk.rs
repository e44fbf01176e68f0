//! What it takes to call WeChat: a client, an account, a token, and a card to tell of.

use std::time::Duration;

use kaquan::{
    config,
    domain::terms::Terms,
    outgoing::secret::AccessToken,
    platform::wechat::{
        client::{Account, Client},
        draft::draft,
        form::{CodeMode, NewCard},
        look::CardLook,
    },
};
use secrecy::SecretString;
use url::Url;

pub const APP_ID: &str = "wxsim0000000000001";
pub const TOKEN: &str = "75_canary-token";
pub const SECRET: &str = "canary-secret";
pub const JS_CODE: &str = "canary-js-code";
pub const OPEN_ID: &str = "oUSER000000000000000000000AA";
pub const CARD: &str = "pSIM0000000000000000000000AA";
pub const CODE: &str = "110201201245";

/// More than any answer takes on a busy machine.
const PATIENT: Duration = Duration::from_secs(30);

pub fn client() -> Client {
    client_that_waits(PATIENT)
}

pub fn client_that_waits(timeout: Duration) -> Client {
    let settings = config::wechat::Wechat {
        call_timeout: timeout,
        upload_timeout: timeout,
        ..config::wechat::Wechat::default()
    };
    Client::new(&settings).unwrap()
}

pub fn account(url: &Url) -> Account<'_> {
    Account { app_id: APP_ID, api: url }
}

pub fn token() -> AccessToken {
    AccessToken::parse(TOKEN).unwrap()
}

pub fn secret() -> SecretString {
    SecretString::from(SECRET)
}

pub fn js_code() -> SecretString {
    SecretString::from(JS_CODE)
}

pub fn card() -> NewCard {
    let terms: Terms = serde_json::from_str(include_str!("../../fixtures/terms.json")).unwrap();
    let look = CardLook {
        brand_name: Some("微信餐厅".to_owned()),
        logo_url: Some("http://mmbiz.qpic.cn/mmbiz/x/0".to_owned()),
        ..CardLook::default()
    };
    draft(&terms, &look, CodeMode::Wechat, 100).unwrap()
}
