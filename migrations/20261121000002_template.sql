-- What a coupon is worth, to whom, when, and how many per person.
create table template (
    template_id uuid constraint template_pkey primary key,
    -- The version of `template_terms` that the next coupon is issued with; also guards concurrent edits.
    version     integer not null,
    state       text not null default 'active',
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    constraint template_state_known check (state in ('draft', 'active', 'paused', 'ended'))
);

-- Terms never change: an edit adds a version, and an issued coupon keeps the one it was issued with.
create table template_terms (
    template_id uuid not null constraint template_terms_template references template (template_id),
    version     integer not null,
    -- The document that `domain::terms::Terms` reads; audits reach into it by name.
    document    jsonb not null,
    created_at  timestamptz not null,
    constraint template_terms_once primary key (template_id, version)
);

alter table template
    add constraint template_current_terms foreign key (template_id, version)
    references template_terms (template_id, version) deferrable initially deferred;
