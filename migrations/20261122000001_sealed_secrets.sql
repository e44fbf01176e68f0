-- Secrets that calls to a platform need, sealed with the master key. What is sealed names its key and is bound to its
-- table, column and row, so that a copy in another place does not open.
alter table app
    -- Baidu: AppSecret. Null until the merchant has told it; then nothing can be called.
    add column secret_sealed bytea;

alter table callback_token
    -- The secret itself, for the platform has to be told the address again with every change. Null for tokens of before.
    add column secret_sealed bytea,
    -- How long older tokens of the placement live on after the platform was told of this one.
    add column overlap_seconds integer not null default 86400,
    add constraint callback_token_overlap_real check (overlap_seconds >= 0);

-- One access token for each app, shared by all servers.
create table platform_token (
    app_id           uuid constraint platform_token_pkey primary key
        constraint platform_token_app references app (app_id),
    -- Null until the first one was fetched.
    token_sealed     bytea,
    -- From here on the platform no longer takes it.
    expires_at       timestamptz,
    -- From here on a new one is fetched, while the old one still serves.
    refresh_at       timestamptz,
    -- Counted up with every new token, so that a server can tell the token that failed from its successor.
    generation       bigint not null default 0,
    -- Who may fetch: the lease of one server, with a fence as for deliveries.
    refresh_fence    bigint not null default 0,
    refreshing_until timestamptz
);
