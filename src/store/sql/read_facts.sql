-- All that the rule needs to know about each request, in one read under the locks.
select
    asked.position as "position!",
    issued.coupon_id as "coupon_id?",
    issued.code as "code?: CouponCode",
    issued.valid_from as "valid_from?",
    issued.valid_until as "valid_until?",
    issued.issued_at as "issued_at?",
    refused.reason as "reason?: FinalRefusal",
    coalesce(issued.placement_id, refused.placement_id) as "placement_id?",
    coalesce(issued.holder_id, refused.holder_id) as "holder_id?",
    holder.known as "holder_known?",
    whose.member_id as "member_id?",
    whose.classes as "classes?",
    whose.birth_month as "birth_month?",
    latest.ordinal as "ordinal?",
    latest.issued_at as "latest_at?",
    signed.open as "reserved?"
from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[])
    with ordinality as asked (app_id, record, holder_id, template_id, member_id, position)
left join lateral (
    select c.coupon_id, c.code, c.valid_from, c.valid_until, c.issued_at, c.placement_id, c.holder_id
    from coupon c
    where c.app_id = asked.app_id and c.record = asked.record
    offset 0
) issued on true
left join lateral (
    select r.reason, r.placement_id, r.holder_id
    from refusal r
    where r.app_id = asked.app_id and r.record = asked.record
    offset 0
) refused on true
left join lateral (
    select true as known, h.member_id
    from holder h
    where h.holder_id = asked.holder_id
    offset 0
) holder on true
left join lateral (
    select m.member_id, m.classes, m.birth_month
    from member m
    -- What a holder's row says counts; what the caller says, for one who is met for the first time.
    where m.member_id = case when holder.known then holder.member_id else asked.member_id end
    offset 0
) whose on true
left join lateral (
    -- The highest ordinal is how many this person was ever given.
    select c.ordinal, c.issued_at
    from coupon c
    where c.template_id = asked.template_id
      and c.person_id = coalesce(whose.member_id, asked.holder_id)
    order by c.ordinal desc
    limit 1
) latest on true
left join lateral (
    -- Leave to take a card counts until it is used or lapses.
    select count(*) as open
    from (
        select s.expires_at
        from card_claim s
        -- Spelled so that the order is worth something, which only the index of the person has.
        where (s.template_id, s.person_id) >= (asked.template_id, coalesce(whose.member_id, asked.holder_id))
          and (s.template_id, s.person_id) <= (asked.template_id, coalesce(whose.member_id, asked.holder_id))
          and s.state = 'signed'
        order by s.template_id, s.person_id
        limit 1000
    ) as leave
    where leave.expires_at > $6
    offset 0
) signed on true
