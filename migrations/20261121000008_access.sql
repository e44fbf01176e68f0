-- Keys of the merchant's systems. The key itself is shown once; what is kept can only recognise it.
create table api_key (
    key_id       uuid constraint api_key_pkey primary key,
    name         text not null,
    role         text not null,
    -- The first characters, for people to tell keys apart.
    prefix       text not null,
    secret_hash  bytea not null,
    created_at   timestamptz not null,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    constraint api_key_once unique (secret_hash),
    constraint api_key_role_known check (role in ('owner', 'operator', 'auditor'))
);

-- Address ranges that callbacks of an app came from: learned first, so that an allow-list can be enforced later.
create table callback_source (
    app_id        uuid not null constraint callback_source_app references app (app_id),
    network       text not null,
    first_seen_at timestamptz not null,
    constraint callback_source_once primary key (app_id, network)
);
