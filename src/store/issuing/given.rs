//! What is to be done besides about coupons that a platform had given out before we heard of them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::batch::Batch;
use crate::store::upkeep::ends;

/// To be called in the transaction that writes the batch, after it did: an uploaded code that one of them shows is
/// nobody else's from now on, and one that had ended before it was heard of counts as ended.
pub async fn settle(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    batch: &Batch,
) -> sqlx::Result<()> {
    let given: Vec<Uuid> = batch.given.iter().map(|given| given.id.uuid()).collect();
    sqlx::query!(
        r#"
        -- Whatever it is: whoever is about to let it go must find that it changed.
        update code
        set state = 'taken'
        from unnest($1::uuid[]) as given (coupon_id)
        join coupon on coupon.coupon_id = given.coupon_id
        where code.template_id = coupon.template_id and code.value = coupon.code
        "#,
        &given,
    )
    .execute(&mut *conn)
    .await?;
    let coupons = batch.coupons.iter().filter(|new| new.coupon.valid_until <= now);
    let ended: Vec<Uuid> = coupons.map(|new| new.coupon.id.uuid()).collect();
    ends::count_returned(conn, &ended).await
}
