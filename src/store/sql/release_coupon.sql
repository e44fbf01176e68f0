-- A coupon kept for nobody any longer, whatever it is from now on, if it is still as it was judged.
with changed as (
    update coupon
    set state = $3, version = version + 1
    where coupon_id = $1 and version = $2
    returning coupon_id, template_id, app_id, state, valid_until
),
let_go as (
    delete from coupon_lock
    using changed
    where coupon_lock.coupon_id = changed.coupon_id
),
late as (
    -- Whoever counts what has ended unused went past it while it was not: it is counted here.
    insert into tally (day, template_id, app_id, measure, count)
    select
        (changed.valid_until at time zone 'Asia/Shanghai')::date, changed.template_id, changed.app_id, 'expired', 1
    from changed
    cross join lateral (
        select reached_at, reached_id
        from walk
        where name = 'expired' and changed.state = 'issued' and changed.valid_until <= $9
        -- Waits for who walks there at this moment, and sees how far they came.
        for share
    ) as walk
    where (walk.reached_at, walk.reached_id) >= (changed.valid_until, changed.coupon_id)
),
noted as (
    insert into event (
        event_id, kind, coupon_id, template_id, app_id, actor, request_id, data, occurred_at
    )
    select $4, $5, coupon_id, template_id, app_id, $6, $7, $8, $9
    from changed
)
select exists (select from changed) as "changed!"
