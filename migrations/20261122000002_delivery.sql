-- What we owe the platforms. A row is written in the transaction of its cause and stays until the platform has it.
create table delivery (
    delivery_id  uuid constraint delivery_pkey primary key,
    -- In which order they were owed; within one subject they are paid in it.
    position     bigint generated always as identity,
    app_id       uuid not null,
    kind         text not null,
    -- What must be told in order: a coupon, a placement, a banner, a stock addition.
    subject_id   uuid not null,
    -- Whose id at the platform the call needs; null where it needs none.
    placement_id uuid,
    -- Sent with every attempt, or derived from it: the record, the name of the addition.
    identity     text collate "C" not null,
    -- What cannot be read from the rows of the subject. Never a secret, a code or an open id.
    payload      jsonb not null default '{}',
    -- 'waiting' until the platform knows the placement.
    state        text collate "C" not null default 'pending',
    attempts     integer not null default 0,
    -- How many of them were made before a person had it tried anew; only later ones count towards giving up.
    retries_from integer not null default 0,
    -- Whether an attempt may have taken effect although we never heard so.
    doubt        boolean not null default false,
    -- Whether it is late only because the platform was away: then it is due again when the platform is back.
    outage       boolean not null default false,
    -- Whether it counts as done because the platform says that it was done before.
    presumed     boolean not null default false,
    -- Counted up with every lease; whoever settles must name it.
    fence        bigint not null default 0,
    leased_by    integer,
    leased_until timestamptz,
    due_at       timestamptz not null,
    created_at   timestamptz not null,
    settled_at   timestamptz,
    -- Why the last attempt did not settle it, for people.
    note         text,
    constraint delivery_one_per_identity unique (app_id, kind, identity),
    constraint delivery_kind_known check (kind in (
        'publish', 'update', 'withdraw', 'import', 'add_stock', 'create_banner', 'delete_banner', 'sync', 'write_off'
    )),
    constraint delivery_state_known check (state in ('waiting', 'pending', 'leased', 'done', 'dead', 'cancelled')),
    constraint delivery_retries_counted check (retries_from between 0 and attempts),
    constraint delivery_lease_whole check ((state = 'leased') = (leased_by is not null and leased_until is not null)),
    constraint delivery_settled_once check ((state in ('done', 'dead', 'cancelled')) = (settled_at is not null))
)
-- Each row changes a few times within a second or so.
with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 20);

create index delivery_due on delivery (app_id, due_at, position) where state = 'pending';
create index delivery_by_subject on delivery (subject_id, position);
create index delivery_leased on delivery (leased_by) where state = 'leased';
-- For lists: these states can last, and are few among many that are done.
create index delivery_at_rest on delivery (delivery_id) where state in ('waiting', 'dead', 'cancelled');
create index delivery_dead on delivery (app_id, settled_at) where state = 'dead';
create index delivery_waiting on delivery (placement_id) where state = 'waiting';
create index delivery_by_placement on delivery (placement_id, position) where kind not in ('sync', 'write_off');

-- Each try and what came of it.
create table attempt (
    delivery_id uuid not null,
    number      integer not null,
    fence       bigint not null,
    -- The worker that tried.
    instance    integer not null,
    started_at  timestamptz not null,
    duration_ms integer not null,
    outcome     text not null,
    -- What the platform said, secrets masked, at most 4 KiB.
    answer      text,
    -- What we make of it, for people.
    note        text,
    constraint attempt_once primary key (delivery_id, number),
    constraint attempt_number_from_one check (number >= 1),
    constraint attempt_outcome_known check (outcome in ('ok', 'retry', 'permanent', 'unknown')),
    constraint attempt_answer_short check (octet_length(answer) <= 4096)
);

-- How fast an app may be called, and whether at all; one row for all servers.
create table channel (
    app_id           uuid constraint channel_pkey primary key constraint channel_app references app (app_id),
    -- The token bucket: filled at this rate up to `burst`.
    calls_per_second double precision not null default 5,
    burst            double precision not null default 10,
    tokens           double precision not null default 10,
    refilled_at      timestamptz not null,
    -- Set by an operator, or by us when only a person can help; null while calls are made.
    paused_at        timestamptz,
    pause_reason     text,
    -- The circuit breaker: failures in a row, and until when nothing is tried.
    failures         integer not null default 0,
    open_until       timestamptz,
    -- While one call shows whether the platform is back, no other is made.
    probing_until    timestamptz,
    constraint channel_rate_real check (calls_per_second > 0 and burst >= 1)
)
with (fillfactor = 50);

insert into channel (app_id, refilled_at) select app_id, now() from app;

-- Workers. Each holds an advisory lock on its number for as long as it lives, by which its peers see that it does.
create table delivery_instance (
    instance_id integer generated always as identity constraint delivery_instance_pkey primary key,
    started_at  timestamptz not null
);

create function notify_of_delivery() returns trigger language plpgsql as $$
begin
    if exists (select from owed where state = 'pending') then
        perform pg_notify('kaquan_delivery', '');
    end if;
    return null;
end
$$;

create trigger delivery_noticed after insert on delivery
    referencing new table as owed
    for each statement execute function notify_of_delivery();

alter table placement
    -- Whether the platform keeps a wallet that is told of coupons given through us, and of uses, whichever way the
    -- coupon came.
    add column tells_claims boolean not null default false,
    -- The terms and the callback address that the platform was last told; null until it was told any.
    add column published_version integer,
    add column published_token uuid,
    add column published_at timestamptz;

update placement set tells_claims = true from app where app.app_id = placement.app_id and app.platform = 'baidu';
