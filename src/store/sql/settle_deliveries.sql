-- What came of some attempts: the deliveries move on, and each attempt that counts becomes a row. Only the holder of the
-- lease may say so: a worker that was thought dead and wakes up names an old fence, and changes nothing.
with clock as materialized (
    select coalesce($1::timestamptz, clock_timestamp()) as now
),
settled as (
    update delivery
    set state = said.state,
        attempts = delivery.attempts + said.counts::int,
        doubt = delivery.doubt or said.outcome = 'unknown',
        outage = said.outage,
        presumed = said.presumed,
        leased_by = null,
        leased_until = null,
        due_at = case
            when said.state = 'pending' then clock.now + make_interval(secs => said.after_ms / 1000.0)
            else delivery.due_at
        end,
        settled_at = case when said.state <> 'pending' then clock.now end,
        note = said.note
    from clock, unnest(
        $3::uuid[], $4::bigint[], $5::text[], $6::bool[], $7::bigint[], $8::bool[], $9::bool[], $10::text[],
        $11::timestamptz[], $12::int[], $13::text[], $14::text[], $2::int[]
    ) as said (
        delivery_id, fence, state, counts, after_ms, outage, presumed, outcome, started_at, duration_ms, answer, note,
        instance
    )
    where delivery.delivery_id = said.delivery_id
      and delivery.fence = said.fence
      and delivery.state = 'leased'
    returning
        delivery.delivery_id, delivery.subject_id, delivery.position, delivery.state, delivery.due_at,
        delivery.app_id, delivery.kind, delivery.placement_id, delivery.attempts as number, said.fence, said.instance, said.counts, said.outcome, said.started_at,
        said.duration_ms, said.answer, said.note
),
-- Those behind it wait as long as it does: left where they were, they would stand at the head of what is due, and every
-- lease would have to look past them.
followers as (
    update delivery
    set due_at = moved.due_at
    from (
        select
            behind.delivery_id,
            case settled.state
                when 'pending' then greatest(behind.due_at, settled.due_at)
                when 'dead' then greatest(behind.due_at, clock.now + interval '30 days')
                else least(behind.due_at, clock.now)
            end as due_at
        from clock, settled
        cross join lateral (
            select delivery_id, due_at
            from delivery
            where delivery.subject_id = settled.subject_id
              and delivery.position > settled.position
              -- Spelled so that the index of all that is due is not read for it, as long as that is, for every row.
              and delivery.state is not distinct from 'pending'
            offset 0
        ) as behind
    ) as moved
    where delivery.delivery_id = moved.delivery_id and delivery.due_at <> moved.due_at
),
noted as (
    insert into attempt
        (delivery_id, number, fence, instance, started_at, duration_ms, outcome, answer, note)
    select delivery_id, number, fence, instance, started_at, duration_ms, outcome, answer, note
    from settled
    where counts
),
-- What will not arrive is told, but for word of that itself.
told as (
    insert into event (event_id, kind, coupon_id, app_id, actor, data, occurred_at)
    select
        uuid_v7(clock.now), 'delivery.dead', settled.coupon_id, settled.app_id, 'kaquan',
        jsonb_strip_nulls(jsonb_build_object(
            'delivery_id', typed_id('dlv', settled.delivery_id),
            'kind', settled.kind,
            'app_id', typed_id('app', settled.app_id),
            'placement_id', typed_id('plc', settled.placement_id),
            'coupon_id', typed_id('cpn', settled.coupon_id),
            'note', settled.note
        )),
        clock.now
    from clock, (
        select
            delivery_id, kind, app_id, placement_id, note,
            case when kind in ('sync', 'write_off', 'void') then subject_id end as coupon_id
        from settled
        where state = 'dead' and kind <> 'webhook'
    ) as settled
)
select delivery_id as "delivery_id: DeliveryId" from settled
