-- One upload of codes, so that an interrupted or repeated one can be told from a new one.
create table code_import (
    import_id     uuid constraint code_import_pkey primary key,
    template_id   uuid not null constraint code_import_template references template (template_id),
    started_at    timestamptz not null,
    -- Null while it runs, and for ever if it was cut off; repeating the same file finishes the work.
    finished_at   timestamptz,
    line_count    bigint not null default 0,
    new_count     bigint not null default 0,
    repeated_count  bigint not null default 0,
    existing_count  bigint not null default 0,
    malformed_count bigint not null default 0
);

create index code_import_by_template on code_import (template_id, import_id);

-- Codes that the merchant uploaded, waiting to be issued or issued.
create table code (
    code_id     uuid constraint code_pkey primary key,
    template_id uuid not null constraint code_template references template (template_id),
    import_id   uuid not null constraint code_import_known references code_import (import_id),
    -- Compared byte by byte, as all texts that are keys: faster, and the same on every machine.
    value       text collate "C" not null,
    state       text not null default 'free',
    constraint code_value_once unique (value),
    constraint code_state_known check (state in ('free', 'taken'))
);

create index code_free_by_template on code (template_id, code_id) where state = 'free';
