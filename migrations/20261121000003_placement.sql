-- A template as it stands on one app.
create table placement (
    placement_id uuid constraint placement_pkey primary key,
    template_id  uuid not null constraint placement_template references template (template_id),
    app_id       uuid not null constraint placement_app references app (app_id),
    -- The platform's id of it (Baidu: couponTemplateId), as text; null until the platform has it.
    platform_ref text,
    state        text not null default 'active',
    version      integer not null default 1,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    constraint placement_state_known check (state in ('active', 'paused', 'withdrawn')),
    constraint placement_once unique (template_id, app_id),
    constraint placement_one_per_platform_ref unique (app_id, platform_ref)
);

-- The secret part of a callback URL. Only its hash is kept; two may live while one replaces the other.
create table callback_token (
    token_id      uuid constraint callback_token_pkey primary key,
    placement_id  uuid not null constraint callback_token_placement references placement (placement_id),
    secret_hash   bytea not null,
    created_at    timestamptz not null,
    -- From here on the token is as unknown as a wrong one; null while no rotation has begun.
    retires_at    timestamptz,
    constraint callback_token_once unique (secret_hash)
);

create index callback_token_by_placement on callback_token (placement_id);

-- One row, counted up by every change of what a token leads to, so that servers can ask cheaply whether to read again.
create table route_version (
    singleton boolean constraint route_version_pkey primary key default true,
    version   bigint not null default 0,
    constraint route_version_single check (singleton)
);

insert into route_version default values;
