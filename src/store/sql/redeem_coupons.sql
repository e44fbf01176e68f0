-- Uses with all that belongs to them, each one if its coupon is still as it was judged and nobody holds it at this moment;
-- otherwise nothing at all of it. One statement, so one way to the server for all who wait: a till must not wait for five.
with wish as (
    select *
    from unnest(
        $1::uuid[], $2::int[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[],
        $9::bigint[], $10::bigint[], $11::uuid[], $12::text[], $13::bytea[], $20::uuid[], $21::uuid[], $22::text[],
        $23::jsonb[]
    ) as wish (
        coupon_id, version, redemption_id, order_no, store, operator, redeemed_at, redeemed_by, amount_fen,
        discount_fen, owner, key, request_hash, delivery_id, event_id, request_id, data
    )
),
free as (
    select coupon.coupon_id
    from wish
    join coupon on coupon.coupon_id = wish.coupon_id
    left join lateral (
        select true as there
        from coupon_suspension
        where coupon_suspension.coupon_id = wish.coupon_id
        offset 0
    ) as suspended on true
    -- Whoever suspends one moves its version on, too; this is for who does not.
    where suspended.there is null
    -- Whoever waits for a coupon lets all the others of the moment wait; and two who wait for each other wait for long.
    for no key update of coupon skip locked
),
changed as (
    update coupon
    set state = 'redeemed', version = coupon.version + 1
    from free
    join wish on wish.coupon_id = free.coupon_id
    where coupon.coupon_id = free.coupon_id and coupon.version = wish.version
    returning coupon.template_id, coupon.placement_id, coupon.app_id, coupon.record, wish.*
),
used as (
    insert into redemption (
        redemption_id, coupon_id, order_no, store, operator, redeemed_at, redeemed_by, amount_fen, discount_fen,
        idempotency_owner, idempotency_key, request_hash
    )
    select
        redemption_id, coupon_id, order_no, store, operator, redeemed_at, redeemed_by, amount_fen, discount_fen,
        owner, key, request_hash
    from changed
),
itemised as (
    insert into redemption_line (redemption_id, line, goods_id, quantity, amount_fen, discount_fen)
    select line.redemption_id, line.line, line.goods_id, line.quantity, line.amount_fen, line.discount_fen
    from unnest($14::uuid[], $15::int[], $16::text[], $17::int[], $18::bigint[], $19::bigint[])
        as line (redemption_id, line, goods_id, quantity, amount_fen, discount_fen)
    join changed on changed.redemption_id = line.redemption_id
),
let_go as (
    delete from coupon_lock
    using changed
    where coupon_lock.coupon_id = changed.coupon_id
    returning coupon_lock.coupon_id, coupon_lock.order_no as kept_for, coupon_lock.expires_at
),
owed as (
    insert into delivery (
        delivery_id, app_id, kind, subject_id, placement_id, identity, state, due_at, created_at
    )
    select
        changed.delivery_id, changed.app_id, 'write_off', changed.coupon_id, changed.placement_id, changed.record,
        case when unknown.there then 'waiting' else 'pending' end,
        -- Behind a dead one it waits until that is settled; at the head of what is due it would be in everybody's way.
        -- A server whose clock is ahead must not put off what is due.
        least(changed.redeemed_at, clock_timestamp())
            + case when blocked.by_dead then interval '30 days' else interval '0' end,
        changed.redeemed_at
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
    -- Another order's lock has passed, and nobody has come by to say so.
    select
        uuid_v7(redeemed_at), 'coupon.unlocked', coupon_id, template_id, app_id, 'kaquan', null,
        lapsed_lock(coupon_id, template_id, placement_id, app_id, kept_for), redeemed_at
    from changed
    join let_go using (coupon_id)
    where expires_at <= redeemed_at
    union all
    select
        event_id, 'coupon.redeemed', coupon_id, template_id, app_id, redeemed_by, request_id, data, redeemed_at
    from changed
)
select
    coupon_id as "coupon_id!: CouponId",
    -- Only insertions tell the workers by themselves.
    (
        select count(pg_notify('kaquan_delivery', ''))
        from owed
        where delivery_id <> all ($20) and state = 'pending'
    ) as told
from changed
