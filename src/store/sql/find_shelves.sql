-- For each template that somebody wants a coupon of: where it is placed, and who that somebody is there. Locks nothing.
select
    asked.place as "place!",
    template.template_id as "template?: TemplateId",
    member.member_id as "member?: MemberId",
    placement.placement_id as "placement?: PlacementId",
    placement.app_id as "app?: AppId",
    placement.state as "state?: PlacementState",
    app.platform as "platform?: PlatformKind",
    account.open_id as "open_id?",
    coalesce(stranger.known, false) as "is_strangers!"
-- The lists are hidden from the planner: if it knew their lengths it would make a new plan each time.
from unnest((select $1::bigint[]), (select $2::text[])) with ordinality as asked (number, uid, place)
left join lateral (
    select t.template_id
    from template t
    where t.number = asked.number
    offset 0
) as template on true
left join lateral (
    select m.member_id
    from member m
    where m.uid = asked.uid
    offset 0
) as member on true
left join lateral (
    select p.placement_id, p.app_id, p.state
    from placement p
    where p.template_id = template.template_id
    offset 0
) as placement on true
left join lateral (
    select a.platform
    from app a
    where a.app_id = placement.app_id
    offset 0
) as app on true
left join lateral (
    -- The account that we met first where there are several.
    select h.open_id
    from holder h
    where h.member_id = member.member_id and h.app_id = placement.app_id
    order by h.created_at, h.holder_id
    limit 1
) as account on true
left join lateral (
    -- On the merchant's own apps a member's account has the member's name; somebody else may have it already.
    select true as known
    from holder h
    where app.platform = 'own' and account.open_id is null
        and h.app_id = placement.app_id and h.open_id = asked.uid
    offset 0
) as stranger on true
order by asked.place
