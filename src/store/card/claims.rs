//! Leave to take cards, used up by the cards that were taken.

use sqlx::PgConnection;

use super::Card;
use crate::domain::id::PlacementId;

/// What was signed for a card is used up by it: by the reference that came back with it, if the one who has it is the one
/// whom it was signed for, or by the code that we chose.
pub async fn take_claims(
    conn: &mut PgConnection,
    cards: &[(&Card, PlacementId)],
) -> sqlx::Result<()> {
    let taken: Vec<_> = cards
        .iter()
        .filter_map(|(card, placement)| Some((card, card.coupon?, *placement)))
        .collect();
    let references: Vec<_> = taken.iter().map(|(card, _, _)| card.standing.reference()).collect();
    let codes: Vec<_> = taken.iter().map(|(card, _, _)| card.key.1.code.as_str()).collect();
    let coupons: Vec<_> = taken.iter().map(|(_, coupon, _)| coupon.uuid()).collect();
    let placements: Vec<_> = taken.iter().map(|(_, _, placement)| placement.uuid()).collect();
    sqlx::query!(
        r#"
        update card_claim
        set state = 'taken', coupon_id = found.coupon_id, code_until = null
        from (
            select claim.claim_id, min(taken.coupon_id::text)::uuid as coupon_id
            from unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[])
                as taken (reference, code, coupon_id, placement_id)
            cross join lateral (
                select claim_id, placement_id, code
                from card_claim
                where card_claim.reference = taken.reference
                    -- Anybody may have passed it on: what counts is whose the account is found to be.
                    and exists (
                        select
                        from coupon
                        where coupon.coupon_id = taken.coupon_id
                            and (
                                coupon.person_id = card_claim.person_id
                                or exists (
                                    select
                                    from holder_bond
                                    where visitor_id = card_claim.visitor_id
                                        and card_holder_id = coupon.holder_id
                                )
                            )
                    )
                union
                select claim_id, placement_id, code
                from card_claim
                where card_claim.code = taken.code
            ) as claim
            where claim.placement_id = taken.placement_id and (claim.code is null or claim.code = taken.code)
            group by claim.claim_id
        ) as found
        where card_claim.claim_id = found.claim_id and card_claim.state <> 'taken'
        "#,
        &references as _,
        &codes as _,
        &coupons,
        &placements,
    )
    .execute(conn)
    .await?;
    Ok(())
}
