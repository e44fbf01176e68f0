-- Cards against their coupons: one scan of each for four promises.
with known as (
    select
        card.coupon_id,
        card.app_id,
        card.placement_id,
        card.code,
        (standing -> 'owner' ->> 'at')::timestamptz as owned_at,
        standing -> 'owner' ->> 'open_id' as owner,
        coalesce(standing -> 'owner' ->> 'open_id', standing -> 'seen' ->> 'open_id') as open_id,
        (standing -> 'gifting' ->> 'at')::timestamptz as gifting_at,
        standing -> 'gifting' ->> 'open_id' as giver,
        (standing ->> 'returned')::timestamptz as returned_at,
        (standing ->> 'given_away')::timestamptz as given_away_at,
        (standing ->> 'deleted')::timestamptz as deleted_at,
        standing ->> 'predecessor' is not null as is_successor
    from card
    where coupon_id is not null
),
suspended as (
    select known.coupon_id, reason.reason, reason.since
    from known
    cross join lateral (
        values
            (1, 'given_away', given_away_at, true),
            (2, 'deleted', deleted_at, owned_at is null or owned_at <= deleted_at),
            (
                3, 'gifting', gifting_at,
                (owner is null or owner = giver and owned_at <= gifting_at)
                    and (returned_at is null or returned_at < gifting_at)
            )
    ) as reason (rank, reason, since, holds)
    where reason.since is not null and reason.holds
        -- What weighs more hides what weighs less.
        and (reason.rank = 1 or given_away_at is null)
        and (reason.rank < 3 or deleted_at is null or owned_at > deleted_at)
),
contradicted as (
    select distinct coupon_id
    from event
    where kind = 'coupon.conflict' and data ->> 'reason' = 'used_though_given_away'
),
judged as (
    select
        coalesce(coupon.coupon_id, known.coupon_id) as coupon_id,
        known.coupon_id is not null and (
            coupon.coupon_id is null
            or coupon.app_id <> known.app_id
            or coupon.placement_id <> known.placement_id
            or coupon.code <> known.code
            or holder.open_id is distinct from known.open_id
            or coupon.way <> case when known.is_successor then 'gift' else 'take' end
        ) as card_disagrees,
        -- What is still to be applied comes in a moment.
        known.coupon_id is null and pending.code is null and app.platform = 'wechat' as without_card,
        suspended.reason is distinct from kept.reason or suspended.since is distinct from kept.since
            as wrongly_suspended,
        coupon.state = 'redeemed' and kept.reason = 'given_away' and contradicted.coupon_id is null
            as used_though_given_away
    from coupon
    full join known on known.coupon_id = coupon.coupon_id
    full join coupon_suspension as kept on kept.coupon_id = coalesce(coupon.coupon_id, known.coupon_id)
    left join suspended on suspended.coupon_id = coalesce(coupon.coupon_id, known.coupon_id)
    left join contradicted on contradicted.coupon_id = coupon.coupon_id
    left join app on app.app_id = coupon.app_id
    left join holder on holder.holder_id = coupon.holder_id
    left join (
        select distinct app_id, code
        from card_push
        where state = 'pending'
    ) as pending on pending.app_id = coupon.app_id and pending.code = coupon.code
),
listed as (
    select
        finding.fault,
        judged.coupon_id,
        count(*) over (partition by finding.fault) as total,
        row_number() over (partition by finding.fault order by judged.coupon_id) as place
    from judged
    cross join lateral (
        values
            ('card_disagrees', card_disagrees),
            ('without_card', without_card),
            ('wrongly_suspended', wrongly_suspended),
            ('used_though_given_away', used_though_given_away)
    ) as finding (fault, found)
    where (card_disagrees or without_card or wrongly_suspended or used_though_given_away) and finding.found
)
select
    fault as "fault!: CouponFault",
    coupon_id as "coupon!: CouponId",
    total as "total!"
from listed
where place <= $1
order by fault, coupon_id
