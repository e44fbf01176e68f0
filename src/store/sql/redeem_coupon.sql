-- A use with all that belongs to it, if the coupon is still as it was judged; otherwise nothing at all. One statement, so
-- one way to the server: a till must not wait for five.
with changed as (
    update coupon
    set state = 'redeemed', version = version + 1
    where coupon_id = $1 and version = $2
    returning coupon_id, template_id, placement_id, app_id, record
),
used as (
    insert into redemption (
        redemption_id, coupon_id, order_no, store, operator, redeemed_at, redeemed_by, amount_fen, discount_fen,
        idempotency_owner, idempotency_key, request_hash
    )
    select $3, coupon_id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
    from changed
),
itemised as (
    insert into redemption_line (redemption_id, line, goods_id, quantity, amount_fen, discount_fen)
    select $3, line.line, line.goods_id, line.quantity, line.amount_fen, line.discount_fen
    from changed
    cross join unnest($14::int[], $15::text[], $16::int[], $17::bigint[], $18::bigint[])
        as line (line, goods_id, quantity, amount_fen, discount_fen)
),
let_go as (
    delete from coupon_lock
    using changed
    where coupon_lock.coupon_id = changed.coupon_id
),
owed as (
    insert into delivery (
        delivery_id, app_id, kind, subject_id, placement_id, identity, state, due_at, created_at
    )
    select
        $19, changed.app_id, 'write_off', changed.coupon_id, changed.placement_id, changed.record,
        case when unknown.there then 'waiting' else 'pending' end,
        -- Behind a dead one it waits until that is settled; at the head of what is due it would be in everybody's way.
        -- A server whose clock is ahead must not put off what is due.
        least($7, clock_timestamp()) + case when blocked.by_dead then interval '30 days' else interval '0' end,
        $7
    from changed
    cross join lateral (
        select placement_id
        from placement
        where placement_id = changed.placement_id and tells_claims
        offset 0
    ) as told
    left join lateral (
        select true as there
        from placement
        where placement_id = told.placement_id and platform_ref is null
        -- While the platform's id is being written, what is owed must not miss it. Once it is there it stays, and nobody
        -- has to lock a row that every use of a campaign would.
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
    on conflict on constraint delivery_one_per_identity do update
    -- An earlier use was given back before the platform heard of it; of this one it must.
    set state = excluded.state,
        due_at = excluded.due_at,
        settled_at = null,
        retries_from = delivery.attempts,
        outage = false,
        note = null
    where delivery.state = 'cancelled'
    returning delivery_id, state
),
noted as (
    insert into event (
        event_id, kind, coupon_id, template_id, app_id, actor, request_id, data, occurred_at
    )
    select $20, 'coupon.redeemed', coupon_id, template_id, app_id, $8, $21, $22, $7
    from changed
)
select
    exists (select from changed) as "changed!",
    -- Only insertions tell the workers by themselves.
    (
        select pg_notify('kaquan_delivery', '')::text
        from owed
        where delivery_id <> $19 and state = 'pending'
    ) as told
