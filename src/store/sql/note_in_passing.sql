-- What is counted and nothing else. Said to this transaction only: its commit need not wait for the disk.
with hurry as materialized (
    select set_config('synchronous_commit', 'off', true) as said
)
insert into tally (day, template_id, app_id, measure, count)
select ($1::timestamptz at time zone 'Asia/Shanghai')::date, note.template_id, note.app_id, note.measure, note.count
from hurry, unnest($2::uuid[], $3::uuid[], $4::text[], $5::bigint[]) as note (template_id, app_id, measure, count)
where hurry.said = 'off'
