with happened as (
    select template_id, app_id, issued_at as at, 'claimed' as measure, 1::bigint as count
    from coupon
    -- What came from somebody else's hands was claimed before.
    where way <> 'gift'
    union all
    select coupon.template_id, coupon.app_id, redemption.redeemed_at, 'redeemed', 1
    from redemption
    join coupon on coupon.coupon_id = redemption.coupon_id
    union all
    select placement.template_id, refusal.app_id, refusal.refused_at, 'refused_' || refusal.reason, 1
    from refusal
    join placement on placement.placement_id = refusal.placement_id
    union all
    select placement.template_id, stock_addition.app_id, stock_addition.added_at, 'offered', stock_addition.amount
    from stock_addition
    join placement on placement.placement_id = stock_addition.placement_id
    union all
    -- Their rows tell of the last time only, or are gone.
    select template_id, app_id, occurred_at, substring(kind from 8), 1
    from event
    where (kind in ('coupon.locked', 'coupon.voided') or (kind = 'coupon.given_back' and data ->> 'whole' = 'true'))
    union all
    -- Whoever counts what ended unused has passed these; nothing takes them out of this state any more.
    select coupon.template_id, coupon.app_id, coupon.valid_until, 'expired', 1
    from walk
    join coupon
        on (coupon.valid_until, coupon.coupon_id) <= (walk.reached_at, walk.reached_id)
        and coupon.state = 'issued'
    where walk.name = 'expired'
),
counted as (
    select template_id, app_id, (at at time zone 'Asia/Shanghai')::date as day, measure, sum(count)::bigint as counted
    from happened
    group by 1, 2, 3, 4
),
noted as (
    select template_id, app_id, day, measure, sum(count)::bigint as noted
    from (
        select template_id, app_id, day, measure, count
        from daily_sum
        union all
        select template_id, app_id, day, measure, count
        from tally
    ) as note
    where measure in (
        'offered', 'claimed', 'redeemed', 'locked', 'given_back', 'voided', 'expired',
        'refused_ended', 'refused_closed', 'refused_not_eligible', 'refused_limit_reached', 'refused_sold_out'
    )
    group by template_id, app_id, day, measure
)
select
    template_id as "template!: TemplateId",
    app_id as "app!: AppId",
    day as "day!",
    measure as "measure!",
    coalesce(noted, 0) as "noted!",
    coalesce(counted, 0) as "counted!",
    count(*) over () as "total!"
from counted
full join noted using (template_id, app_id, day, measure)
where coalesce(noted, 0) <> coalesce(counted, 0)
order by day, template_id, app_id, measure
limit $1
