-- Everything a batch decided, in one statement.
with new_holder as (
    insert into holder (holder_id, app_id, open_id, member_id, created_at)
    select fresh.holder_id, fresh.app_id, fresh.open_id, fresh.member_id, $1
    from unnest($2::uuid[], $3::uuid[], $4::text[], $37::uuid[])
        as fresh (holder_id, app_id, open_id, member_id)
    -- Another server may have met the same person in the same moment, through another template.
    on conflict (holder_id) do update
    -- Whoever did so without knowing whose it is did not mean anybody else.
    set member_id = excluded.member_id
    where holder.member_id is null and excluded.member_id is not null
),
counted as (
    update stock
    set issued = stock.issued + batch.count, total = stock.total + batch.grown
    from unnest($5::uuid[], $6::text[], $7::bigint[], $38::bigint[]) as batch (placement_id, way, count, grown)
    where stock.placement_id = batch.placement_id and stock.way = batch.way
),
beyond as (
    -- A platform that hands coupons out by itself may have given more than we knew of.
    insert into stock_addition (addition_id, app_id, placement_id, way, name, amount, added_by, added_at)
    select
        more.addition_id, more.app_id, more.placement_id, more.way, 'beyond/' || more.addition_id, more.amount,
        'kaquan', $1
    from unnest($39::uuid[], $40::uuid[], $41::uuid[], $42::text[], $43::bigint[])
        as more (addition_id, app_id, placement_id, way, amount)
),
new_refusal as (
    insert into refusal (app_id, record, placement_id, holder_id, reason, refused_at)
    select no.app_id, no.record, no.placement_id, no.holder_id, no.reason, $1
    from unnest($8::uuid[], $9::text[], $10::uuid[], $11::uuid[], $12::text[])
        as no (app_id, record, placement_id, holder_id, reason)
),
taken as (
    update code
    set state = 'taken'
    from unnest($13::uuid[]) as used (code_id)
    where code.code_id = used.code_id
),
new_owed as (
    -- Most batches owe nothing: then this costs a few microseconds.
    insert into delivery (
        delivery_id, app_id, kind, subject_id, placement_id, identity, state, due_at, created_at
    )
    select
        owed.delivery_id, owed.app_id, 'sync', owed.coupon_id, owed.placement_id, owed.record,
        owed.state, $1, $1
    from unnest($27::uuid[], $28::uuid[], $29::uuid[], $30::uuid[], $31::text[], $32::text[])
        as owed (delivery_id, app_id, coupon_id, placement_id, record, state)
),
noted as (
    -- One row for all coupons of a template, most of the time.
    insert into tally (day, template_id, app_id, measure, count)
    select ($1 at time zone 'Asia/Shanghai')::date, note.template_id, note.app_id, note.measure, note.count
    from unnest($33::uuid[], $34::uuid[], $35::text[], $36::bigint[])
        as note (template_id, app_id, measure, count)
),
told as (
    -- Word to the endpoints that want it. Mostly there is none: then nothing but that is looked at.
    insert into delivery (
        delivery_id, app_id, kind, subject_id, identity, payload, due_at, created_at
    )
    select word.delivery_id, endpoint.app_id, 'webhook', word.delivery_id, word.identity, word.payload, $1, $1
    from webhook_endpoint as endpoint
    cross join lateral (
        select
            uuid_v7($1) as delivery_id,
            typed_id('evt', new.coupon_id) as identity,
            jsonb_build_object(
                'type', 'coupon.claimed',
                'timestamp', rfc3339($1),
                'data', jsonb_build_object(
                    'coupon_id', typed_id('cpn', new.coupon_id),
                    'template_id', typed_id('tpl', new.template_id),
                    'placement_id', typed_id('plc', new.placement_id),
                    'app_id', typed_id('app', new.app_id),
                    'way', new.way,
                    'record', new.record,
                    'valid_from', rfc3339(new.valid_from),
                    'valid_until', rfc3339(new.valid_until),
                    'issued_at', rfc3339($1)
                )
            ) as payload
        from unnest(
            $14::uuid[], $15::uuid[], $16::uuid[], $18::uuid[], $22::text[], $23::text[], $25::timestamptz[],
            $26::timestamptz[]
        ) as new (coupon_id, placement_id, template_id, app_id, record, way, valid_from, valid_until)
        -- So that the coupons are not even unpacked before there is an endpoint.
        where endpoint.app_id is not null
        offset 0
    ) as word
    where endpoint.disabled_at is null and 'coupon.claimed' = any(endpoint.kinds)
)
insert into coupon (
    coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id, ordinal,
    record, way, code, valid_from, valid_until, issued_at
)
select
    new.coupon_id, new.placement_id, new.template_id, new.terms_version, new.app_id, new.holder_id,
    new.person_id, new.ordinal, new.record, new.way, new.code, new.valid_from, new.valid_until, $1
from unnest(
    $14::uuid[], $15::uuid[], $16::uuid[], $17::int[], $18::uuid[], $19::uuid[], $20::uuid[],
    $21::int[], $22::text[], $23::text[], $24::text[], $25::timestamptz[], $26::timestamptz[]
) as new (
    coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id, ordinal,
    record, way, code, valid_from, valid_until
)
