//! WeChat as it pushes, with code of its own for what is sealed and signed, and a server that it pushes to.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use aes::Aes256;
use base64::{
    Engine, alphabet,
    engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use cbc::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use kaquan::{
    app::App,
    clock::{Clock, ManualClock},
    domain::{app::PlatformKind, id::AppId},
    service::{
        create_app::{NewApp, create_app},
        save_push_address::{NewPushSecrets, PushAddress, save_push_address},
    },
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use sqlx::PgPool;

use super::{database::TestDatabase, letter, plant::noon, test_app::config, vault::vault};

pub const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
pub const TOKEN: &str = "simtoken";
pub const APP_ID: &str = "wxsim0000000000001";
pub const ORIGINAL_ID: &str = "gh_sim000000001";
pub const TIMESTAMP: &str = "1700000123";
pub const NONCE: &str = "998877";

/// A server with accounts that WeChat pushes to.
pub struct PushScene {
    pub database: TestDatabase,
    pub clock: Arc<ManualClock>,
    pub client: reqwest::Client,
    servers: Vec<App>,
}

/// One account at WeChat.
#[derive(Debug, Clone)]
pub struct Account {
    pub app: AppId,
    pub app_id: String,
    /// The secret part of its address.
    pub secret: String,
    pub token: String,
    pub key: String,
}

/// What was answered, and how long that took.
#[derive(Debug)]
pub struct Heard {
    pub status: u16,
    pub body: String,
    pub took: Duration,
}

impl PushScene {
    pub async fn new() -> Self {
        Self::believing(false).await
    }

    /// Whether it believes pushes in the open.
    pub async fn believing(accept_plain: bool) -> Self {
        let database = TestDatabase::new().await;
        let clock = Arc::new(ManualClock::at(noon()));
        let mut scene = Self { database, clock, client: letter::client(), servers: Vec::new() };
        scene.add_server(accept_plain).await;
        scene
    }

    pub async fn add_server(&mut self, accept_plain: bool) {
        let mut config = config(([127, 0, 0, 1], 0).into());
        config.wechat.accept_plain_pushes = accept_plain;
        let server = App::start(&config, &self.database.options, self.clock.clone()).await;
        self.servers.push(server.unwrap());
    }

    pub fn db(&self) -> &PgPool {
        &self.database.pool
    }

    pub fn address(&self) -> SocketAddr {
        self.servers[0].address
    }

    pub fn other_address(&self) -> SocketAddr {
        self.servers[1].address
    }

    /// An account whose pushes come in this mode.
    pub async fn account(&self, mode: &str) -> Account {
        account(self.db(), self.clock.now(), mode, APP_ID).await
    }

    pub async fn push(&self, account: &Account, message: &str) -> Heard {
        self.push_to(self.address(), account, message).await
    }

    pub async fn push_to(&self, server: SocketAddr, account: &Account, message: &str) -> Heard {
        let (query, body) = account.sealed(message);
        self.post(server, account, &query, body).await
    }

    pub async fn post(&self, server: SocketAddr, to: &Account, query: &str, body: String) -> Heard {
        let url = format!("http://{server}/callbacks/wechat/{}?{query}", to.secret);
        let began = std::time::Instant::now();
        let reply = self.client.post(url).body(body).send().await.unwrap();
        let (status, body) = (reply.status().as_u16(), reply.text().await.unwrap());
        Heard { status, body, took: began.elapsed() }
    }

    /// Rows as (kind, code, state), in the order in which they came.
    pub async fn rows(&self) -> Vec<(String, String, String)> {
        sqlx::query_as("select kind, code, state from card_push order by position")
            .fetch_all(self.db())
            .await
            .unwrap()
    }

    pub async fn count(&self) -> i64 {
        sqlx::query_scalar("select count(*) from card_push").fetch_one(self.db()).await.unwrap()
    }

    pub async fn finish(self) {
        for server in self.servers {
            server.stop().await;
        }
    }
}

/// An account with its address.
pub async fn account(
    db: &PgPool,
    now: chrono::DateTime<chrono::Utc>,
    mode: &str,
    app_id: &str,
) -> Account {
    let new = NewApp {
        platform: PlatformKind::Wechat,
        app_key: app_id.to_owned(),
        name: mode.to_owned(),
        settings: json!({ "original_id": ORIGINAL_ID, "push": mode }),
        secret: None,
        cards_app: None,
        give_back: None,
    };
    let app = create_app(db, &vault(), now, new).await.unwrap();
    let address = save(db, now, app.id, Some(TOKEN), Some(KEY)).await;
    Account::of(app.id, app_id, &address)
}

/// Gives the account an address, or another token and key.
pub async fn save(
    db: &PgPool,
    now: chrono::DateTime<chrono::Utc>,
    app: AppId,
    token: Option<&str>,
    key: Option<&str>,
) -> PushAddress {
    let new = NewPushSecrets { token: token.map(Into::into), key: key.map(Into::into) };
    save_push_address(db, &vault(), now, app, new, |_, _| Ok(())).await.unwrap()
}

impl Account {
    pub fn of(app: AppId, app_id: &str, address: &PushAddress) -> Self {
        Self {
            app,
            app_id: app_id.to_owned(),
            secret: address.secret.expose_secret().to_owned(),
            token: address.secrets.token.expose_secret().to_owned(),
            key: address.secrets.key.expose_secret().to_owned(),
        }
    }

    /// Query and body of a sealed push.
    pub fn sealed(&self, message: &str) -> (String, String) {
        let sealed = seal(&self.key, &filled(message, &self.app_id));
        let signed = sign(&[&self.token, TIMESTAMP, NONCE, &sealed]);
        let query = format!(
            "signature=ignored&timestamp={TIMESTAMP}&nonce={NONCE}&encrypt_type=aes&msg_signature={signed}"
        );
        (
            query,
            format!("<xml><ToUserName>{ORIGINAL_ID}</ToUserName><Encrypt>{sealed}</Encrypt></xml>"),
        )
    }

    /// The query of a push in the open.
    pub fn plain_query(&self) -> String {
        let signed = sign(&[&self.token, TIMESTAMP, NONCE]);
        format!("signature={signed}&timestamp={TIMESTAMP}&nonce={NONCE}&openid=o-1")
    }
}

/// Hexadecimal SHA-1 over the sorted values.
pub fn sign(values: &[&str]) -> String {
    let mut values: Vec<_> = values.iter().map(|value| value.as_bytes()).collect();
    values.sort_unstable();
    hex::encode(Sha1::digest(values.concat()))
}

/// Random bytes, length, message, `AppID` and filling.
pub fn filled(message: &str, app_id: &str) -> Vec<u8> {
    let mut bytes = b"0123456789abcdef".to_vec();
    bytes.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    bytes.extend(message.as_bytes());
    bytes.extend(app_id.as_bytes());
    let filling = 32 - bytes.len() % 32;
    bytes.extend(std::iter::repeat_n(u8::try_from(filling).unwrap(), filling));
    bytes
}

pub fn seal(key: &str, filled: &[u8]) -> String {
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    let lenient = GeneralPurpose::new(&alphabet::STANDARD, config);
    let key: [u8; 32] = lenient.decode(format!("{key}=")).unwrap().try_into().unwrap();
    let start: [u8; 16] = key[..16].try_into().unwrap();
    let cipher = cbc::Encryptor::<Aes256>::new(&key.into(), &start.into());
    STANDARD.encode(cipher.encrypt_padded_vec::<NoPadding>(filled))
}

/// A message about a card of somebody's, at the second of the query.
pub fn event(kind: &str, code: &str, more: &Value) -> String {
    let mut fields = json!({
        "ToUserName": ORIGINAL_ID, "FromUserName": "oUSER000000000000000000000AA", "CreateTime": TIMESTAMP,
        "MsgType": "event", "Event": kind, "CardId": "pSIM0000000000000000000000AA", "UserCardCode": code,
    });
    for (name, value) in more.as_object().unwrap() {
        fields[name] = value.clone();
    }
    let fields =
        fields.as_object().unwrap().iter().map(|(name, value)| {
            format!("<{name}><![CDATA[{}]]></{name}>", value.as_str().unwrap())
        });
    format!("<xml>{}</xml>", fields.collect::<String>())
}

pub fn claim(code: &str) -> String {
    event("user_get_card", code, &json!({ "IsGiveByFriend": "0", "OuterStr": "poster-7" }))
}
