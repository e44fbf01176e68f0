//! All that was never used of a template, portion by portion.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    event::Cause,
    id::{CouponId, TemplateId},
};

/// Where a walk over the coupons of a template has come to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    /// Whose coupon came last.
    pub person: Uuid,
    /// Their how many-th.
    pub ordinal: i32,
}

/// What became of a portion.
#[derive(Debug, Clone)]
pub struct Portion {
    /// Those that were taken out of use.
    pub voided: Vec<CouponId>,
    /// Where the next portion begins; none when nothing was left.
    pub last: Option<Place>,
}

/// Takes the next unused coupons of a template out of use, up to `most`; two statements, to be called in a transaction.
pub async fn void(
    conn: &mut PgConnection,
    template: TemplateId,
    after: Place,
    most: i64,
    (now, cause, reason): (DateTime<Utc>, &Cause, &str),
) -> sqlx::Result<Portion> {
    let row = sqlx::query_file!(
        "src/store/sql/void_unused.sql",
        template as _,
        after.person,
        after.ordinal,
        most,
        now,
        cause.actor.to_string(),
        cause.request.as_deref(),
        reason,
    )
    .fetch_one(&mut *conn)
    .await?;
    let last = row.person_id.zip(row.ordinal).map(|(person, ordinal)| Place { person, ordinal });
    // In a statement of its own: the one before it may have waited for somebody who locked one of them, and would not see
    // that lock.
    sqlx::query!("delete from coupon_lock where coupon_id = any($1)", &row.voided)
        .execute(conn)
        .await?;
    let voided = row.voided.into_iter().map(CouponId::from).collect();
    Ok(Portion { voided, last })
}

/// How many coupons of a template could still be used at `now`.
pub async fn count(
    conn: &mut PgConnection,
    template: TemplateId,
    now: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from coupon
        where template_id = $1
            and state in ('issued', 'locked')
            and (valid_until > $2 or state = 'locked')
        "#,
        template as _,
        now,
    )
    .fetch_one(conn)
    .await
}
