//! Pushes of taken cards as WeChat sends them.

use std::sync::Arc;

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;

use crate::{
    platform::wechat::{push::MessageKey, sign::signature},
    service::save_push_address::PushAddress,
};

/// WeChat, for one account.
#[derive(Debug, Clone)]
pub struct PushCaller {
    secret: Arc<str>,
    token: Arc<str>,
    key: Arc<MessageKey>,
    app_id: Arc<str>,
    round: u32,
    seconds: i64,
}

impl PushCaller {
    /// For the account of this address.
    pub fn new(address: &PushAddress, app_id: &str, now: DateTime<Utc>) -> anyhow::Result<Self> {
        let key = MessageKey::parse(address.secrets.key.expose_secret());
        Ok(Self {
            secret: address.secret.expose_secret().into(),
            token: address.secrets.token.expose_secret().into(),
            key: Arc::new(key.map_err(|_| anyhow!("the key is none"))?),
            app_id: app_id.into(),
            round: 0,
            seconds: now.timestamp(),
        })
    }

    /// The same with other cards.
    #[must_use]
    pub fn in_round(&self, round: u32) -> Self {
        Self { round, ..self.clone() }
    }

    /// The n-th card that somebody takes.
    pub fn take(&self, number: u64) -> Vec<u8> {
        let Self { secret, token, seconds, round, .. } = self;
        let field = |name: &str, value: &str| format!("<{name}><![CDATA[{value}]]></{name}>");
        let message = [
            field("ToUserName", "gh_0000000bench"),
            field("FromUserName", &format!("oBENCH0000000000{number:012x}")),
            format!("<CreateTime>{seconds}</CreateTime>"),
            field("MsgType", "event"),
            field("Event", "user_get_card"),
            field("CardId", "pBENCH0000000000000000000000"),
            "<IsGiveByFriend>0</IsGiveByFriend>".to_owned(),
            field("UserCardCode", &format!("{round:02}{number:010}")),
            field("FriendUserName", ""),
            "<OuterId>0</OuterId>".to_owned(),
            field("OldUserCardCode", ""),
            field("OuterStr", &format!("{number:032x}")),
            "<IsRestoreMemberCard>0</IsRestoreMemberCard>".to_owned(),
            "<IsRecommendByFriend>0</IsRecommendByFriend>".to_owned(),
        ]
        .concat();
        let mut random = [b'0'; 16];
        random[8..].copy_from_slice(&number.to_be_bytes());
        let sealed = self.key.seal(random, &format!("<xml>{message}</xml>"), &self.app_id);
        let (timestamp, nonce) = (seconds.to_string(), number.to_string());
        let signed = signature(&[&token[..], &timestamp, &nonce, &sealed].map(str::as_bytes));
        let to = field("ToUserName", "gh_0000000bench");
        let body = format!("<xml>{to}<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>");
        format!(
            "POST /callbacks/wechat/{secret}?timestamp={timestamp}&nonce={nonce}&encrypt_type=aes\
             &msg_signature={signed} HTTP/1.1\r\nhost: kaquan\r\ncontent-type: text/xml\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}
