-- One portion of a walk along the ends of coupons: who has one that ends soon is told, and the walk moves behind it.
with passed as materialized (
    select coupon_id, template_id, placement_id, app_id, state, valid_until, issued_at
    from coupon
    where (valid_until, coupon_id) > ($2::timestamptz, $3::uuid) and valid_until <= $4
    order by valid_until, coupon_id
    limit $5
),
moved as (
    update walk
    set reached_at = case when last.number < $5 then $4 else last.valid_until end,
        -- Everything that ends up to the horizon lies behind it then.
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
told as (
    insert into event (event_id, kind, coupon_id, template_id, app_id, actor, data, occurred_at)
    select
        uuid_v7($6), 'coupon.expiring', coupon_id, template_id, app_id, 'kaquan',
        jsonb_build_object(
            'coupon_id', typed_id('cpn', coupon_id),
            'template_id', typed_id('tpl', template_id),
            'placement_id', typed_id('plc', placement_id),
            'app_id', typed_id('app', app_id),
            'valid_until', rfc3339(valid_until),
            'before_seconds', $7::bigint
        ),
        $6
    from passed
    where state in ('issued', 'locked')
      -- Not when kaquan was away for so long that it is over.
      and $6 < valid_until
      and issued_at <= valid_until - make_interval(secs => $7::bigint)
)
select count(*) as "passed!" from passed
