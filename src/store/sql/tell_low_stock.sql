-- Stocks that have fallen low are told once, until they have risen.
with standing as materialized (
    select
        stock.placement_id, stock.way, stock.total, stock.total - stock.issued as left_over,
        placement.template_id, placement.app_id,
        placement.state <> 'withdrawn'
            and stock.total > 0
            and (stock.total - stock.issued) * 100 <= stock.total * $2::bigint as low
    from stock
    join placement on placement.placement_id = stock.placement_id
),
risen as (
    delete from stock_alert
    using standing
    where stock_alert.placement_id = standing.placement_id
      and stock_alert.way = standing.way
      and not standing.low
),
fallen as (
    insert into stock_alert (placement_id, way, fallen_at)
    select placement_id, way, $1
    from standing
    where low
    order by placement_id, way
    -- Told before, or by another server in this moment.
    on conflict do nothing
    returning placement_id, way
),
told as (
    insert into event (event_id, kind, template_id, app_id, actor, data, occurred_at)
    select
        uuid_v7($1), 'stock.low', standing.template_id, standing.app_id, 'kaquan',
        jsonb_build_object(
            'placement_id', typed_id('plc', standing.placement_id),
            'template_id', typed_id('tpl', standing.template_id),
            'app_id', typed_id('app', standing.app_id),
            'way', standing.way,
            'total', standing.total,
            'left', standing.left_over,
            'percent', $2::bigint
        ),
        $1
    from fallen
    join standing on standing.placement_id = fallen.placement_id and standing.way = fallen.way
)
select count(*) as "told!" from fallen
