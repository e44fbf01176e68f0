//! What mini-programs say of cards that were taken, and which coupons these are.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    code::CouponCode,
    id::{AppId, CardClaimId, CouponId, HolderId},
};

/// Leave as the one asks for it who was given it.
#[derive(Clone)]
pub struct OwnClaim {
    /// On which account.
    pub app: AppId,
    /// What the platform carries back to us.
    pub reference: String,
    /// The code of the card that is said to be taken by it.
    pub hinted: Option<CouponCode>,
    /// The platform's id of the placement.
    pub card_ref: Option<String>,
    /// What came of it, by the platform's word.
    pub coupon: Option<CouponId>,
}

/// The visitor's own leave, whatever became of it.
pub async fn find_own(
    conn: &mut PgConnection,
    id: CardClaimId,
    visitor: HolderId,
) -> sqlx::Result<Option<OwnClaim>> {
    sqlx::query_as!(
        OwnClaim,
        r#"
        select
            card_claim.app_id as "app: AppId",
            card_claim.reference,
            card_claim.hinted_code as "hinted: CouponCode",
            placement.platform_ref as card_ref,
            card_claim.coupon_id as "coupon: CouponId"
        from card_claim
        join placement on placement.placement_id = card_claim.placement_id
        where card_claim.claim_id = $1 and card_claim.visitor_id = $2
        "#,
        id as _,
        visitor as _,
    )
    .fetch_optional(conn)
    .await
}

/// Notes that the card is said to be taken; the first word stays. Until the platform says so, too, the leave counts.
pub async fn hint(
    conn: &mut PgConnection,
    id: CardClaimId,
    (code, owner): (&CouponCode, Option<&str>),
    (now, counts_until): (DateTime<Utc>, DateTime<Utc>),
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update card_claim
        set hinted_code = $2,
            hinted_open_id = $5,
            hinted_at = $3,
            expires_at = greatest(expires_at, $4)
        where claim_id = $1
            and hinted_at is null
            and state = 'signed'
            -- An old card is no word of this one.
            and not exists (select from coupon where coupon.code = $2)
        "#,
        id as _,
        code as _,
        now,
        counts_until,
        owner,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The coupon that a card of the account is, by the platform's id of the placement and by its code.
pub async fn find_coupon(
    conn: &mut PgConnection,
    app: AppId,
    card_ref: &str,
    code: &CouponCode,
) -> sqlx::Result<Option<CouponId>> {
    sqlx::query_scalar!(
        r#"
        select coupon.coupon_id as "id: CouponId"
        from coupon
        join placement on placement.placement_id = coupon.placement_id
        where coupon.code = $3 and coupon.app_id = $1 and placement.platform_ref = $2
        "#,
        app as _,
        card_ref,
        code as _,
    )
    .fetch_optional(conn)
    .await
}

/// The platform's id of the placement that each of these coupons is of, where it has one.
pub async fn find_card_ref(
    conn: &mut PgConnection,
    coupon: CouponId,
) -> sqlx::Result<Option<String>> {
    let found = sqlx::query_scalar!(
        r#"
        select placement.platform_ref
        from coupon
        join placement on placement.placement_id = coupon.placement_id
        where coupon.coupon_id = $1
        "#,
        coupon as _,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.flatten())
}
