//! Coupons in the order in which they end.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::walk::{EXPIRED, Reached};

/// One portion of a walk.
#[derive(Debug, Clone, Copy)]
pub struct Portion<'a> {
    /// The walk; its row is locked.
    pub walk: &'a str,
    /// Where it stands.
    pub behind: Reached,
    /// The last end that is looked at.
    pub horizon: DateTime<Utc>,
    /// At most so many coupons.
    pub limit: i64,
}

/// Reminds of the coupons of one portion that are still to be used, and moves the walk behind them; how many it passed.
///
/// `before` is how long before its end somebody is reminded of a coupon. Whoever got it later than that knows.
pub async fn remind(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    portion: Portion<'_>,
    before: std::time::Duration,
) -> sqlx::Result<i64> {
    let seconds = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
    sqlx::query_file_scalar!(
        "src/store/sql/remind_of_ends.sql",
        portion.walk,
        portion.behind.at,
        portion.behind.id,
        portion.horizon,
        portion.limit,
        now,
        seconds,
    )
    .fetch_one(conn)
    .await
}

/// Counts the coupons of one portion that ended unused, and moves the walk behind them; how many it passed.
pub async fn count(conn: &mut PgConnection, portion: Portion<'_>) -> sqlx::Result<i64> {
    sqlx::query_file_scalar!(
        "src/store/sql/count_ends.sql",
        portion.walk,
        portion.behind.at,
        portion.behind.id,
        portion.horizon,
        portion.limit,
    )
    .fetch_one(conn)
    .await
}

/// Counts those of some coupons that have just become unused again and that the counting has passed before; without
/// this they would be in no sum. To be called in the transaction that changed them, after it did.
pub async fn count_returned(conn: &mut PgConnection, coupons: &[Uuid]) -> sqlx::Result<()> {
    if coupons.is_empty() {
        return Ok(());
    }
    // Waits for the portion under way, which saw these coupons as they were; the next one will see them as they are.
    sqlx::query!("select name from walk where name = $1 for share", EXPIRED)
        .fetch_optional(&mut *conn)
        .await?;
    sqlx::query!(
        r#"
        insert into tally (day, template_id, app_id, measure, count)
        select
            (coupon.valid_until at time zone 'Asia/Shanghai')::date, coupon.template_id, coupon.app_id, 'expired',
            count(*)
        from unnest($1::uuid[]) as returned (coupon_id)
        cross join lateral (
            select template_id, app_id, valid_until, coupon_id
            from coupon
            where coupon.coupon_id = returned.coupon_id and state = 'issued'
            offset 0
        ) as coupon
        join walk
            on walk.name = $2
            and (coupon.valid_until, coupon.coupon_id) <= (walk.reached_at, walk.reached_id)
        group by 1, 2, 3
        "#,
        coupons,
        EXPIRED,
    )
    .execute(conn)
    .await?;
    Ok(())
}
