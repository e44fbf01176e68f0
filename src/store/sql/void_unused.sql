-- A portion of what was never used of a template, taken out of use: those that come next behind a place in the order of
-- their numbers. Locked ones too, for the merchant wants them gone.
with picked as materialized (
    select coupon_id, person_id, ordinal
    from coupon
    where template_id = $1
        and (person_id, ordinal) > ($2, $3)
        and state in ('issued', 'locked')
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
    returning coupon_id, template_id, placement_id, app_id
),
let_go as (
    delete from coupon_lock
    where coupon_id = any (array(select coupon_id from picked))
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
    (select count(*) from changed) as "voided!",
    latest.person_id as "person_id?",
    latest.ordinal as "ordinal?"
from (values (0)) as always
left join lateral (
    select person_id, ordinal
    from picked
    order by person_id desc, ordinal desc
    limit 1
) as latest on true
