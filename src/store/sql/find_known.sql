-- Which of the asked records are known already. Locks nothing.
-- Each look-up is a lateral subquery that `offset 0` keeps apart, so that it can only be an index look-up per record,
-- also on a fresh table of which the planner knows nothing.
select
    asked.position as "position!",
    issued.coupon_id as "coupon_id?",
    issued.code as "code?: CouponCode",
    issued.valid_from as "valid_from?",
    issued.valid_until as "valid_until?",
    issued.issued_at as "issued_at?",
    refused.reason as "reason?: FinalRefusal",
    coalesce(issued.placement_id, refused.placement_id) as "placement_id?",
    coalesce(issued.holder_id, refused.holder_id) as "holder_id?"
from unnest($1::uuid[], $2::text[]) with ordinality as asked (app_id, record, position)
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
where issued.coupon_id is not null or refused.reason is not null
