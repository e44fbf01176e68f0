-- Takes what is due of one app: as many as its channel allows. The channel's row is locked for this statement only.
with clock as materialized (
    select coalesce($1::timestamptz, clock_timestamp()) as now
),
allowed as materialized (
    select
        channel.app_id,
        channel.failures,
        app.version,
        -- What has run into the bucket since it was last looked at.
        least(
            channel.burst,
            channel.tokens
                + greatest(0, extract(epoch from clock.now - channel.refilled_at)) * channel.calls_per_second
        ) as tokens
    from channel
    cross join clock
    join app on app.app_id = channel.app_id
    where channel.app_id = $2
      and channel.paused_at is null
      and (channel.open_until is null or channel.open_until <= clock.now)
      and (channel.failures < $4 or channel.probing_until is null or channel.probing_until <= clock.now)
      -- Without it no call can be made; what is owed waits for it.
      and app.secret_sealed is not null
    for no key update of channel
),
due as materialized (
    -- Read along the index of what is due, in its order, and no further than it takes: behind a long outage a million wait.
    select delivery.delivery_id
    from delivery
    where delivery.app_id = $2
      and delivery.state = 'pending'
      and delivery.due_at <= (select clock.now from clock)
      -- Within a subject in the order in which they were owed; a dead one holds back the rest. A subquery, not an
      -- anti-join, because that would be made of all that is due before the first is chosen.
      and coalesce(
          (
              select false
              from delivery as earlier
              where earlier.subject_id = delivery.subject_id
                and earlier.position < delivery.position
                and earlier.state not in ('done', 'cancelled')
              limit 1
          ),
          true
      )
    order by delivery.due_at, delivery.position
    limit coalesce(
        (
            select case
                -- On probation one call has to show that the platform is back.
                when allowed.failures >= $4 then least($3::bigint, 1)
                else least($3::bigint, floor(allowed.tokens)::bigint)
            end
            from allowed
        ),
        0
    )
    -- Whoever holds one of these rows is about to lease it.
    for update of delivery skip locked
),
leased as (
    update delivery
    set state = 'leased',
        fence = delivery.fence + 1,
        leased_by = $5,
        leased_until = clock.now + $6::interval
    from due, clock
    where delivery.delivery_id = due.delivery_id
    returning
        delivery.delivery_id, delivery.position, delivery.kind, delivery.subject_id, delivery.placement_id,
        delivery.identity, delivery.payload, delivery.attempts, delivery.retries_from, delivery.doubt, delivery.fence
),
spent as (
    update channel
    set tokens = allowed.tokens - (select count(*) from leased),
        -- Two workers may come here in another order than they looked at the clock.
        refilled_at = greatest(channel.refilled_at, clock.now),
        -- The probe has the channel for itself until it is settled, or is given up.
        probing_until = case
            when allowed.failures >= $4 and exists (select from leased) then clock.now + $6::interval
        end
    from allowed, clock
    where channel.app_id = allowed.app_id
      -- Nothing leased, nothing to write: what ran into the bucket is counted when it is next looked at.
      and exists (select from leased)
)
select
    allowed.tokens as "tokens!",
    allowed.failures as "failures!",
    allowed.version as "version!",
    leased.delivery_id as "delivery_id?: DeliveryId",
    leased.kind as "kind?",
    leased.subject_id as "subject_id?",
    leased.placement_id as "placement_id?: PlacementId",
    leased.identity as "identity?",
    leased.payload as "payload?",
    leased.attempts as "attempts?",
    leased.retries_from as "retries_from?",
    leased.doubt as "doubt?",
    leased.fence as "fence?",
    placement.platform_ref as "platform_ref?",
    placement.settings as "settings?",
    coupon.record as "record?",
    coupon.code as "code?",
    -- No moment that cannot be read: one row must not stop all those that were leased with it.
    least(greatest(coupon.valid_from, '0001-01-01T00:00:00Z'), '9999-12-31T00:00:00Z') as "valid_from?",
    least(greatest(coupon.valid_until, '0001-01-01T00:00:00Z'), '9999-12-31T00:00:00Z') as "valid_until?",
    holder.open_id as "open_id?"
from allowed
left join leased on true
left join placement on placement.placement_id = leased.placement_id
left join coupon on coupon.coupon_id = leased.subject_id and leased.kind in ('sync', 'write_off', 'void')
left join holder on holder.holder_id = coupon.holder_id
order by leased.position
