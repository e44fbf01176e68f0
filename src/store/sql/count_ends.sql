-- One portion of a walk along the ends of coupons: those that were never used are counted, and the walk moves behind
-- them. Those that are locked are counted by whoever takes the lock away, if they are still unused then.
with passed as materialized (
    select coupon_id, template_id, app_id, state, valid_until
    from coupon
    where (valid_until, coupon_id) > ($2::timestamptz, $3::uuid) and valid_until <= $4
    order by valid_until, coupon_id
    limit $5
),
moved as (
    update walk
    set reached_at = case when last.number < $5 then $4 else last.valid_until end,
        reached_id = case when last.number < $5 then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else last.coupon_id end
    from (
        select
            count(*) as number,
            max(valid_until) as valid_until,
            (array_agg(coupon_id order by valid_until desc, coupon_id desc))[1] as coupon_id
        from passed
    ) as last
    where walk.name = $1
),
counted as (
    insert into tally (day, template_id, app_id, measure, count)
    select (valid_until at time zone 'Asia/Shanghai')::date, template_id, app_id, 'expired', count(*)
    from passed
    where state = 'issued'
    group by 1, 2, 3
)
select count(*) as "passed!" from passed
