//! Leave to take cards that nobody has used in time, and the codes that were kept for it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    code::CouponCode,
    id::{AppId, PlacementId},
};

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

/// A card of which only the mini-program has told, and of which WeChat has named the holder when it was asked.
#[derive(Clone)]
pub struct UnheardCard {
    /// On which account.
    pub app: AppId,
    /// The platform's id of the placement.
    pub card_ref: String,
    /// Of the card.
    pub code: CouponCode,
    /// Whose it was when the platform was asked.
    pub open_id: String,
    /// When that was.
    pub at: DateTime<Utc>,
}

/// Up to `limit` cards that were told of between these moments, of which nothing else was heard.
pub async fn list_unheard(
    conn: &mut PgConnection,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
    limit: i64,
) -> sqlx::Result<Vec<UnheardCard>> {
    sqlx::query_as!(
        UnheardCard,
        r#"
        select
            card_claim.app_id as "app: AppId",
            placement.platform_ref as "card_ref!",
            card_claim.hinted_code as "code!: CouponCode",
            card_claim.hinted_open_id as "open_id!",
            card_claim.hinted_at as "at!"
        from card_claim
        join placement on placement.placement_id = card_claim.placement_id
        where card_claim.hinted_open_id is not null
            and card_claim.state <> 'taken'
            and card_claim.hinted_at > $1
            and card_claim.hinted_at <= $2
            and placement.platform_ref is not null
            and not exists (select from coupon where coupon.code = card_claim.hinted_code)
            and not exists (
                select
                from card_push
                where card_push.app_id = card_claim.app_id
                    and card_push.open_id = card_claim.hinted_open_id
                    and card_push.code = card_claim.hinted_code
            )
        order by card_claim.hinted_at
        limit $3
        "#,
        since,
        until,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Forgets up to `limit` leave that came to nothing and ended before `moment`; how much.
pub async fn forget_lapsed(
    conn: &mut PgConnection,
    moment: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        r#"
        delete from card_claim
        where claim_id in (
            select claim_id
            from card_claim
            where state = 'lapsed' and code is null and expires_at < $1
            order by expires_at
            limit $2
            for update skip locked
        )
        "#,
        moment,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(forgotten.rows_affected())
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
