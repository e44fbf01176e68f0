//! Cards: one batch of coupons each, with its review, its stock and its pool of codes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::colour;
use super::day;
use super::kind::CardKind;

pub(super) mod advanced;
pub(super) mod base;
pub(super) mod create;
pub(super) mod dates;
pub(super) mod delete;
pub(super) mod jump;
pub(super) mod read;
pub(super) mod review;
pub(super) mod stock;
pub(super) mod update;

/// Where a card stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum CardStatus {
    /// Under review.
    #[serde(rename = "CARD_STATUS_NOT_VERIFY")]
    NotVerify,
    /// Refused.
    #[serde(rename = "CARD_STATUS_VERIFY_FAIL")]
    VerifyFail,
    /// Passed.
    #[serde(rename = "CARD_STATUS_VERIFY_OK")]
    VerifyOk,
    /// Deleted by the merchant.
    #[serde(rename = "CARD_STATUS_DELETE")]
    Delete,
}

impl CardStatus {
    /// As `/card/get` says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotVerify => "CARD_STATUS_NOT_VERIFY",
            Self::VerifyFail => "CARD_STATUS_VERIFY_FAIL",
            Self::VerifyOk => "CARD_STATUS_VERIFY_OK",
            Self::Delete => "CARD_STATUS_DELETE",
        }
    }
}

/// Who picks the code of a coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeMode {
    /// WeChat makes twelve digits up.
    Wechat,
    /// The merchant names one in each `cardExt`.
    Custom,
    /// WeChat draws one from what the merchant deposited.
    Deposit,
}

/// From when until when its coupons are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dates {
    /// The same Unix seconds for all.
    Range {
        /// The first.
        begin: i64,
        /// The last.
        end: i64,
    },
    /// Days counted from the day on which somebody takes one.
    Term {
        /// How many days, at least one.
        days: u64,
        /// How many days it waits before.
        after: u64,
    },
    /// For ever.
    Permanent,
}

impl Dates {
    /// The first and the last second of a coupon that is taken now; a later first day may be named for a term.
    pub(super) fn of_coupon(self, now: DateTime<Utc>, named: Option<i64>) -> (i64, i64) {
        match self {
            Self::Range { begin, end } => (begin, end),
            Self::Permanent => (now.timestamp(), i64::MAX),
            Self::Term { days, after } => {
                let moved = named.and_then(|at| DateTime::from_timestamp(at, 0));
                let first: NaiveDate =
                    moved.map_or_else(|| day::after(day::of(now), after), day::of);
                let begin = named.filter(|_| moved.is_some()).unwrap_or(day::begins(first));
                (begin, day::ends(day::after(first, days.saturating_sub(1))))
            }
        }
    }

    fn shown(self) -> Value {
        match self {
            Self::Range { begin, end } => json!({
                "type": "DATE_TYPE_FIX_TIME_RANGE", "begin_timestamp": begin, "end_timestamp": end,
            }),
            Self::Term { days, after } => json!({
                "type": "DATE_TYPE_FIX_TERM", "fixed_term": days, "fixed_begin_term": after,
            }),
            Self::Permanent => json!({ "type": "DATE_TYPE_PERMANENT" }),
        }
    }
}

/// One card as the simulator keeps it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "`card_id` is WeChat's own word")]
pub(super) struct Card {
    pub card_id: String,
    pub appid: String,
    pub kind: CardKind,
    /// The object of its kind as it was sent, without `base_info`.
    pub own: Map<String, Value>,
    /// `base_info` as it was sent, without `date_info` and `sku`.
    pub base: Map<String, Value>,
    pub dates: Dates,
    pub mode: CodeMode,
    pub status: CardStatus,
    pub left: i64,
    pub total: i64,
    /// Deposited codes that nobody has drawn.
    pub pool: BTreeSet<String>,
    /// How many codes were ever deposited.
    pub deposited: i64,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
    /// How many of them were on offer at the beginning of the last fill, and when somebody was reminded.
    pub reminded: Option<DateTime<Utc>>,
}

impl Card {
    fn number(&self, name: &str, otherwise: i64) -> i64 {
        self.base.get(name).and_then(Value::as_i64).unwrap_or(otherwise)
    }

    pub fn flag(&self, name: &str) -> bool {
        self.base.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    pub fn text(&self, name: &str) -> &str {
        self.base.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn get_limit(&self) -> i64 {
        self.number("get_limit", 50)
    }

    pub fn use_limit(&self) -> i64 {
        self.number("use_limit", 50)
    }

    /// As `/card/get` shows it.
    pub fn shown(&self) -> Value {
        let mut base = self.base.clone();
        let extra = json!({
            "id": self.card_id, "status": self.status.name(), "date_info": self.dates.shown(),
            "create_time": self.created.timestamp(), "update_time": self.updated.timestamp(),
            "sku": { "quantity": self.left, "total_quantity": self.total },
            "color": colour::value(self.text("color")),
        });
        if let Value::Object(extra) = extra {
            base.extend(extra);
        }
        let mut own = self.own.clone();
        own.insert("base_info".to_owned(), Value::Object(base));
        json!({ "card_type": self.kind.name(), self.kind.key(): own })
    }

    pub fn inside(&self) -> CardInside {
        CardInside {
            card_id: self.card_id.clone(),
            appid: self.appid.clone(),
            kind: self.kind,
            title: self.text("title").to_owned(),
            brand_name: self.text("brand_name").to_owned(),
            colour: colour::value(self.text("color")).to_owned(),
            mode: self.mode,
            status: self.status,
            quantity: self.left,
            total_quantity: self.total,
            deposited: self.deposited,
            dates: self.dates,
            body: self.shown(),
        }
    }
}

/// One card as a test and the page see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CardInside {
    /// `p…`, twenty-eight characters.
    pub card_id: String,
    /// The account that made it.
    pub appid: String,
    /// What it is.
    pub kind: CardKind,
    /// Its title.
    pub title: String,
    /// Its brand.
    pub brand_name: String,
    /// The value of its colour.
    pub colour: String,
    /// Who picks its codes.
    pub mode: CodeMode,
    /// Where it stands.
    pub status: CardStatus,
    /// How many are left.
    pub quantity: i64,
    /// How many there ever were, as `/card/modifystock` counts them.
    pub total_quantity: i64,
    /// How many codes were ever deposited.
    pub deposited: i64,
    /// From when until when its coupons are valid.
    pub dates: Dates,
    /// As `/card/get` shows it.
    pub body: Value,
}

/// Cards by id.
pub(super) type Cards = BTreeMap<String, Card>;
