//! What is to be done besides about coupons that a platform had given out before we heard of them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::id::CouponId;

/// To be called in the transaction that writes them, after they are there: an uploaded code that one of them shows is
/// nobody else's from now on, and one whose end was passed before it was heard of counts as ended.
pub async fn settle(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    coupons: &[CouponId],
) -> sqlx::Result<()> {
    let coupons: Vec<Uuid> = coupons.iter().map(|coupon| coupon.uuid()).collect();
    sqlx::query!(
        r#"
        update code
        set state = 'taken'
        from unnest($1::uuid[]) as given (coupon_id)
        join coupon on coupon.coupon_id = given.coupon_id
        where code.template_id = coupon.template_id and code.value = coupon.code and code.state <> 'taken'
        "#,
        &coupons,
    )
    .execute(&mut *conn)
    .await?;
    count_ended(conn, now, &coupons).await
}

/// Counts those that ended unused behind the back of whoever counts the ends.
pub async fn count_ended(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    coupons: &[Uuid],
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into tally (day, template_id, app_id, measure, count)
        select
            (coupon.valid_until at time zone 'Asia/Shanghai')::date, coupon.template_id, coupon.app_id, 'expired',
            count(*)
        from unnest($1::uuid[]) as given (coupon_id)
        join coupon on coupon.coupon_id = given.coupon_id and coupon.state = 'issued'
        cross join lateral (
            select reached_at, reached_id
            from walk
            where name = 'expired' and coupon.valid_until <= $2
            -- Waits for who walks there at this moment, and sees how far they came.
            for share
        ) as walk
        where (walk.reached_at, walk.reached_id) >= (coupon.valid_until, coupon.coupon_id)
        group by 1, 2, 3
        "#,
        coupons,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
