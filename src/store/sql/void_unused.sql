-- A portion of what was never used of a template, taken out of use: those that come next behind a place in the order of
-- their numbers. Locked ones too, for the merchant wants them gone.
with picked as materialized (
    select coupon_id, person_id, ordinal
    from coupon
    where template_id = $1
        and (person_id, ordinal) > ($2, $3)
        and state in ('issued', 'locked')
        -- What is over by itself was counted as such.
        and (valid_until > $5 or state = 'locked')
    order by template_id, person_id, ordinal
    limit $4
    -- Whoever uses one of them at this moment goes first, and it is left alone.
    for no key update
),
changed as (
    update coupon
    set state = 'void', version = version + 1
    -- An array goes by the primary key, whatever is known of the table.
    where coupon_id = any (array(select coupon_id from picked))
    returning coupon_id, template_id, placement_id, app_id, record
),
owed as (
    insert into delivery (
        delivery_id, app_id, kind, subject_id, placement_id, identity, payload, state, due_at, created_at
    )
    select
        uuid_v7($5), changed.app_id, 'void', changed.coupon_id, changed.placement_id, changed.record, jsonb_build_object('reason', $8::text),
        case when unknown.there then 'waiting' else 'pending' end,
        -- Behind a dead one it waits until that is settled; at the head of what is due it would be in everybody's way.
        -- A server whose clock is ahead must not put off what is due.
        least($5, clock_timestamp()) + case when blocked.by_dead then interval '30 days' else interval '0' end,
        $5
    from changed
    cross join lateral (
        select placement_id
        from placement
        where placement_id = changed.placement_id and tells_voids
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
    select
        uuid_v7($5), 'coupon.voided', coupon_id, template_id, app_id, $6, $7,
        jsonb_build_object(
            'coupon_id', typed_id('cpn', coupon_id),
            'template_id', typed_id('tpl', template_id),
            'placement_id', typed_id('plc', placement_id),
            'app_id', typed_id('app', app_id),
            'reason', $8::text
        ),
        $5
    from changed
)
select
    coalesce((select array_agg(coupon_id) from changed), '{}') as "voided!: Vec<Uuid>",
    latest.person_id as "person_id?",
    latest.ordinal as "ordinal?"
from (values (0)) as always
left join lateral (
    select person_id, ordinal
    from picked
    order by person_id desc, ordinal desc
    limit 1
) as latest on true
