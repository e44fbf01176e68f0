-- One scan of coupons, deliveries and redemptions for four promises: what was given and used against what was told.
with owed as (
    select
        subject_id,
        count(*) filter (where kind = 'sync') as syncs,
        count(*) filter (where kind = 'write_off') as write_offs,
        count(*) filter (where kind = 'write_off' and state <> 'cancelled') as standing_write_offs
    from delivery
    where kind in ('sync', 'write_off')
    group by subject_id
),
used as (
    select
        coupon_id,
        count(*) as uses,
        count(*) filter (where reversed_at is null) as live,
        -- A use at a till of the platform's is not ours to tell, and not ours to judge.
        count(*) filter (where reversed_at is null and order_no <> 'card/' || coupon_id) as told,
        min(redeemed_at) filter (where order_no <> 'card/' || coupon_id) as first_at
    from redemption
    group by coupon_id
),
-- Kept in time for the very order, a coupon may be used as long as the lock lives.
late as (
    select distinct redemption.coupon_id
    from redemption
    join coupon on coupon.coupon_id = redemption.coupon_id
    where coupon.valid_until <= redemption.redeemed_at
        and redemption.order_no <> 'card/' || redemption.coupon_id
        and not exists (
            select
            from event
            where event.coupon_id = redemption.coupon_id
                and event.kind = 'coupon.locked'
                and event.data ->> 'order_no' = redemption.order_no
                and event.occurred_at < coupon.valid_until
                and redemption.redeemed_at < (event.data ->> 'expires_at')::timestamptz
        )
),
judged as (
    select
        coupon.coupon_id,
        -- What is claimed through us is told from the first claim on: nothing gave coupons that way before deliveries
        -- were kept. What was taken on the platform needs no word, and may have one when its reply was in doubt.
        coupon.way = 'claim'
            and coalesce(owed.syncs, 0) <> case when placement.tells_claims then 1 else 0 end as claim_untold,
        (placement.tells_claims and used.told > 0 and coalesce(owed.write_offs, 0) <> 1)
            or (owed.standing_write_offs > 0 and coalesce(used.uses, 0) = 0) as use_untold,
        coalesce(used.live, 0) <> case when coupon.state = 'redeemed' then 1 else 0 end as use_miscounted,
        used.first_at < coupon.issued_at
            or used.first_at < coupon.valid_from
            or late.coupon_id is not null as used_out_of_time
    from coupon
    join placement on placement.placement_id = coupon.placement_id
    left join owed on owed.subject_id = coupon.coupon_id
    left join used on used.coupon_id = coupon.coupon_id
    left join late on late.coupon_id = coupon.coupon_id
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
            ('claim_untold', claim_untold),
            ('use_untold', use_untold),
            ('use_miscounted', use_miscounted),
            ('used_out_of_time', used_out_of_time)
    ) as finding (fault, found)
    where (claim_untold or use_untold or use_miscounted or used_out_of_time) and finding.found
)
select
    fault as "fault!: CouponFault",
    coupon_id as "coupon!: CouponId",
    total as "total!"
from listed
where place <= $1
order by fault, coupon_id
