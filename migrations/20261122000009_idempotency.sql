-- Answers of our own API, by the caller's own name of each request.

create table idempotency (
    -- The key, operator or holder that asked.
    owner            uuid not null,
    key              text collate "C" not null,
    -- Of method, address, content type and body: the same key with anything else is another request.
    request_hash     bytea not null,
    created_at       timestamptz not null,
    -- While it is being answered: until when nobody else may try. It is also the fence of whoever answers.
    leased_until     timestamptz,
    -- Null until it was answered.
    status           smallint,
    content_type     text,
    content_language text,
    location         text,
    body             bytea,
    -- An answer that shows a secret: the place that it is sealed for, and the answer in place of `body`.
    sealed_id        uuid,
    body_sealed      bytea,
    constraint idempotency_once primary key (owner, key),
    constraint idempotency_answered_or_leased check ((status is null) = (leased_until is not null)),
    constraint idempotency_body_or_sealed check (
        (sealed_id is null) = (body_sealed is null)
        and (status is null) = (num_nonnulls(body, body_sealed) = 0)
        and num_nonnulls(body, body_sealed) <= 1
    )
);

create index idempotency_by_age on idempotency (created_at);
create unique index idempotency_sealed on idempotency (sealed_id) where sealed_id is not null;
