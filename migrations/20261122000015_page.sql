-- Page layouts that front ends ask for by a code: the floors of a coupon centre, edited by the merchant.
create table page (
    page_id      uuid constraint page_pkey primary key,
    -- The name by which front ends ask for it; its bytes, not its letters, are compared.
    content_code text collate "C" not null,
    -- The sort of front end that it is for; empty for every sort that has none of its own.
    client_type  text collate "C" not null,
    -- The floors in the order in which they are shown. The templates in them have no foreign key: the audit looks.
    document     jsonb not null,
    version      integer not null,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    constraint page_code_real check (content_code ~ '^[A-Za-z0-9_-]{1,64}$'),
    constraint page_client_type_real check (client_type ~ '^[A-Za-z0-9_-]{0,32}$'),
    constraint page_floors_listed check (jsonb_typeof(document) = 'array'),
    constraint page_one_per_slot unique (content_code, client_type)
);
