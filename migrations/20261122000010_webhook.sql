-- Webhooks: what happens here is told to the merchant's own systems, by the same worker that tells the platforms.
-- An endpoint is an app of the platform 'webhook': it has a secret, a channel and deliveries like any other.

alter table app
    drop constraint app_platform_known,
    add constraint app_platform_known check (platform in ('baidu', 'wechat', 'own', 'webhook'));

alter table delivery
    drop constraint delivery_kind_known,
    add constraint delivery_kind_known check (kind in (
        'publish', 'update', 'withdraw', 'import', 'add_stock', 'create_banner', 'delete_banner', 'sync', 'write_off',
        'webhook'
    ));

create table webhook_endpoint (
    app_id           uuid constraint webhook_endpoint_pkey primary key
        constraint webhook_endpoint_app references app (app_id),
    url              text not null,
    -- The kinds of events it wants.
    kinds            text[] not null,
    -- The secret before the present one, which still signs beside it until then.
    old_secret_sealed bytea,
    old_secret_until  timestamptz,
    -- From here on nothing more is owed to it.
    disabled_at      timestamptz,
    constraint webhook_endpoint_wants_something check (cardinality(kinds) > 0)
);

-- Time-ordered, as the ids that we make ourselves.
create function uuid_v7(made timestamptz) returns uuid language sql volatile as $$
    select encode(
        set_bit(
            set_bit(
                overlay(
                    uuid_send(gen_random_uuid())
                    placing substring(int8send((extract(epoch from made) * 1000)::bigint) from 3) from 1 for 6
                ),
                52, 1
            ),
            53, 1
        ),
        'hex'
    )::uuid
$$;

-- An id as the API shows it.
create function typed_id(prefix text, id uuid) returns text language sql immutable as $$
    select prefix || '_' || replace(id::text, '-', '')
$$;

-- A moment as the API shows it.
create function rfc3339(moment timestamptz) returns text language sql stable as $$
    select to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- What follows from an event, in the commit that writes it: notes for the daily sums, and word to the endpoints.
create function follow_event() returns trigger language plpgsql as $$
begin
    insert into tally (day, template_id, app_id, measure, count)
    select (occurred_at at time zone 'Asia/Shanghai')::date, template_id, app_id, substring(kind from 8), count(*)
    from fresh
    where kind in ('coupon.locked', 'coupon.redeemed', 'coupon.voided')
        -- Of lines that come back, the use stands.
        or (kind = 'coupon.given_back' and data ->> 'whole' = 'true')
    group by 1, 2, 3, 4;

    -- Without an endpoint there is nobody to be told; a till need not wait for that to be found out in full.
    if not exists (select from webhook_endpoint where disabled_at is null) then
        return null;
    end if;
    insert into delivery (
        delivery_id, app_id, kind, subject_id, identity, payload, due_at, created_at
    )
    select
        told.delivery_id, told.app_id, 'webhook', told.delivery_id, told.identity, told.payload,
        least(told.occurred_at, clock_timestamp()), told.occurred_at
    from (
        select
            uuid_v7(fresh.occurred_at) as delivery_id,
            endpoint.app_id,
            typed_id('evt', fresh.event_id) as identity,
            jsonb_build_object(
                'type', fresh.kind,
                'timestamp', rfc3339(fresh.occurred_at),
                'data', fresh.data
            ) as payload,
            fresh.occurred_at
        from fresh
        join webhook_endpoint as endpoint
            on endpoint.disabled_at is null and fresh.kind = any(endpoint.kinds)
    ) as told;
    return null;
end
$$;

-- Who commits a notification does so alone, one after the other: uses and webhooks, of which there are many, are found
-- by the workers' own looking instead.
create or replace function notify_of_delivery() returns trigger language plpgsql as $$
begin
    if exists (select from owed where state = 'pending' and kind not in ('write_off', 'webhook')) then
        perform pg_notify('kaquan_delivery', '');
    end if;
    return null;
end
$$;

create trigger event_followed after insert on event
    referencing new table as fresh
    for each statement execute function follow_event();
