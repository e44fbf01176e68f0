//! All coupons as a file, a portion at a time: memory stays flat, and no connection is held between two portions.
//!
//! Codes are masked, whoever asks: a file is passed on, and a code is worth money to whoever reads it.

use std::{
    collections::{HashMap, hash_map::Entry},
    str::FromStr,
};

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{
        csv, day,
        id::{AppId, CouponId, PlacementId, TemplateId},
        standing::{CouponStatus, Standing},
        stock::Way,
        validity::Validity,
    },
    store::{
        self,
        export::{Exported, Filter},
    },
};

/// What the file looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// For spreadsheets.
    #[default]
    Csv,
    /// For programs: a JSON object on each line.
    Json,
}

/// Which coupons, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Of one template only.
    pub template: Option<TemplateId>,
    /// On one app only.
    pub app: Option<AppId>,
    /// Of one kind only.
    pub status: Option<CouponStatus>,
    /// Issued on this day in China or later.
    pub from: Option<NaiveDate>,
    /// Issued on this day in China or earlier.
    pub to: Option<NaiveDate>,
    /// What the file looks like.
    pub format: Format,
    /// Whether a CSV file says that it is UTF-8.
    pub bom: bool,
}

/// An export under way.
pub struct Export {
    db: PgPool,
    now: DateTime<Utc>,
    wanted: Wanted,
    after: Option<CouponId>,
    titles: HashMap<(TemplateId, i32), String>,
    begun: bool,
    over: bool,
}

/// So many coupons are looked at together.
const PORTION: i64 = 2_000;

const COLUMNS: [&str; 16] = [
    "coupon_id",
    "template_id",
    "title",
    "app_id",
    "placement_id",
    "record",
    "way",
    "code",
    "state",
    "issued_at",
    "valid_from",
    "valid_until",
    "order_no",
    "store",
    "redeemed_at",
    "discount_fen",
];

/// A coupon as a line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    coupon_id: CouponId,
    template_id: TemplateId,
    title: &'a str,
    app_id: AppId,
    placement_id: PlacementId,
    record: &'a str,
    way: Way,
    code: String,
    state: CouponStatus,
    issued_at: DateTime<Utc>,
    valid_from: DateTime<Utc>,
    valid_until: DateTime<Utc>,
    order_no: Option<&'a str>,
    store: Option<&'a str>,
    redeemed_at: Option<DateTime<Utc>>,
    discount_fen: Option<i64>,
}

impl Export {
    /// Coupons are judged as they are at `now`; nothing is read yet.
    pub fn new(db: PgPool, now: DateTime<Utc>, wanted: Wanted) -> Self {
        let titles = HashMap::new();
        Self { db, now, wanted, after: None, titles, begun: false, over: false }
    }

    /// The next piece of the file, never an empty one; `None` at the end.
    ///
    /// What is issued while the export runs may be in it or not; what was there before is in it once.
    pub async fn next(&mut self) -> sqlx::Result<Option<Vec<u8>>> {
        let mut piece = Vec::new();
        if !self.begun {
            self.begun = true;
            self.begin(&mut piece);
        }
        while piece.is_empty() && !self.over {
            let mut conn = self.db.acquire().await?;
            let coupons = self.read(&mut conn).await?;
            self.learn_titles(&mut conn, &coupons).await?;
            drop(conn);
            for coupon in &coupons {
                self.push(&mut piece, coupon);
            }
        }
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }

    fn begin(&self, piece: &mut Vec<u8>) {
        if self.wanted.format == Format::Csv {
            if self.wanted.bom {
                piece.extend_from_slice(csv::BYTE_ORDER_MARK);
            }
            csv::push_row(piece, COLUMNS);
        }
    }

    async fn read(&mut self, conn: &mut PgConnection) -> sqlx::Result<Vec<Exported>> {
        let end = store::export::find_end(conn, self.after, PORTION).await?;
        let after_last = self.wanted.to.and_then(|to| to.checked_add_days(Days::new(1)));
        let filter = Filter {
            template: self.wanted.template,
            app: self.wanted.app,
            from: self.wanted.from.map(day::beginning),
            before: after_last.map(day::beginning),
        };
        let coupons = store::export::list(conn, self.after, end, filter).await?;
        self.over = end.is_none();
        self.after = end;
        Ok(coupons)
    }

    async fn learn_titles(
        &mut self,
        conn: &mut PgConnection,
        coupons: &[Exported],
    ) -> sqlx::Result<()> {
        for coupon in coupons {
            let terms = (coupon.template, coupon.terms_version);
            if let Entry::Vacant(unknown) = self.titles.entry(terms) {
                let title = store::export::find_title(conn, terms.0, terms.1).await?;
                unknown.insert(title.unwrap_or_default());
            }
        }
        Ok(())
    }

    fn push(&self, piece: &mut Vec<u8>, coupon: &Exported) {
        let standing = Standing {
            state: coupon.state,
            validity: Validity { from: coupon.valid_from, until: coupon.valid_until },
            locked_until: coupon.locked_until,
            suspended: coupon.suspended,
        };
        let state = standing.status(self.now);
        if self.wanted.status.is_some_and(|wanted| wanted != state) {
            return;
        }
        let title = self.titles.get(&(coupon.template, coupon.terms_version));
        let line = Line {
            coupon_id: coupon.id,
            template_id: coupon.template,
            title: title.map_or("", String::as_str),
            app_id: coupon.app,
            placement_id: coupon.placement,
            record: coupon.record.as_str(),
            way: coupon.way,
            code: coupon.code.masked(),
            state,
            issued_at: coupon.issued_at,
            valid_from: coupon.valid_from,
            valid_until: coupon.valid_until,
            order_no: coupon.order_no.as_deref(),
            store: coupon.store.as_deref(),
            redeemed_at: coupon.redeemed_at,
            discount_fen: coupon.discount_fen,
        };
        match self.wanted.format {
            Format::Csv => line.push_csv(piece),
            Format::Json => line.push_json(piece),
        }
    }
}

impl Line<'_> {
    fn push_csv(&self, piece: &mut Vec<u8>) {
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let redeemed_at = self.redeemed_at.map(time).unwrap_or_default();
        let discount = self.discount_fen.map(|fen| fen.to_string()).unwrap_or_default();
        csv::push_row(
            piece,
            [
                &*self.coupon_id.to_string(),
                &*self.template_id.to_string(),
                self.title,
                &*self.app_id.to_string(),
                &*self.placement_id.to_string(),
                self.record,
                self.way.as_str(),
                &*self.code,
                self.state.as_str(),
                &*time(self.issued_at),
                &*time(self.valid_from),
                &*time(self.valid_until),
                self.order_no.unwrap_or_default(),
                self.store.unwrap_or_default(),
                &*redeemed_at,
                &*discount,
            ],
        );
    }

    fn push_json(&self, piece: &mut Vec<u8>) {
        // Texts and numbers only: there is nothing that could fail.
        if serde_json::to_writer(&mut *piece, self).is_ok() {
            piece.push(b'\n');
        }
    }
}

impl FromStr for Format {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            _ => Err("one of csv, json"),
        }
    }
}
