//! Uses a coupon for an order, and owes its platform the news; all or nothing.

use sqlx::PgPool;

use crate::{
    clock::Clock,
    domain::{
        code::CouponCode,
        id::RedemptionId,
        problem::Problem,
        redemption::{self, RedeemRefusal, Ruling, Standing},
        statistics::Measure,
        validity::Validity,
    },
    store::{self, delivery::owe::Owed, redemption::Redemption, tally::Note},
};

/// A coupon is to be used.
#[derive(Debug)]
pub struct Redeem {
    /// What its holder shows.
    pub code: CouponCode,
    /// The merchant's order; repeated for the same one, a use is the same use.
    pub order_no: String,
    /// Where.
    pub store: Option<String>,
    /// By whom.
    pub operator: Option<String>,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// It is used from now on.
    Now(Redemption),
    /// It was used for this order already; nothing more was done.
    Before(Redemption),
}

/// Why it was not used.
#[derive(Debug, thiserror::Error)]
pub enum RedeemError {
    /// Order, store or operator will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// Nobody has this code.
    #[error("no such coupon")]
    NoSuchCoupon,
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] RedeemRefusal),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Uses a coupon at most once, however many ask at the same time.
///
/// It happens at the database's time, by which the coupon was issued: a server whose clock is slow would refuse what is
/// valid from its issue on.
pub async fn redeem(db: &PgPool, clock: &dyn Clock, wish: Redeem) -> Result<Redeemed, RedeemError> {
    redemption::check(&wish.order_no, wish.store.as_deref(), wish.operator.as_deref())
        .map_err(RedeemError::Invalid)?;
    let mut tx = db.begin().await?;

    let coupon = store::coupon::lock_by_code(&mut tx, &wish.code).await?;
    let coupon = coupon.ok_or(RedeemError::NoSuchCoupon)?;
    let now = clock.at_database(coupon.database_now);
    let earlier = store::redemption::find_live(&mut tx, coupon.id).await?;
    let standing = Standing {
        state: coupon.state,
        validity: Validity { from: coupon.valid_from, until: coupon.valid_until },
        used_for: earlier.as_ref().map(|earlier| earlier.order_no.as_str()),
    };
    match (redemption::judge(standing, &wish.order_no, now)?, earlier) {
        (Ruling::Repeat, Some(earlier)) => return Ok(Redeemed::Before(earlier)),
        (Ruling::Redeem, None) => {}
        // A use that stands without its state, or the state without a use: the last guard has failed before us.
        (Ruling::Redeem, Some(_)) | (Ruling::Repeat, None) => {
            return Err(RedeemRefusal::AlreadyRedeemed.into());
        }
    }
    if !store::coupon::mark_redeemed(&mut tx, coupon.id).await? {
        return Err(RedeemRefusal::AlreadyRedeemed.into());
    }
    let redemption = Redemption {
        id: RedemptionId::new(now),
        coupon: coupon.id,
        order_no: wish.order_no,
        store: wish.store,
        operator: wish.operator,
        redeemed_at: now,
    };
    store::redemption::insert(&mut tx, &redemption).await?;
    let (template, app) = (coupon.template, coupon.app);
    let note = Note { template, app, measure: Measure::Redeemed, count: 1 };
    store::tally::note(&mut tx, now, &[note]).await?;
    if coupon.tells_claims {
        let owed = Owed::write_off(now, coupon.app, coupon.placement, coupon.id, &coupon.record);
        store::delivery::owe::owe(&mut tx, now, &owed).await?;
    }

    tx.commit().await?;
    tracing::info!(coupon.id = %coupon.id, placement.id = %coupon.placement, "coupon redeemed");
    Ok(Redeemed::Now(redemption))
}
