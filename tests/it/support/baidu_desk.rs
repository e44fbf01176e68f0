//! What it takes to call Baidu: a client, an account, a token, and things to tell.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kaquan::domain::benefit::CouponKind;
use kaquan::{
    config,
    outgoing::secret::AccessToken,
    platform::baidu::{
        client::{Account, Client},
        colour::COLOURS,
        form::{BannerForm, StockLetter, SyncLetter, TemplateForm},
        image::Image,
    },
};
use secrecy::SecretString;
use url::Url;

pub const TOKEN: &str = "24.canary-token";
pub const SECRET: &str = "canary-secret";
pub const LOGIN_CODE: &str = "canary-login-code";
pub const OPEN_ID: &str = "canary-open-id";
pub const CODE: &str = "CANARYCODE1";
pub const RECORD: &str = "931c1f60";
pub const CALLBACK: &str = "https://m.example/callbacks/baidu/canary-callback";
pub const TEMPLATE: i64 = 123;

/// More than any answer takes on a busy machine.
const PATIENT: Duration = Duration::from_secs(30);

pub fn client() -> Client {
    client_that_waits(PATIENT)
}

pub fn client_that_waits(timeout: Duration) -> Client {
    let settings = config::baidu::Baidu {
        call_timeout: timeout,
        upload_timeout: timeout,
        ..config::baidu::Baidu::default()
    };
    Client::new(&settings).unwrap()
}

/// An app whose calls all go to one place.
pub fn account(url: &Url) -> Account<'_> {
    Account { app_key: "AK", open_api: url, session_api: url }
}

pub fn token() -> AccessToken {
    AccessToken::parse(TOKEN).unwrap()
}

pub fn secret() -> SecretString {
    SecretString::from(SECRET)
}

pub fn login_code() -> SecretString {
    SecretString::from(LOGIN_CODE)
}

pub fn template() -> TemplateForm {
    TemplateForm {
        colour: COLOURS.0[0],
        kind: CouponKind::Cash,
        title: "满 100 减 20".to_owned(),
        description: "全场".to_owned(),
        effect_time: 1_574_952_776,
        expire_time: 1_577_544_776,
        introduce: "a+b&c=d".to_owned(),
        sill: "满100元可用".to_owned(),
        take_limit: "每人限领1张".to_owned(),
        callback_url: SecretString::from(CALLBACK),
    }
}

pub fn banner() -> BannerForm {
    let image = Image::read(bytes::Bytes::from_static(b"\x89PNG\r\n\x1a\n\x00pixels\xff")).unwrap();
    BannerForm { title: "T".to_owned(), dest_url: "/pages/index".to_owned(), image }
}

pub fn sync_letter() -> SyncLetter<'static> {
    SyncLetter {
        template: TEMPLATE,
        open_id: OPEN_ID,
        record: RECORD,
        code: CODE,
        from: moment(1_574_952_776),
        until: moment(1_577_544_776),
    }
}

pub fn stock_letter() -> StockLetter<'static> {
    StockLetter { template: TEMPLATE, name: "prod-123-1", amount: 1000, at: moment(1_574_952_776) }
}

fn moment(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}
