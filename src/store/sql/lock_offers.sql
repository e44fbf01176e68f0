-- Locks what a batch issues from, in key order, in a statement of its own: only then do the reads of the next one see
-- what the previous holder of the locks committed.
select
    asked.position as "position!",
    clock_timestamp() as "database_now!",
    template.state as "template_state!: TemplateState",
    template.version as "version!",
    placement.state as "placement_state!: PlacementState",
    placement.tells_claims as "tells_claims!",
    placement.known_there as "known_there!",
    stock.total - stock.issued as "left!",
    (
        -- One record may be asked for from two templates at once. Whoever comes second then sees the first one's answer,
        -- be it a coupon or a refusal, which no unique index spans. The keys are sorted, and wanted after the templates.
        select bool_and(pg_advisory_xact_lock(record.key) is not null)
        from unnest($4::bigint[]) as record (key)
    ) as "records_locked?"
from unnest($1::uuid[], $2::uuid[], $3::text[])
    with ordinality as asked (template_id, placement_id, way, position)
-- Each look-up needs what the one before it found, so that every server locks parents first, however it plans.
cross join lateral (
    select t.template_id, t.state, t.version
    from template t
    where t.template_id = asked.template_id
    -- Everybody who issues from this template waits here: the per-person limit spans its placements.
    for no key update
) template
cross join lateral (
    select p.placement_id, p.state, p.tells_claims, p.platform_ref is not null as known_there
    from placement p
    where p.placement_id = asked.placement_id
      -- Spelled so that no index is found for it: the key of the placement is the one to use.
      and p.template_id is not distinct from template.template_id
    -- A row that is only looked at would be the one from before the wait, and a pause that came in between be missed,
    -- or the platform's id, for which what is owed would wait for ever.
    for share
) placement
cross join lateral (
    select s.total, s.issued
    from stock s
    where s.placement_id = placement.placement_id and s.way = asked.way
    for no key update
) stock
