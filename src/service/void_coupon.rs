//! Takes coupons out of use, one or all that were never used of a template. Where a placement
//! says so, the platform is owed the news in the same statement.

use serde_json::json;
use sqlx::{PgConnection, PgPool};

use super::life::{LifeError, MOST_TRIES, Named, step};
use crate::{
    clock::Clock,
    domain::{
        card::Suspension,
        event::Cause,
        id::{CouponId, TemplateId},
        life::{self, Ruling, Shown, check},
    },
    store::{
        self,
        card::heirs,
        life::{Found, unused::Place},
    },
};

/// What one call did, and what is left for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoidedUnused {
    /// How many are out of use since this call.
    pub voided: i64,
    /// How many are still unused and in use.
    pub left: i64,
}

/// In one statement, so that nobody at a till waits long for one of them.
const PORTION: i64 = 1000;
/// In one call.
const MOST_PORTIONS: usize = 10;

/// Takes a coupon out of use for good; `false` when it was before. One that is locked too, but none that is used, and none
/// that has ended.
pub async fn void_coupon(
    db: &PgPool,
    clock: &dyn Clock,
    cause: &Cause,
    coupon: CouponId,
    reason: &str,
) -> Result<bool, LifeError> {
    check::void(reason).map_err(LifeError::Invalid)?;
    let coupon = Named::anybodys(Shown::Id(coupon));
    for _ in 0..MOST_TRIES {
        let mut conn = db.acquire().await?;
        let found = store::life::find(&mut conn, coupon.asked(None)).await?;
        let found = found.ok_or(LifeError::NoSuchCoupon)?;
        let now = clock.at_database(found.database_now);
        if life::void(&found.standing(), now)? == Ruling::Before {
            return Ok(false);
        }
        if found.suspended == Some(Suspension::GivenAway) {
            drop(conn);
            let mut tx = store::begin(db).await?;
            if void_with_heirs(&mut tx, clock, cause, &found, reason).await? {
                tx.commit().await?;
                return Ok(true);
            }
            continue;
        }
        let step = step(&found, clock, cause, json!({ "reason": reason }));
        if store::life::void(&mut conn, &step, reason).await? {
            tracing::info!(coupon.id = %found.id, "coupon voided");
            return Ok(true);
        }
    }
    Err(LifeError::Busy)
}

/// Somebody else has it under another code: that is the same right, and goes with it. `false` when one of them changed
/// meanwhile.
async fn void_with_heirs(
    conn: &mut PgConnection,
    clock: &dyn Clock,
    cause: &Cause,
    found: &Found,
    reason: &str,
) -> sqlx::Result<bool> {
    let heirs = heirs::list_unused(conn, &[found.id]).await?;
    let all: Vec<_> = heirs.iter().copied().chain([found.id]).collect();
    heirs::lock(conn, &all).await?;
    let step = step(found, clock, cause, json!({ "reason": reason }));
    if heirs::list_unused(conn, &[found.id]).await? != heirs
        || !store::life::void(conn, &step, reason).await?
    {
        return Ok(false);
    }
    for heir in heirs {
        void_locked(conn, clock, cause, heir, reason).await?;
    }
    tracing::info!(coupon.id = %found.id, "coupon voided that was given away");
    Ok(true)
}

/// Takes a coupon out of use that is locked in this transaction and that could still be used.
pub(super) async fn void_locked(
    conn: &mut PgConnection,
    clock: &dyn Clock,
    cause: &Cause,
    coupon: CouponId,
    reason: &str,
) -> sqlx::Result<()> {
    let coupon = Named::anybodys(Shown::Id(coupon));
    let found = store::life::find(conn, coupon.asked(None)).await?;
    let found = found.ok_or(sqlx::Error::RowNotFound)?;
    let step = step(&found, clock, cause, json!({ "reason": reason }));
    store::life::void(conn, &step, reason).await?;
    tracing::info!(coupon.id = %found.id, "coupon voided with what it goes on as");
    Ok(())
}

/// Takes up to ten thousand coupons of a template out of use that were never used, locked or not.
pub async fn void_unused(
    db: &PgPool,
    clock: &dyn Clock,
    cause: &Cause,
    template: TemplateId,
    reason: &str,
) -> Result<VoidedUnused, LifeError> {
    check::void(reason).map_err(LifeError::Invalid)?;
    let now = clock.at_database(store::now(db).await?);
    let mut conn = db.acquire().await?;
    let known = store::template::find(&mut conn, template).await?;
    drop(conn);
    known.ok_or(LifeError::NoSuchTemplate)?;
    let (mut voided, mut after) = (0, Place::default());
    for _ in 0..MOST_PORTIONS {
        let said = (now, cause, reason);
        let mut tx = store::begin(db).await?;
        let portion = store::life::unused::void(&mut tx, template, after, PORTION, said).await?;
        // Who got one of them under another code while it was looked for: that may have been behind us.
        let heirs = heirs::list_unused(&mut tx, &portion.voided).await?;
        heirs::lock(&mut tx, &heirs).await?;
        for heir in &heirs {
            void_locked(&mut tx, clock, cause, *heir, reason).await?;
        }
        tx.commit().await?;
        voided += i64::try_from(portion.voided.len() + heirs.len()).unwrap_or(i64::MAX);
        let Some(last) = portion.last else { break };
        after = last;
    }
    let mut conn = db.acquire().await?;
    let left = store::life::unused::count(&mut conn, template, now).await?;
    tracing::info!(template.id = %template, voided, left, "unused coupons voided");
    Ok(VoidedUnused { voided, left })
}
