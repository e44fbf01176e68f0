-- From the sums and the notes beside them, in one look: a note that is being folded is in one of the two.
select
    case when $5::boolean then day end as "day?",
    case when $6::boolean then template_id end as "template?: TemplateId",
    case when $7::boolean then app_id end as "app?: AppId",
    measure as "measure!",
    sum(count)::bigint as "count!"
from (
    select day, template_id, app_id, measure, count
    from daily_sum
    where day between $1 and $2
        and ($3::uuid is null or template_id = $3)
        and ($4::uuid is null or app_id = $4)
    union all
    select day, template_id, app_id, measure, count
    from tally
    where day between $1 and $2
        and ($3::uuid is null or template_id = $3)
        and ($4::uuid is null or app_id = $4)
) as figure
group by 1, 2, 3, 4
order by 1, 2, 3, 4
