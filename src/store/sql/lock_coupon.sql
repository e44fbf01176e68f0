-- A coupon kept for an order, if it is still as it was judged; a lock that has passed gives way.
with changed as (
    update coupon
    set state = 'locked', version = version + 1
    where coupon_id = $1
        and version = $2
        and not exists (select from coupon_suspension where coupon_suspension.coupon_id = $1)
    returning coupon_id, template_id, placement_id, app_id
),
kept as (
    insert into coupon_lock (coupon_id, order_no, locked_by, locked_at, expires_at)
    select coupon_id, $3, $4, $5, $6
    from changed
    on conflict on constraint coupon_lock_pkey do update
    set order_no = excluded.order_no,
        locked_by = excluded.locked_by,
        locked_at = excluded.locked_at,
        expires_at = excluded.expires_at
),
noted as (
    insert into event (
        event_id, kind, coupon_id, template_id, app_id, actor, request_id, data, occurred_at
    )
    -- The lock before this one; nobody has come by yet to say that it has passed.
    select
        uuid_v7($5), 'coupon.unlocked', coupon_id, template_id, app_id, 'kaquan', null,
        lapsed_lock(coupon_id, template_id, placement_id, app_id, order_no), $5
    from changed
    join coupon_lock using (coupon_id)
    union all
    select $7, 'coupon.locked', coupon_id, template_id, app_id, $4, $8, $9, $5
    from changed
)
select exists (select from changed) as "changed!"
