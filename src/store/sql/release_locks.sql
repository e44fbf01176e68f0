-- Locks that have passed go, and their coupons are as they were before.
with passed as materialized (
    select coupon_id
    from coupon_lock
    where expires_at <= $1
    order by expires_at
    limit $2
),
held as materialized (
    select coupon.coupon_id
    from passed
    cross join lateral (
        select coupon_id
        from coupon
        where coupon.coupon_id = passed.coupon_id and state = 'locked'
        -- The coupon before its lock, as everybody does it. Whoever has it now is about to change it.
        for no key update skip locked
    ) as coupon
),
gone as (
    delete from coupon_lock
    using held
    where coupon_lock.coupon_id = held.coupon_id
      -- Looked at once more in the row as it is now: another order may just have taken the coupon.
      and coupon_lock.expires_at <= $1
    returning coupon_lock.coupon_id, coupon_lock.order_no
),
freed as (
    update coupon
    set state = 'issued', version = coupon.version + 1
    from gone
    where coupon.coupon_id = gone.coupon_id and coupon.state = 'locked'
    returning
        coupon.coupon_id, coupon.template_id, coupon.placement_id, coupon.app_id, gone.order_no
),
told as (
    insert into event (event_id, kind, coupon_id, template_id, app_id, actor, data, occurred_at)
    select
        uuid_v7($1), 'coupon.unlocked', coupon_id, template_id, app_id, 'kaquan',
        lapsed_lock(coupon_id, template_id, placement_id, app_id, order_no), $1
    from freed
)
select coupon_id from freed
