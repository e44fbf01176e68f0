-- One scan of deliveries and one of attempts for seven promises.
with tried as (
    select
        delivery_id,
        count(*) as tries,
        max(number) as highest,
        count(*) filter (where outcome = 'ok') as successes,
        min(started_at) filter (where outcome = 'ok') as succeeded_at,
        max(fence) as highest_fence,
        bool_or(fence <= fence_before) as fence_fell,
        (array_agg(outcome order by number desc))[1] as latest
    from (
        select
            delivery_id, number, fence, started_at, outcome,
            lag(fence) over (partition by delivery_id order by number) as fence_before
        from attempt
    ) as attempt
    group by delivery_id
),
kept as materialized (
    select
        delivery.delivery_id, delivery.position, delivery.app_id, delivery.kind, delivery.subject_id,
        delivery.placement_id, delivery.identity, delivery.state, delivery.attempts, delivery.fence,
        delivery.leased_until, delivery.due_at, tried.tries, tried.highest, tried.successes,
        tried.succeeded_at, tried.highest_fence, tried.fence_fell, tried.latest
    from delivery
    left join tried on tried.delivery_id = delivery.delivery_id
),
-- What stands before the others of its subject, which have to wait for it.
foremost as (
    select subject_id, min(position) as position
    from kept
    where state not in ('done', 'cancelled')
    group by subject_id
),
told as (
    select subject_id, position, succeeded_at
    from kept
    where kind = 'sync' and state <> 'cancelled'
),
judged as (
    select
        kept.delivery_id,
        kept.kind in ('sync', 'write_off') and (
            coupon.coupon_id is null
            or coupon.record <> kept.identity
            or coupon.app_id <> kept.app_id
            or coupon.placement_id is distinct from kept.placement_id
            or not placement.tells_claims
        ) as unfounded,
        coalesce(kept.successes, 0) <> case when kept.state = 'done' then 1 else 0 end as wrong_end,
        coalesce(kept.tries, 0) <> coalesce(kept.highest, 0)
            or coalesce(kept.tries, 0) <> kept.attempts as miscounted,
        coalesce(kept.fence_fell, false) or kept.fence < kept.highest_fence as unfenced,
        -- Without a clear "no" only after so many tries.
        kept.state = 'dead'
            and kept.latest is distinct from 'permanent'
            and coalesce(kept.highest, 0) < $2::bigint as given_up,
        kept.state = 'leased' and kept.leased_until < $1::timestamptz - interval '60 seconds'
            or kept.state = 'waiting' and placement.platform_ref is not null
            or kept.state = 'pending'
                and kept.due_at < $1::timestamptz - interval '5 minutes'
                and kept.position = foremost.position
                and app.secret_sealed is not null
                and channel.paused_at is null
                and (channel.open_until is null or channel.open_until <= $1) as stuck,
        -- A word that was owed later, as after a reply in doubt, may come later.
        kept.kind = 'write_off'
            and told.position < kept.position
            and (told.succeeded_at is null or kept.succeeded_at < told.succeeded_at)
            and kept.succeeded_at is not null as too_soon
    from kept
    left join foremost on foremost.subject_id = kept.subject_id
    left join told on told.subject_id = kept.subject_id
    left join coupon on coupon.coupon_id = kept.subject_id
    left join placement on placement.placement_id = kept.placement_id
    left join app on app.app_id = kept.app_id
    left join channel on channel.app_id = kept.app_id
),
listed as (
    select
        finding.fault,
        judged.delivery_id,
        count(*) over (partition by finding.fault) as total,
        row_number() over (partition by finding.fault order by judged.delivery_id) as place
    from judged
    cross join lateral (
        values
            ('unfounded', unfounded),
            ('wrong_end', wrong_end),
            ('miscounted', miscounted),
            ('unfenced', unfenced),
            ('given_up', given_up),
            ('stuck', stuck),
            ('too_soon', too_soon)
    ) as finding (fault, found)
    where (unfounded or wrong_end or miscounted or unfenced or given_up or stuck or too_soon)
        and finding.found
)
select
    fault as "fault!: DeliveryFault",
    delivery_id as "delivery!: DeliveryId",
    total as "total!"
from listed
where place <= $3
order by fault, delivery_id
