-- Coupons in people's hands. This is the hot table: it has no foreign keys, because each would lock a hot row once per
-- coupon; `kaquan audit` checks what they would have.
create table coupon (
    coupon_id     uuid constraint coupon_pkey primary key,
    placement_id  uuid not null,
    template_id   uuid not null,
    -- The version of the terms that this coupon keeps for life.
    terms_version integer not null,
    app_id        uuid not null,
    holder_id     uuid not null,
    -- Whom the limit counts: the member where the holder is linked to one, else the holder.
    person_id     uuid not null,
    -- This person's first, second, … coupon of the template. Together with the limit it is the guard against one too many.
    ordinal       integer not null,
    -- The platform's or the caller's id of the act of claiming.
    record        text collate "C" not null,
    way           text not null,
    code          text collate "C" not null,
    valid_from    timestamptz not null,
    -- The first moment at which it is no longer valid. Expiry is computed from it and never stored.
    valid_until   timestamptz not null,
    state         text not null default 'issued',
    issued_at     timestamptz not null,
    constraint coupon_one_per_record unique (app_id, record),
    constraint coupon_code_once unique (code),
    constraint coupon_one_per_ordinal unique (template_id, person_id, ordinal),
    constraint coupon_ordinal_from_one check (ordinal >= 1),
    constraint coupon_way_known check (way in ('take', 'claim')),
    constraint coupon_state_known check (state in ('issued', 'locked', 'redeemed', 'void')),
    constraint coupon_validity_forward check (valid_from < valid_until)
)
-- A vacuum marks whole pages and writes them to the log; in one go, every commit beside it waits for that. Slowly does it.
with (autovacuum_vacuum_cost_delay = 20);

-- A final "no" to a record, so that a retry hears the same for ever.
create table refusal (
    app_id       uuid not null,
    record       text collate "C" not null,
    placement_id uuid not null,
    -- Derived from app and open id; whoever was only ever refused has no row in `holder`.
    holder_id    uuid not null,
    reason       text not null,
    refused_at   timestamptz not null,
    constraint refusal_one_per_record primary key (app_id, record),
    constraint refusal_reason_known check (reason in ('ended', 'closed', 'not_eligible', 'limit_reached', 'sold_out'))
);
