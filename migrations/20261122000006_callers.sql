-- Who calls: people through a mini-program, the merchant's servers with keys, operators with passwords.

alter table api_key
    -- A key has a role, as an operator would, or scopes.
    alter column role drop not null,
    add column scopes text[] not null default '{}',
    -- Networks it may come from; empty for anywhere.
    add column sources text[] not null default '{}',
    -- From here on it counts no more, for another one of the same name has taken its place.
    add column retires_at timestamptz,
    drop constraint api_key_role_known,
    add constraint api_key_role_known check (role in ('owner', 'operator', 'clerk', 'auditor')),
    add constraint api_key_scopes_known check (scopes <@ array['read', 'claim', 'redeem', 'admin']),
    add constraint api_key_role_or_scopes check ((role is null) = (cardinality(scopes) > 0));

create table operator (
    operator_id   uuid constraint operator_pkey primary key,
    -- What is typed to log in; compared in lower case.
    login         text collate "C" not null,
    name          text not null,
    role          text not null,
    -- The shop of a clerk; null where nobody said.
    store         text,
    -- Argon2id, as a PHC string.
    password_hash text not null,
    created_at    timestamptz not null,
    last_login_at timestamptz,
    disabled_at   timestamptz,
    -- Wrong passwords in a row, and until when no password is looked at.
    failures      integer not null default 0,
    blocked_until timestamptz,
    constraint operator_one_per_login unique (login),
    constraint operator_role_known check (role in ('owner', 'operator', 'clerk', 'auditor'))
);

create table operator_session (
    session_id  uuid constraint operator_session_pkey primary key,
    operator_id uuid not null constraint operator_session_operator references operator (operator_id),
    token_hash  bytea not null,
    created_at  timestamptz not null,
    -- Moves on with use, up to `ends_at`.
    expires_at  timestamptz not null,
    ends_at     timestamptz not null,
    revoked_at  timestamptz,
    constraint operator_session_once unique (token_hash)
);

create index operator_session_by_operator on operator_session (operator_id);
create index operator_session_by_end on operator_session (ends_at);

create table mini_session (
    session_id uuid constraint mini_session_pkey primary key,
    app_id     uuid not null constraint mini_session_app references app (app_id),
    holder_id  uuid not null,
    token_hash bytea not null,
    created_at timestamptz not null,
    -- Moves on with use, up to `ends_at`.
    expires_at timestamptz not null,
    ends_at    timestamptz not null,
    revoked_at timestamptz,
    constraint mini_session_once unique (token_hash)
);

create index mini_session_by_holder on mini_session (holder_id);
create index mini_session_by_end on mini_session (ends_at);
