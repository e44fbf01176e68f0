-- A platform that grants one token to all who ask can be made to end it, so many times a day: how often we did.

alter table platform_token
    add column forced_at timestamptz,
    -- In China, and how often on that day.
    add column forced_day date,
    add column forced_count integer not null default 0;

-- Not every platform tells what was left on a day.
alter table platform_figure
    alter column stock drop not null;
