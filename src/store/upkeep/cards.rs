//! Leave to take cards that nobody has used in time, and the codes that were kept for it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::id::PlacementId;

/// Lets up to `limit` leave lapse that has ended at `now`; how much. It counts towards no limit any more, but its code is
/// kept for a while: what was signed may still be used.
pub async fn lapse(conn: &mut PgConnection, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let lapsed = sqlx::query!(
        r#"
        update card_claim
        set state = 'lapsed'
        where claim_id in (
            select claim_id
            from card_claim
            where state = 'signed' and expires_at <= $1
            order by expires_at
            limit $2
            for no key update skip locked
        )
        "#,
        now,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(lapsed.rows_affected())
}

/// Lets up to `limit` codes go that were kept until `now`; how many. Those of cards that were taken stay with their
/// coupons; uploaded ones may be given out again.
pub async fn free_codes(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        with over as (
            select claim_id, code_id, state, exists (
                select from coupon where coupon.code = card_claim.code
            ) as shown
            from card_claim
            where code_until <= $1
                -- Somebody may show it already, and the word of it be on its way.
                and (hinted_at is null or hinted_code <> code)
                and not exists (
                    select
                    from card_push
                    where card_push.code = card_claim.code
                        and card_push.app_id = card_claim.app_id
                        and card_push.state not in ('applied', 'ignored')
                )
            order by code_until
            limit $2
            for no key update skip locked
        ),
        settled as (
            update card_claim
            set code_until = null,
                code = case when over.state = 'taken' or over.shown then card_claim.code end,
                code_id = case when over.state = 'taken' or over.shown then card_claim.code_id end
            from over
            where card_claim.claim_id = over.claim_id
        ),
        freed as (
            update code
            set state = 'free'
            from over
            where code.code_id = over.code_id and over.state <> 'taken' and not over.shown
        )
        select count(*) as "settled!" from over
        "#,
        now,
        limit,
    )
    .fetch_one(conn)
    .await
}

/// Placements whose platform has said nothing final of their review, and was not asked since then.
pub async fn list_unreviewed(
    conn: &mut PgConnection,
    asked_since: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<PlacementId>> {
    sqlx::query_scalar!(
        r#"
        select placement.placement_id as "id: PlacementId"
        from placement
        join app on app.app_id = placement.app_id
        where app.platform = 'wechat'
            and app.secret_sealed is not null
            and placement.platform_ref is not null
            and placement.state <> 'withdrawn'
            and (placement.review is null or placement.review = 'pending')
            and not exists (
                select
                from delivery
                where delivery.subject_id = placement.placement_id
                    and delivery.kind in ('publish', 'update')
                    -- One that was given up waits for a person.
                    and (delivery.state not in ('done', 'cancelled') or $1 < delivery.settled_at)
            )
        order by placement.placement_id
        limit $2
        "#,
        asked_since,
        limit,
    )
    .fetch_all(conn)
    .await
}
