-- What the platform counted, day by day, as last pulled.
create table platform_figure (
    app_id       uuid not null constraint platform_figure_app references app (app_id),
    platform_ref text not null,
    -- In China.
    day          date not null,
    view_pv      bigint not null,
    view_uv      bigint not null,
    get_pv       bigint not null,
    get_uv       bigint not null,
    get_rate     double precision not null,
    use_pv       bigint not null,
    use_uv       bigint not null,
    use_rate     double precision not null,
    stock        bigint not null,
    pulled_at    timestamptz not null,
    constraint platform_figure_once primary key (app_id, platform_ref, day)
);

-- What stands on the platform, as last seen there, whoever made it.
create table platform_template (
    app_id       uuid not null constraint platform_template_app references app (app_id),
    platform_ref text not null,
    -- What people see of it, by the names of our terms.
    fields       jsonb not null,
    seen_at      timestamptz not null,
    -- When it was first missed; null while it stands.
    gone_at      timestamptz,
    constraint platform_template_once primary key (app_id, platform_ref)
);

-- A comparison of the platform's figures with ours: one that somebody asked for, or the day's.
create table reconciliation (
    reconciliation_id uuid constraint reconciliation_pkey primary key,
    app_id            uuid not null constraint reconciliation_app references app (app_id),
    -- Whose job it is, in China; null for those that somebody asked for.
    job_day           date,
    -- So many whole days before today are looked at.
    days              integer not null,
    -- What was looked at; null until it has begun.
    first_day         date,
    last_day          date,
    state             text not null,
    requested_at      timestamptz not null,
    started_at        timestamptz,
    finished_at       timestamptz,
    attempts          integer not null default 0,
    -- Counted up with every start; whoever finishes must name it.
    fence             bigint not null default 0,
    -- Whoever runs it may take so long; then it counts as given up.
    running_until     timestamptz,
    -- When one that failed is tried again; null when it is not.
    retry_at          timestamptz,
    -- How many differences nothing explains; null until it is done.
    differences       integer,
    error             text,
    constraint reconciliation_one_per_day unique (app_id, job_day),
    constraint reconciliation_days_real check (days between 1 and 31),
    constraint reconciliation_state_known check (state in ('requested', 'running', 'done', 'failed')),
    constraint reconciliation_finished_whole check ((state in ('done', 'failed')) = (finished_at is not null)),
    constraint reconciliation_running_whole check ((state = 'running') = (running_until is not null)),
    constraint reconciliation_retry_after_failure check (retry_at is null or state = 'failed'),
    constraint reconciliation_span_whole check (first_day <= last_day)
);

create unique index reconciliation_one_running on reconciliation (app_id) where state = 'running';
-- Asked for twice before it has begun, it is one.
create unique index reconciliation_one_requested on reconciliation (app_id) where state = 'requested' and job_day is null;

create table reconciliation_difference (
    reconciliation_id uuid not null
        constraint reconciliation_difference_run references reconciliation (reconciliation_id),
    number            integer not null,
    kind              text not null,
    -- Null where the platform has something that is none of ours.
    placement_id      uuid,
    platform_ref      text not null,
    -- In China; null for what is not about a day.
    day               date,
    ours              bigint,
    theirs            bigint,
    -- What differs of a template.
    fields            text[] not null default '{}',
    -- How many deliveries about it are still owed.
    owed              bigint not null default 0,
    -- Whether what is still owed accounts for it.
    explained         boolean not null,
    meaning_zh        text not null,
    meaning_en        text not null,
    constraint reconciliation_difference_once primary key (reconciliation_id, number),
    constraint reconciliation_difference_kind_known check (kind in (
        'lost_calls', 'forged_calls', 'unused_there', 'used_there', 'stock_differs', 'template_changed',
        'template_missing', 'template_unknown', 'template_still_there', 'placement_unpublished_changes'
    ))
);

-- What was paid on a day is counted by it. Only settling writes to it, never claiming or redeeming.
create index delivery_done on delivery (app_id, settled_at) where state = 'done';
-- Few ever are; an entry is written when an attempt goes unanswered.
create index delivery_in_doubt on delivery (app_id, created_at) where doubt;
