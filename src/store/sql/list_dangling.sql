-- Rows that name what does not exist or does not belong together, where no foreign key stands guard.
select
    kind as "kind!: RowKind",
    id as "id!",
    count(*) over () as "total!"
from (
    select 'refusal' as kind, refusal.holder_id as id
    from refusal
    left join placement
        on placement.placement_id = refusal.placement_id and placement.app_id = refusal.app_id
    -- Its holder need not exist: whoever was only ever refused is not kept.
    where placement.placement_id is null
    union all
    select 'holder', holder.holder_id
    from holder
    left join app using (app_id)
    left join member using (member_id)
    where app.app_id is null
        or holder.member_id is not null and member.member_id is null
    union all
    select 'code', code.code_id
    from code
    left join code_import using (import_id, template_id)
    where code_import.import_id is null
    union all
    select 'delivery', delivery.delivery_id
    from delivery
    left join app using (app_id)
    left join placement using (placement_id)
    where app.app_id is null
        or delivery.placement_id is not null
            and placement.app_id is distinct from delivery.app_id
            -- The placement of an import is made when the platform has told of it.
            and (delivery.kind <> 'import' or delivery.state = 'done')
    union all
    select 'attempt', attempt.delivery_id
    from attempt
    left join delivery using (delivery_id)
    where delivery.delivery_id is null
    union all
    select 'gateway_client', client_id
    from gateway_client
    where exists (
        select from unnest(apps) as seen (app_id)
        where seen.app_id not in (select app_id from app where platform <> 'webhook')
    )
    union all
    select 'gateway_grant', grant_id
    from gateway_grant
    where exists (
        select from unnest(apps) as seen (app_id)
        where seen.app_id not in (select app_id from app where platform <> 'webhook')
    )
    union all
    select 'coupon_number', numbered.coupon_id
    from coupon_number as numbered
    left join coupon using (coupon_id)
    where coupon.coupon_id is null
    union all
    select 'page', page.page_id
    from page
    where exists (
        select
        from jsonb_path_query(page.document, '$[*].content.list[*].templates[*]') as named (template)
        left join template on typed_id('tpl', template.template_id) = named.template #>> '{}'
        where template.template_id is null
    )
) as dangling
order by kind, id
limit $1
