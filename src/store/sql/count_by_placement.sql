-- What we did for each placement of one app between two moments. Coupons are found by their key, which begins with the
-- moment of issue; what was paid, by the index on when it was.
with issued as (
    select
        coupon.placement_id,
        count(*) filter (where coupon.way = 'take') as takes,
        count(*) filter (where coupon.way = 'gift') as gifts
    from coupon
    where coupon.coupon_id >= $4 and coupon.coupon_id < $5
      and coupon.app_id = $1
      and coupon.way in ('take', 'gift')
      and coupon.issued_at >= $2 and coupon.issued_at < $3
    group by coupon.placement_id
),
-- Uses at a till of the platform's own, of which it told us.
elsewhere as (
    select coupon.placement_id, count(*) as used_elsewhere
    from redemption
    cross join lateral (
        select placement_id, app_id
        from coupon
        where coupon.coupon_id = redemption.coupon_id
        offset 0
    ) as coupon
    where redemption.redemption_id >= $4 and redemption.redemption_id < $5
      and redemption.order_no = 'card/' || redemption.coupon_id
      and redemption.redeemed_at >= $2 and redemption.redeemed_at < $3
      and coupon.app_id = $1
    group by coupon.placement_id
),
paid as materialized (
    select delivery.placement_id, delivery.kind, delivery.subject_id
    from delivery
    where delivery.app_id = $1
      and delivery.state = 'done'
      and delivery.settled_at >= $2 and delivery.settled_at < $3
      and delivery.kind in ('sync', 'write_off')
),
told as (
    select
        paid.placement_id,
        count(*) filter (where paid.kind = 'sync' and coupon.way = 'claim') as synced,
        count(*) filter (where paid.kind = 'write_off') as written_off
    from paid
    -- One by one through the key: a join of whole tables would read every coupon there ever was.
    left join lateral (
        select way
        from coupon
        where paid.kind = 'sync' and coupon.coupon_id = paid.subject_id
        offset 0
    ) as coupon on true
    group by paid.placement_id
),
-- A coupon that was taken there is told of only when its code may not have arrived.
repaired as (
    select coupon.placement_id, count(*) as doubtful_takes
    from delivery
    cross join lateral (
        select placement_id, way, issued_at
        from coupon
        where coupon.coupon_id = delivery.subject_id
        offset 0
    ) as coupon
    where delivery.app_id = $1
      and delivery.kind = 'sync'
      and delivery.subject_id >= $4 and delivery.subject_id < $5
      and coupon.way = 'take'
      and coupon.issued_at >= $2 and coupon.issued_at < $3
    group by coupon.placement_id
),
-- It may have been done on this day although it was settled on another, or never.
doubted as (
    select
        delivery.placement_id,
        count(*) filter (where delivery.kind = 'sync') as syncs_in_doubt,
        count(*) filter (where delivery.kind = 'write_off') as write_offs_in_doubt
    from delivery
    where delivery.doubt
      and delivery.app_id = $1
      and delivery.created_at < $3
      and (
          delivery.settled_at is null
          or delivery.settled_at >= $3
          or delivery.state <> 'done' and delivery.settled_at >= $2
      )
    group by delivery.placement_id
),
-- Each state has an index of its own, which only a branch of its own can use.
unpaid as (
    select placement_id, kind, created_at, state from delivery where app_id = $1 and state = 'pending'
    union all
    select placement_id, kind, created_at, state from delivery where app_id = $1 and state = 'leased'
    union all
    select placement_id, kind, created_at, state from delivery where app_id = $1 and state = 'waiting'
    union all
    select placement_id, kind, created_at, state from delivery where app_id = $1 and state = 'dead'
),
unsettled as (
    select
        unpaid.placement_id,
        count(*) filter (where unpaid.state <> 'dead') as write_offs_owed,
        count(*) filter (where unpaid.state = 'dead') as write_offs_dead
    from unpaid
    where unpaid.kind = 'write_off'
      and unpaid.created_at >= $2 and unpaid.created_at < $3
    group by unpaid.placement_id
),
added as (
    select stock_addition.placement_id, sum(stock_addition.amount)::bigint as added
    from stock_addition
    where stock_addition.app_id = $1
      and stock_addition.way = 'take'
      and stock_addition.added_at >= $2 and stock_addition.added_at < $3
    group by stock_addition.placement_id
)
select
    placement.placement_id as "placement!: PlacementId",
    coalesce(issued.takes, 0) as "takes!",
    coalesce(issued.gifts, 0) as "gifts!",
    coalesce(repaired.doubtful_takes, 0) as "doubtful_takes!",
    coalesce(told.synced, 0) as "synced!",
    coalesce(doubted.syncs_in_doubt, 0) as "syncs_in_doubt!",
    coalesce(told.written_off, 0) + coalesce(elsewhere.used_elsewhere, 0) as "written_off!",
    coalesce(doubted.write_offs_in_doubt, 0) as "write_offs_in_doubt!",
    coalesce(unsettled.write_offs_owed, 0) as "write_offs_owed!",
    coalesce(unsettled.write_offs_dead, 0) as "write_offs_dead!",
    coalesce(added.added, 0) as "added!"
from placement
left join issued using (placement_id)
left join elsewhere using (placement_id)
left join repaired using (placement_id)
left join told using (placement_id)
left join doubted using (placement_id)
left join unsettled using (placement_id)
left join added using (placement_id)
where placement.app_id = $1 and placement.platform_ref is not null
