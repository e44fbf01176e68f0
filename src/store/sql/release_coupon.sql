-- A coupon kept for nobody any longer, whatever it is from now on, if it is still as it was judged. When it is out of use
-- its platform hears of it, where it is to.
with changed as (
    update coupon
    set state = $3, version = version + 1
    where coupon_id = $1 and version = $2
    returning coupon_id, template_id, placement_id, app_id, record, state, valid_until
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
owed as (
    insert into delivery (
        delivery_id, app_id, kind, subject_id, placement_id, identity, payload, state, due_at, created_at
    )
    select
        uuid_v7($9), changed.app_id, 'void', changed.coupon_id, changed.placement_id, changed.record, $10,
        case when unknown.there then 'waiting' else 'pending' end,
        -- Behind a dead one it waits until that is settled; at the head of what is due it would be in everybody's way.
        -- A server whose clock is ahead must not put off what is due.
        least($9, clock_timestamp()) + case when blocked.by_dead then interval '30 days' else interval '0' end,
        $9
    from changed
    cross join lateral (
        select placement_id
        from placement
        where placement_id = changed.placement_id and tells_voids and changed.state = 'void'
        offset 0
    ) as told
    left join lateral (
        select true as there
        from placement
        where placement_id = told.placement_id and platform_ref is null
        -- While the platform's id is being written, what is owed must not miss it.
        for share
    ) as unknown on true
    left join lateral (
        select true as by_dead
        from delivery
        -- Spelled so that all dead ones are not read for it.
        where subject_id = changed.coupon_id and told.placement_id is not null and state is not distinct from 'dead'
        limit 1
        -- Who has it tried anew at this moment waits, and then finds what is owed here.
        for share
    ) as blocked on true
    -- What somebody else has by now the platform knows under another code.
    where not exists (
        select
        from coupon_suspension
        where coupon_suspension.coupon_id = changed.coupon_id and reason = 'given_away'
    )
    on conflict on constraint delivery_one_per_identity do nothing
),
noted as (
    insert into event (
        event_id, kind, coupon_id, template_id, app_id, actor, request_id, data, occurred_at
    )
    select $4, $5, coupon_id, template_id, app_id, $6, $7, $8, $9
    from changed
)
select exists (select from changed) as "changed!"
