-- Gateways: protocols in which the merchant's own front ends already speak. Who calls in one of them is a client with a
-- secret, and what it may see is a sight: some of the merchant's apps, or all of them.

create table gateway_client (
    client_id         uuid constraint gateway_client_pkey primary key,
    protocol          text not null,
    -- By which it names itself: zvcms' OpenId, Yoho's client_type.
    name              text collate "C" not null,
    -- What only the protocol's room understands.
    settings          jsonb not null,
    -- Which apps it sees; null for all. In zvcms each grant says so instead.
    apps              uuid[],
    -- With which its requests are signed.
    secret_sealed     bytea not null,
    -- The secret before the present one, which counts beside it until then.
    old_secret_sealed bytea,
    old_secret_until  timestamptz,
    -- With which Yoho's answers are signed.
    salt_sealed       bytea,
    version           integer not null,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    -- From here on nobody is known by this name.
    disabled_at       timestamptz,
    constraint gateway_client_protocol_known check (protocol in ('zvcms', 'yoho')),
    constraint gateway_client_one_per_name unique (protocol, name),
    constraint gateway_client_sees_something check (cardinality(apps) > 0),
    constraint gateway_client_sight_by_grant check (protocol <> 'zvcms' or apps is null),
    constraint gateway_client_old_secret_whole check ((old_secret_sealed is null) = (old_secret_until is null)),
    constraint gateway_client_salt_where_used check ((salt_sealed is null) = (protocol <> 'yoho'))
);

-- What a client of zvcms acts for: it names one of these with every request.
create table gateway_grant (
    grant_id   uuid constraint gateway_grant_pkey primary key,
    client_id  uuid not null constraint gateway_grant_client references gateway_client (client_id),
    -- One that was revoked never comes to mean anything else.
    code       text collate "C" not null constraint gateway_grant_code_once unique,
    -- Which apps it sees; null for all.
    apps       uuid[],
    -- What it may do, in the protocol's words; null for everything.
    actions    text[],
    -- Which shops exist for it; null for any.
    stores     text[],
    created_at timestamptz not null,
    revoked_at timestamptz,
    constraint gateway_grant_sees_something check (cardinality(apps) > 0),
    constraint gateway_grant_allows_something check (cardinality(actions) > 0),
    constraint gateway_grant_knows_some_store check (cardinality(stores) > 0)
);

create index gateway_grant_by_client on gateway_grant (client_id);

-- One row, counted up by every change of the two, so that servers can ask cheaply whether to read again.
create table gateway_version (
    singleton boolean constraint gateway_version_pkey primary key default true,
    version   bigint not null default 0,
    constraint gateway_version_single check (singleton)
);

insert into gateway_version default values;

-- Numbers that a client has used, each once. One for each request and soon forgotten, hence without a foreign key.
create table gateway_nonce (
    client_id  uuid not null,
    nonce      text collate "C" not null,
    -- Until then somebody may repeat the request that it came with.
    expires_at timestamptz not null,
    constraint gateway_nonce_once primary key (client_id, nonce)
);

create index gateway_nonce_by_end on gateway_nonce (expires_at);
