//! Undoes a use, whole or line by line; a platform that has not heard of it hears nothing.

use serde_json::json;
use sqlx::{PgConnection, PgPool};

use super::life::{LifeError, MOST_TRIES, Named, step};
use crate::{
    clock::Clock,
    domain::{
        app::{PlatformKind, ReturnRule},
        event::Cause,
        id::CouponId,
        life::{self, LifeRefusal, Returned, check},
    },
    store::{self, redemption::Redemption},
};

/// A use is to be undone.
#[derive(Debug)]
pub struct GiveBack {
    /// Of which coupon.
    pub coupon: Named,
    /// For which order.
    pub order_no: String,
    /// Which lines of it; none for all.
    pub lines: Option<Vec<i32>>,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub struct GivenBack {
    /// The use as it is now.
    pub redemption: Redemption,
    /// Whether anything was given back that was not before.
    pub changed: bool,
    /// `false` where the platform has heard of the use, or may have, cannot be told, and shows the coupon as used for ever.
    pub told: Option<bool>,
}

/// What there is to say of a platform that cannot be told.
async fn untold(
    conn: &mut PgConnection,
    (coupon, platform): (CouponId, PlatformKind),
    whole: bool,
) -> sqlx::Result<Option<bool>> {
    if !whole || !platform.shows_uses_for_ever() {
        return Ok(None);
    }
    Ok(store::redemption::is_shown(conn, coupon).await?.then_some(false))
}

/// Gives back what an order has used; when all of it is back, the coupon can be used again by another order.
pub async fn give_back(
    db: &PgPool,
    clock: &dyn Clock,
    cause: &Cause,
    wish: GiveBack,
) -> Result<GivenBack, LifeError> {
    let GiveBack { coupon, order_no, lines: wanted } = wish;
    check::give_back(&order_no, wanted.as_deref()).map_err(LifeError::Invalid)?;
    let mut conn = db.acquire().await?;
    for _ in 0..MOST_TRIES {
        let found = store::life::find(&mut conn, coupon.asked(Some(&order_no))).await?;
        let found = found.ok_or(LifeError::NoSuchCoupon)?;
        // Lines change with the version of their coupon, so what is read after it may be judged with it.
        let redemption = match found.of_order {
            Some(id) => store::redemption::find(&mut conn, id).await?,
            None => None,
        };
        let kept = redemption.iter().flat_map(|redemption| &redemption.lines);
        let lines: Vec<_> = kept.map(|line| (line.line, line.given_back_at.is_some())).collect();
        let returned = life::give_back(&found.facts(), &order_no, &lines, wanted.as_deref())?;
        let Some(redemption) = redemption else { return Err(LifeRefusal::NotRedeemed.into()) };

        let id = redemption.id;
        let subject = (found.id, found.platform);
        let untold_before = untold(&mut conn, subject, matches!(returned, Returned::Whole)).await?;
        let told = |lines: Option<&[i32]>| {
            let told = untold_before;
            json!({
                "redemption_id": id, "order_no": order_no, "store": redemption.store,
                "amount_fen": redemption.amount_fen, "discount_fen": redemption.discount_fen,
                "whole": lines.is_none(), "lines": lines, "told": told,
            })
        };
        let changed = match &returned {
            Returned::Nothing => {
                let told = untold(&mut conn, subject, redemption.reversed_at.is_some()).await?;
                return Ok(GivenBack { redemption, changed: false, told });
            }
            Returned::Whole if found.give_back == ReturnRule::Refused => {
                return Err(LifeRefusal::UseIsFinal.into());
            }
            Returned::Whole => {
                let step = step(&found, clock, cause, told(None));
                store::life::give_back(&mut conn, &step, id).await?
            }
            Returned::Lines(lines) => {
                let step = step(&found, clock, cause, told(Some(lines)));
                store::life::give_back_lines(&mut conn, &step, id, lines).await?
            }
        };
        if changed {
            tracing::info!(coupon.id = %found.id, whole = returned == Returned::Whole, "coupon given back");
            let redemption = store::redemption::find(&mut conn, id).await?;
            let redemption = redemption.ok_or(sqlx::Error::RowNotFound)?;
            let told = untold(&mut conn, subject, returned == Returned::Whole).await?;
            return Ok(GivenBack { redemption, changed: true, told });
        }
    }
    Err(LifeError::Busy)
}
