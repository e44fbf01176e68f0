-- Every placement of an app that the platform knows, what it was last told of it, and what is owed about it.
with owed as (
    select
        delivery.placement_id,
        count(*) filter (where delivery.kind = 'sync') as syncs,
        count(*) filter (where delivery.kind in ('publish', 'update')) as updates,
        count(*) filter (where delivery.kind = 'withdraw') as withdrawals,
        count(*) filter (where delivery.kind = 'add_stock') as additions,
        coalesce(sum(stock_addition.amount) filter (where delivery.kind = 'add_stock'), 0) as pieces
    from (
        select placement_id, kind, identity from delivery where app_id = $1 and state = 'pending'
        union all
        select placement_id, kind, identity from delivery where app_id = $1 and state = 'leased'
        union all
        select placement_id, kind, identity from delivery where app_id = $1 and state = 'waiting'
    ) as delivery
    left join stock_addition
        on delivery.kind = 'add_stock'
        and stock_addition.app_id = $1 and stock_addition.name = split_part(delivery.identity, ' ', 1)
    group by delivery.placement_id
)
select
    placement.placement_id as "placement: PlacementId",
    placement.platform_ref as "platform_ref!",
    placement.state as "state: PlacementState",
    current.document ->> 'title' as "title!",
    template.version,
    placement.published_version,
    placement.published_at,
    told.document as "told?: Json<Terms>",
    placement.published_settings as told_settings,
    coalesce(take.total - take.issued, 0) as "left!",
    coalesce(claim.issued, 0) as "claims!",
    coalesce(owed.syncs, 0) as "syncs!",
    coalesce(owed.updates, 0) as "updates!",
    coalesce(owed.withdrawals, 0) as "withdrawals!",
    coalesce(owed.additions, 0) as "additions!",
    coalesce(owed.pieces, 0)::bigint as "pieces!"
from placement
join template on template.template_id = placement.template_id
join template_terms as current
    on current.template_id = template.template_id and current.version = template.version
left join template_terms as told
    on told.template_id = template.template_id and told.version = placement.published_version
left join stock as take on take.placement_id = placement.placement_id and take.way = 'take'
left join stock as claim on claim.placement_id = placement.placement_id and claim.way = 'claim'
left join owed on owed.placement_id = placement.placement_id
where placement.app_id = $1 and placement.platform_ref is not null
order by placement.placement_id
