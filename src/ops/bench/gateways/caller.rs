//! Requests as clients of the two protocols sign them.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};

use crate::{
    domain::number::TemplateNumber,
    ops::{
        bench::callback::post,
        conform::sign::{Hash, yoho_secret, zvcms_message, zvcms_token},
    },
};

/// A client of Yoho's protocol.
#[derive(Debug, Clone)]
pub struct YohoCaller {
    /// What it claims.
    pub template: TemplateNumber,
    /// Its `client_type`.
    pub name: Arc<str>,
    /// Its private key.
    pub key: Arc<str>,
}

/// A client of zvcms' protocol.
#[derive(Debug, Clone)]
pub struct ZvcmsCaller {
    /// Its `OpenId`.
    pub name: Arc<str>,
    /// Its `GrantCode`.
    pub grant: Arc<str>,
    /// Its secret.
    pub secret: Arc<str>,
    /// Whose coupons it lists.
    pub uid: Arc<str>,
}

impl YohoCaller {
    /// A member's claim.
    pub fn claim(&self, uid: i64) -> Vec<u8> {
        let parameters: BTreeMap<_, _> = [
            ("client_type", self.name.to_string()),
            ("couponId", self.template.to_string()),
            ("method", "app.promotion.getCoupon".to_owned()),
            ("uid", uid.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let signed = yoho_secret(&parameters, &self.key);
        let pairs = parameters.iter().map(|(name, value)| format!("{name}={value}"));
        let query = pairs.collect::<Vec<_>>().join("&");
        format!("GET /gateway?{query}&client_secret={signed} HTTP/1.1\r\nhost: kaquan\r\n\r\n")
            .into_bytes()
    }
}

impl ZvcmsCaller {
    /// The n-th look at the wallet with a cart.
    pub fn match_cart(&self, number: u64, now: DateTime<Utc>) -> Vec<u8> {
        let checked = r#"[{"bar_code":"P5C503FB51B4843301","offline_price":120,"buy_num":2}]"#;
        let (seconds, nonce) = (now.timestamp().to_string(), (number + 1).to_string());
        let fields: BTreeMap<_, _> = [
            ("Action", "coupon.user-coupon-list"),
            ("GrantCode", &self.grant),
            ("Nonce", &nonce),
            ("OpenId", &self.name),
            ("Params.checked", checked),
            ("Params.shopping", "1"),
            ("Params.user_id", &self.uid),
            ("Timestamp", &seconds),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let token = zvcms_token(Hash::Sha1, &self.secret, &zvcms_message("/api/v2", &fields));
        let (grant, name, uid) = (&self.grant, &self.name, &self.uid);
        let checked = checked.replace('"', r#"\""#);
        let body = format!(
            r#"{{"OpenId":"{name}","GrantCode":"{grant}","Timestamp":"{seconds}","Nonce":"{nonce}","Token":"{token}","Action":"coupon.user-coupon-list","Params":{{"user_id":"{uid}","shopping":"1","checked":"{checked}"}}}}"#
        );
        post("/api/v2", "", "", &body)
    }
}
