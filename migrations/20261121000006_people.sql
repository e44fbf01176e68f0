-- A person as the merchant knows them.
create table member (
    member_id   uuid constraint member_pkey primary key,
    uid         text collate "C" not null,
    -- What a template's audience asks for, for example {gold, employee}.
    classes     text[] not null default '{}',
    birth_month smallint,
    created_at  timestamptz not null,
    constraint member_one_per_uid unique (uid),
    constraint member_birth_month_real check (birth_month between 1 and 12)
);

-- A person as one app knows them. The id is derived from app and open id, so that two servers that meet somebody new agree on it.
create table holder (
    holder_id  uuid constraint holder_pkey primary key,
    app_id     uuid not null,
    -- Compared byte by byte, as all texts that are keys: faster, and the same on every machine.
    open_id    text collate "C" not null,
    member_id  uuid constraint holder_member references member (member_id),
    created_at timestamptz not null,
    constraint holder_one_per_open_id unique (app_id, open_id)
)
-- As for coupons: a vacuum in one go would hold up every commit beside it.
with (autovacuum_vacuum_cost_delay = 20);

create index holder_by_member on holder (member_id) where member_id is not null;
