-- Templates over all of their active placements that somebody can claim from, newest first: these, or those whose time is
-- not over.
select
    template.template_id as "id!: TemplateId",
    template.number as "number!: TemplateNumber",
    template.version as "version!",
    template.state as "state!: TemplateState",
    placed.count > 0 as "is_placed!",
    placed.stock as "stock!",
    free.count as "codes?",
    coalesce(latest.ordinal, 0) as "held!",
    latest.issued_at as "latest?"
from template
join template_terms as terms
    on terms.template_id = template.template_id and terms.version = template.version
cross join lateral (
    select count(*) as count, coalesce(sum(stock.total - stock.issued), 0)::bigint as stock
    from placement
    join app on app.app_id = placement.app_id
    join stock on stock.placement_id = placement.placement_id and stock.way = 'claim'
    where placement.template_id = template.template_id
        and placement.state = 'active'
        and ($4::uuid[] is null or placement.app_id = any($4))
        -- On a platform only those can claim who are known there.
        and (
            $5::uuid is null
            or app.platform = 'own'
            or exists (
                select
                from holder
                where holder.member_id = $5 and holder.app_id = placement.app_id
            )
        )
) placed
left join lateral (
    select count(*) as count
    from (
        select
        from code
        where code.template_id = template.template_id and code.state = 'free'
        limit 10000
    ) as few
    where terms.document -> 'codes' ->> 'type' = 'uploaded'
    having terms.document -> 'codes' ->> 'type' = 'uploaded'
) free on true
left join lateral (
    -- The highest ordinal is how many this person was ever given.
    select coupon.ordinal, coupon.issued_at
    from coupon
    where coupon.template_id = template.template_id and coupon.person_id = $5
    order by coupon.ordinal desc
    limit 1
) latest on true
where case
    when $1::uuid[] is not null then template.template_id = any($1)
    else template.state = 'active'
        and placed.count > 0
        and $3 < (terms.document ->> 'claim_until')::timestamptz
        and ($2::text is null or terms.document ->> 'category' = $2)
end
order by template.number desc
offset $6
limit $7
