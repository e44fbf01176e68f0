//! `card/qrcode/create`: pictures that somebody scans to take a card.

use std::fmt;

use chrono::TimeDelta;
use serde_json::{Value, json};
use url::Url;

use super::{Account, Client};
use crate::{
    outgoing::{answer::Heard, secret::AccessToken},
    platform::wechat::{
        call::Call,
        error::{CallError, Garble},
        json::Fields,
    },
};

/// What is taken by scanning.
#[derive(Clone, Copy)]
pub enum NewQr<'a> {
    /// One card.
    One {
        /// Which.
        card: QrCard<'a>,
        /// The only person who can take it, as the official account knows them.
        open_id: Option<&'a str>,
        /// Whether one code is kept for the first who scans it, and for nobody else.
        unique: bool,
        /// 60 to 1800 seconds; a long time when absent.
        lasts: Option<TimeDelta>,
    },
    /// Up to five at once.
    Several(&'a [QrCard<'a>]),
}

/// One card behind a picture.
#[derive(Clone, Copy)]
pub struct QrCard<'a> {
    /// WeChat's id of it.
    pub card_id: &'a str,
    /// In the mode in which we choose codes, and in no other.
    pub code: Option<&'a str>,
    /// Comes back when it was taken.
    pub outer_str: Option<&'a str>,
}

/// A picture that can be scanned.
#[derive(Clone, PartialEq, Eq)]
pub struct Qr {
    /// What its picture shows.
    pub url: String,
    /// Where WeChat has the picture.
    pub picture_url: String,
    /// For how long it serves, as WeChat says.
    pub lasts: Option<TimeDelta>,
}

/// Whoever sees the picture can take what is behind it.
impl fmt::Debug for Qr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Qr").field("lasts", &self.lasts).finish_non_exhaustive()
    }
}

const PICTURES: &str = "https://mp.weixin.qq.com/cgi-bin/showqrcode";

impl Client {
    /// Makes a picture that leads to cards. Each call makes another one.
    #[tracing::instrument(name = "platform.wechat.create_qr", skip_all)]
    pub async fn create_qr(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        qr: NewQr<'_>,
    ) -> Result<Heard<Qr>, CallError> {
        let body = body(qr).map_err(|why| CallError::unsent(Call::CreateQr, why))?;
        self.ask(Call::CreateQr, account, token, body, &people(qr), |opened| {
            let reply = Fields(&opened.reply);
            let ticket = reply.text("ticket").ok_or(Garble::Data)?;
            let picture = Url::parse_with_params(PICTURES, [("ticket", &ticket)]);
            let picture_url = reply
                .text("show_qrcode_url")
                .or_else(|| picture.ok().map(String::from))
                .ok_or(Garble::Data)?;
            let lasts = reply.integer("expire_seconds").filter(|seconds| *seconds > 0);
            let url = reply.text("url").ok_or(Garble::Data)?;
            Ok(Qr { url, picture_url, lasts: lasts.and_then(TimeDelta::try_seconds) })
        })
        .await
    }
}

fn people(qr: NewQr<'_>) -> Vec<&str> {
    match qr {
        NewQr::One { card, open_id, .. } => card.code.into_iter().chain(open_id).collect(),
        NewQr::Several(cards) => cards.iter().filter_map(|card| card.code).collect(),
    }
}

fn body(qr: NewQr<'_>) -> Result<Value, &'static str> {
    match qr {
        NewQr::One { card, open_id, unique, lasts } => {
            let mut told = told(card);
            told["is_unique_code"] = unique.into();
            if let Some(open_id) = open_id {
                told["openid"] = open_id.into();
            }
            let mut body = json!({ "action_name": "QR_CARD", "action_info": { "card": told } });
            if let Some(lasts) = lasts {
                let seconds = lasts.num_seconds();
                if !(60..=1800).contains(&seconds) {
                    return Err("a picture lasts 60 to 1800 seconds, or long");
                }
                body["expire_seconds"] = seconds.into();
            }
            Ok(body)
        }
        NewQr::Several(cards) if (1..=5).contains(&cards.len()) => {
            let cards: Vec<Value> = cards.iter().map(|card| told(*card)).collect();
            let action = json!({ "multiple_card": { "card_list": cards } });
            Ok(json!({ "action_name": "QR_MULTIPLE_CARD", "action_info": action }))
        }
        NewQr::Several(_) => Err("1 to 5 cards"),
    }
}

fn told(card: QrCard<'_>) -> Value {
    let mut told = json!({ "card_id": card.card_id });
    if let Some(code) = card.code {
        told["code"] = code.into();
    }
    if let Some(outer_str) = card.outer_str {
        told["outer_str"] = outer_str.into();
    }
    told
}
