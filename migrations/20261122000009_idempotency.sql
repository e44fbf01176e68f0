-- Answers of our own API, by the caller's own name of each request.

create table idempotency (
    -- The key, operator or holder that asked.
    owner        uuid not null,
    key          text collate "C" not null,
    request_hash bytea not null,
    created_at   timestamptz not null,
    -- While it is being answered: until when nobody else may try.
    leased_until timestamptz,
    -- Null until it was answered.
    status       smallint,
    content_type text,
    body         bytea,
    constraint idempotency_once primary key (owner, key),
    constraint idempotency_answered_or_leased check ((status is null) = (leased_until is not null))
);

create index idempotency_by_age on idempotency (created_at);
