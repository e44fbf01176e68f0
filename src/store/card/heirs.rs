//! Who has a card after whom, where it was given away under new codes.

use sqlx::PgConnection;
use uuid::Uuid;

use super::CardOn;
use crate::domain::{
    card::CardKey,
    id::{AppId, CouponId},
};

/// These cards, and all that became of them under other codes, as far as that was told; sorted.
pub async fn list(conn: &mut PgConnection, keys: &[&CardOn]) -> sqlx::Result<Vec<CardOn>> {
    let apps: Vec<Uuid> = keys.iter().map(|(app, _)| app.uuid()).collect();
    let refs: Vec<&str> = keys.iter().map(|(_, key)| key.card_ref.as_str()).collect();
    let codes: Vec<&str> = keys.iter().map(|(_, key)| key.code.as_str()).collect();
    let rows = sqlx::query!(
        r#"
        with recursive heir as (
            select app_id, card_ref collate "C" as card_ref, code collate "C" as code, 0 as depth
            from unnest($1::uuid[], $2::text[], $3::text[]) as asked (app_id, card_ref, code)
            union
            select card.app_id, card.card_ref, (card.standing -> 'given_to' ->> 1) collate "C", heir.depth + 1
            from heir
            cross join lateral (
                select app_id, card_ref, standing
                from card
                where card.app_id = heir.app_id and card.card_ref = heir.card_ref and card.code = heir.code
                offset 0
            ) as card
            -- Nobody is told of a circle, unless somebody lies.
            where card.standing -> 'given_to' ->> 1 is not null and heir.depth < 50
        )
        select distinct app_id as "app!: AppId", card_ref as "card_ref!", code as "code!"
        from heir
        "#,
        &apps,
        &refs as _,
        &codes as _,
    )
    .fetch_all(conn)
    .await?;
    let heirs = rows.into_iter();
    let mut heirs: Vec<_> =
        heirs.map(|row| (row.app, CardKey { card_ref: row.card_ref, code: row.code })).collect();
    heirs.sort_unstable();
    Ok(heirs)
}

/// The coupons that became of these under other codes, without these themselves, and only what could still be used.
pub async fn list_unused(
    conn: &mut PgConnection,
    coupons: &[CouponId],
) -> sqlx::Result<Vec<CouponId>> {
    let coupons: Vec<Uuid> = coupons.iter().map(|coupon| coupon.uuid()).collect();
    sqlx::query_scalar!(
        r#"
        with recursive heir as (
            select coupon_id, 0 as depth
            from unnest($1::uuid[]) as asked (coupon_id)
            union
            select next.coupon_id, heir.depth + 1
            from heir
            cross join lateral (
                select app_id, card_ref, standing
                from card
                where card.coupon_id = heir.coupon_id
                offset 0
            ) as card
            cross join lateral (
                select coupon_id
                from card as other
                where other.app_id = card.app_id
                    and other.card_ref = card.card_ref
                    and other.code = card.standing -> 'given_to' ->> 1
                    and other.coupon_id is not null
                offset 0
            ) as next
            where heir.depth < 50
        )
        select coupon.coupon_id as "coupon!: CouponId"
        from (select distinct coupon_id from heir) as heir
        join coupon on coupon.coupon_id = heir.coupon_id
        where coupon.state in ('issued', 'locked') and coupon.coupon_id <> all ($1)
        order by coupon.code collate "C"
        "#,
        &coupons,
    )
    .fetch_all(conn)
    .await
}

/// Keeps coupons from changing until the transaction ends, in the order in which those of cards are locked.
pub async fn lock(conn: &mut PgConnection, coupons: &[CouponId]) -> sqlx::Result<()> {
    let coupons: Vec<Uuid> = coupons.iter().map(|coupon| coupon.uuid()).collect();
    sqlx::query!(
        r#"
        select
        from coupon
        where coupon_id = any ($1)
        order by code collate "C"
        for no key update
        "#,
        &coupons,
    )
    .execute(conn)
    .await?;
    Ok(())
}
