-- A use undone, if the coupon is still as it was judged. A platform that was not told yet is told nothing; what was sent
-- stays, for no platform takes it back.
with changed as (
    update coupon
    set state = 'issued', version = version + 1
    where coupon_id = $1 and version = $2
    returning coupon_id, template_id, app_id, valid_until
),
undone as (
    update redemption
    set reversed_at = greatest($4, redemption.redeemed_at), reversed_by = $5
    from changed
    where redemption.redemption_id = $3
),
returned as (
    update redemption_line
    set given_back_at = $4
    from changed
    where redemption_line.redemption_id = $3 and redemption_line.given_back_at is null
),
spared as (
    update delivery
    set state = 'cancelled', settled_at = $4
    from changed
    where delivery.subject_id = changed.coupon_id
        and delivery.kind = 'write_off'
        -- Spelled so that all that waits or is due is not read for it.
        and delivery.state in ('waiting', 'pending')
        -- With a doubt it may have been told; without one it surely was not, however often it was tried.
        and not delivery.doubt
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
        where name = 'expired' and changed.valid_until <= $4
        -- Waits for who walks there at this moment, and sees how far they came.
        for share
    ) as walk
    where (walk.reached_at, walk.reached_id) >= (changed.valid_until, changed.coupon_id)
),
noted as (
    insert into event (
        event_id, kind, coupon_id, template_id, app_id, actor, request_id, data, occurred_at
    )
    select $6, 'coupon.given_back', coupon_id, template_id, app_id, $5, $7, $8, $4
    from changed
)
select exists (select from changed) as "changed!"
