//! The same rows without the engine: one transaction per claim, and set by set.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use tokio::{task::JoinSet, time::Instant};
use uuid::Uuid;

use crate::{
    domain::{
        code::{CodePrefix, CouponCode},
        id::{AppId, CouponId, HolderId},
        people::{OpenId, Record},
        statistics::Measure,
    },
    store::{
        self,
        issuing::{
            IssuedCoupon, OfferKey,
            batch::{Batch, NewCoupon, NewHolder},
        },
        tally::Note,
    },
};

/// What a baseline reached.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Rate {
    /// Coupons per second.
    pub per_s: f64,
}

/// What is written.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// On which app.
    pub app: AppId,
    /// From which stock.
    pub offer: OfferKey,
    /// When.
    pub now: DateTime<Utc>,
}

/// How many rows one statement of the set-based limit writes.
pub const SET: usize = 500;

/// One transaction per claim, over so many connections straight to Postgres.
pub async fn one_transaction_per_claim(
    database: &PgConnectOptions,
    subject: Subject,
    connections: usize,
    length: Duration,
) -> anyhow::Result<Rate> {
    let mut conns = Vec::with_capacity(connections);
    for _ in 0..connections {
        conns.push(database.connect().await?);
    }
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for mut conn in conns {
        tasks.spawn(async move {
            let mut count = 0u64;
            while begin.elapsed() < length {
                let (coupon, holder) = claim(subject)?;
                store::bench::write_alone(&mut conn, &coupon, holder.open_id.as_str()).await?;
                count += 1;
            }
            anyhow::Ok(count)
        });
    }
    let mut count = 0;
    while let Some(one) = tasks.join_next().await {
        count += one??;
    }
    Ok(rate(count, begin.elapsed()))
}

/// One statement per 500 claims, on one connection: the statement that the engine itself writes with.
pub async fn set_based(
    database: &PgConnectOptions,
    subject: Subject,
    length: Duration,
) -> anyhow::Result<Rate> {
    let mut conn = database.connect().await?;
    let begin = Instant::now();
    let mut count = 0;
    while begin.elapsed() < length {
        let mut batch = Batch::default();
        for _ in 0..SET {
            let (coupon, holder) = claim(subject)?;
            batch.coupons.push(coupon);
            batch.holders.push(holder);
        }
        let (template, app) = (subject.offer.template, subject.app);
        let claimed = i64::try_from(SET)?;
        batch.notes.push(Note { template, app, measure: Measure::Claimed, count: claimed });
        store::issuing::batch::write_batch(&mut conn, subject.now, &batch).await?;
        count += SET as u64;
    }
    Ok(rate(count, begin.elapsed()))
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run of some seconds")]
fn rate(count: u64, took: Duration) -> Rate {
    Rate { per_s: count as f64 / took.as_secs_f64() }
}

/// A claim of somebody new, with fields as long as Baidu's.
fn claim(subject: Subject) -> anyhow::Result<(NewCoupon, NewHolder)> {
    let random = Uuid::new_v4();
    let record = Record::parse(&random.simple().to_string())?;
    let open_id = OpenId::parse(&format!("50zRWFu-{}", &random.simple().to_string()[..18]))?;
    let holder = HolderId::derive(subject.app, open_id.as_str());
    let mut entropy = [0; 10];
    entropy.copy_from_slice(&random.as_bytes()[..10]);
    let coupon = IssuedCoupon {
        id: CouponId::new(subject.now),
        code: CouponCode::generate(&CodePrefix::default(), entropy),
        valid_from: subject.now,
        valid_until: subject.now + TimeDelta::days(7),
        issued_at: subject.now,
    };
    let coupon = NewCoupon {
        coupon,
        offer: subject.offer,
        version: 1,
        app: subject.app,
        holder,
        person: holder.into(),
        ordinal: 1,
        record,
        code: None,
        owed: None,
    };
    Ok((coupon, NewHolder { id: holder, app: subject.app, open_id, member: None }))
}
