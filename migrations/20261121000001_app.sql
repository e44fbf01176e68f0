-- Accounts on the platforms. Secrets come with the calls that need them, sealed; none is stored here in the clear.
create table app (
    app_id      uuid constraint app_pkey primary key,
    platform    text not null,
    -- The platform's public name of the account (Baidu: AppKey; WeChat: AppID; own: a name we choose).
    app_key     text not null,
    name        text not null,
    -- What only this platform's room understands; checked there before it is stored.
    settings    jsonb not null default '{}',
    version     integer not null default 1,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    constraint app_platform_known check (platform in ('baidu', 'wechat', 'own')),
    constraint app_one_per_key unique (platform, app_key)
);
