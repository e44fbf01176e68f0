-- Takes back what dead workers hold, and what a worker held for too long. A worker lives while it holds its lock.
with clock as materialized (
    select coalesce($1::timestamptz, clock_timestamp()) as now
),
living as materialized (
    select lock.objid::bigint as instance
    from pg_locks as lock
    where lock.locktype = 'advisory'
      and lock.granted
      and lock.objsubid = 2
      and lock.classid::bigint = $2
      and lock.database = (select oid from pg_database where datname = current_database())
),
orphaned as (
    select
        delivery.delivery_id,
        delivery.app_id,
        delivery.leased_by,
        -- One that takes its worker with it every time must not do so for ever.
        delivery.attempts + 1 - delivery.retries_from >= $4 as is_spent
    from delivery
    cross join clock
    where delivery.state = 'leased'
      and (
          delivery.leased_until < clock.now
          or delivery.leased_by <> $3
          and not exists (select from living where living.instance = delivery.leased_by)
      )
    limit 1000
    for update of delivery skip locked
),
rescued as (
    update delivery
    set state = case when orphaned.is_spent then 'dead' else 'pending' end,
        attempts = delivery.attempts + 1,
        -- It may have been sent before the worker died.
        doubt = true,
        leased_by = null,
        leased_until = null,
        -- It keeps its place, so that it need not wait behind a backlog. One that was rescued again and again may be what
        -- its workers die of: it goes to the end.
        due_at = case when delivery.attempts < 8 then delivery.due_at else clock.now end,
        settled_at = case when orphaned.is_spent then clock.now end,
        note = 'the worker was gone before it could say what happened'
    from orphaned, clock
    where delivery.delivery_id = orphaned.delivery_id
    returning
        delivery.delivery_id, delivery.attempts as number, delivery.fence, orphaned.leased_by, delivery.note, clock.now,
        delivery.state, delivery.kind, delivery.app_id, delivery.placement_id, delivery.subject_id
),
probed as (
    -- The probe died with its worker: another may look whether the platform is back.
    update channel
    set probing_until = null
    where probing_until is not null and app_id in (select app_id from orphaned)
),
noted as (
    insert into attempt
        (delivery_id, number, fence, instance, started_at, duration_ms, outcome, note)
    select delivery_id, number, fence, leased_by, now, 0, 'unknown', note
    from rescued
),
told as (
    insert into event (event_id, kind, coupon_id, app_id, actor, data, occurred_at)
    select
        uuid_v7(dead.now), 'delivery.dead', dead.coupon_id, dead.app_id, 'kaquan',
        jsonb_strip_nulls(jsonb_build_object(
            'delivery_id', typed_id('dlv', dead.delivery_id),
            'kind', dead.kind,
            'app_id', typed_id('app', dead.app_id),
            'placement_id', typed_id('plc', dead.placement_id),
            'coupon_id', typed_id('cpn', dead.coupon_id),
            'note', dead.note
        )),
        dead.now
    from (
        select
            delivery_id, kind, app_id, placement_id, note, now,
            case when kind in ('sync', 'write_off', 'void') then subject_id end as coupon_id
        from rescued
        where state = 'dead' and kind <> 'webhook'
    ) as dead
)
select count(*) as "rescued!" from rescued
