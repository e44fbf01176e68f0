-- What a placement may still issue, apart for what the platform hands out ('take') and what our own front ends do ('claim').
create table stock (
    placement_id uuid not null constraint stock_placement references placement (placement_id),
    way          text collate "C" not null,
    total        bigint not null default 0,
    issued       bigint not null default 0,
    constraint stock_once primary key (placement_id, way),
    constraint stock_way_known check (way in ('take', 'claim')),
    -- The last guard of "never one too many".
    constraint stock_never_oversold check (issued >= 0 and issued <= total)
)
-- Room for new versions of a row on its own page; and no vacuum that locks everybody out to give back a few pages.
with (fillfactor = 50, vacuum_truncate = false);

-- Stock changes by named additions only, each applied once; a move between ways is one of each.
create table stock_addition (
    addition_id  uuid constraint stock_addition_pkey primary key,
    app_id       uuid not null constraint stock_addition_app references app (app_id),
    placement_id uuid not null,
    way          text collate "C" not null,
    name         text collate "C" not null,
    amount       bigint not null,
    -- Who added it: the name of the API key.
    added_by     text not null,
    added_at     timestamptz not null,
    constraint stock_addition_stock foreign key (placement_id, way) references stock (placement_id, way),
    constraint stock_addition_name_once unique (app_id, name),
    constraint stock_addition_not_zero check (amount <> 0)
);

create index stock_addition_by_placement on stock_addition (placement_id, addition_id);
