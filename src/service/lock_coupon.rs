//! Keeps a coupon for an order that is being made, and lets it go again.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::PgPool;

use super::life::{LifeError, MOST_TRIES, Named, step};
use crate::{
    clock::Clock,
    domain::{
        event::Cause,
        id::CouponId,
        life::{self, Ruling, check},
    },
    store,
};

/// A coupon is to be kept.
#[derive(Debug)]
pub struct LockCoupon {
    /// Which.
    pub coupon: Named,
    /// For which order; the same one again is the same lock.
    pub order_no: String,
    /// 60 to 86400; none for half an hour.
    pub expires_in_seconds: Option<i64>,
}

/// A coupon is kept no longer.
#[derive(Debug)]
pub struct UnlockCoupon {
    /// Which.
    pub coupon: Named,
    /// By which order.
    pub order_no: String,
}

/// A lock that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// Of what.
    pub coupon: CouponId,
    /// For which order.
    pub order_no: String,
    /// Since when.
    pub locked_at: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// Whether it was there already.
    pub before: bool,
}

/// What became of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unlocked {
    /// Of what.
    pub coupon: CouponId,
    /// Whether there was one.
    pub changed: bool,
}

/// Keeps a coupon for an order, at most for one at a time. It happens at the database's time.
pub async fn lock_coupon(
    db: &PgPool,
    clock: &dyn Clock,
    cause: &Cause,
    wish: LockCoupon,
) -> Result<Locked, LifeError> {
    let LockCoupon { coupon, order_no, expires_in_seconds } = wish;
    let span = expires_in_seconds.unwrap_or(life::USUAL_LOCK.num_seconds());
    check::lock(&order_no, span).map_err(LifeError::Invalid)?;
    let mut conn = db.acquire().await?;
    for _ in 0..MOST_TRIES {
        let found = store::life::find(&mut conn, coupon.asked(Some(&order_no))).await?;
        let found = found.ok_or(LifeError::NoSuchCoupon)?;
        let now = clock.at_database(found.database_now);
        let ruling = life::lock(&found.facts(), &order_no, now)?;
        if let (Ruling::Before, Some(locked_at), Some(expires_at)) =
            (ruling, found.locked_at, found.lock_expires_at)
        {
            return Ok(Locked { coupon: found.id, order_no, locked_at, expires_at, before: true });
        }
        let expires_at = now + TimeDelta::seconds(span);
        let fields = json!({ "order_no": order_no, "expires_at": expires_at });
        let step = step(&found, clock, cause, fields);
        if store::life::lock(&mut conn, &step, &order_no, expires_at).await? {
            tracing::info!(coupon.id = %found.id, "coupon locked");
            let locked_at = step.now;
            return Ok(Locked { coupon: found.id, order_no, locked_at, expires_at, before: false });
        }
    }
    Err(LifeError::Busy)
}

/// Lets a coupon go that is kept for this order; one that is kept for nobody is as it should be.
pub async fn unlock_coupon(
    db: &PgPool,
    clock: &dyn Clock,
    cause: &Cause,
    wish: UnlockCoupon,
) -> Result<Unlocked, LifeError> {
    let UnlockCoupon { coupon, order_no } = wish;
    check::unlock(&order_no).map_err(LifeError::Invalid)?;
    let mut conn = db.acquire().await?;
    for _ in 0..MOST_TRIES {
        let found = store::life::find(&mut conn, coupon.asked(Some(&order_no))).await?;
        let found = found.ok_or(LifeError::NoSuchCoupon)?;
        let now = clock.at_database(found.database_now);
        if life::unlock(&found.facts(), &order_no, now)? == Ruling::Before {
            return Ok(Unlocked { coupon: found.id, changed: false });
        }
        let step = step(&found, clock, cause, json!({ "order_no": order_no }));
        if store::life::unlock(&mut conn, &step).await? {
            tracing::info!(coupon.id = %found.id, "coupon unlocked");
            return Ok(Unlocked { coupon: found.id, changed: true });
        }
    }
    Err(LifeError::Busy)
}
