-- Coupons with all that their next step is judged by. Nothing is locked: whoever changes one names the version that he read.
select
    asked.place as "place!",
    coupon.coupon_id as "id!: CouponId",
    coupon.version as "version!",
    coupon.template_id as "template!: TemplateId",
    coupon.terms_version as "terms_version!",
    coupon.placement_id as "placement!: PlacementId",
    coupon.app_id as "app!: AppId",
    coupon.code as "code!: CouponCode",
    coupon.state as "state!: CouponState",
    coupon.valid_from as "valid_from!",
    coupon.valid_until as "valid_until!",
    kept.order_no as "locked_for?",
    kept.locked_at as "locked_at?",
    kept.expires_at as "lock_expires_at?",
    suspension.reason as "suspended?: Suspension",
    account.platform as "platform!: PlatformKind",
    account.give_back as "give_back!: ReturnRule",
    standing.order_no as "used_for?",
    of_order.redemption_id as "of_order?: RedemptionId",
    of_order.reversed_at is not null as "given_back!",
    keyed.redemption_id as "keyed?: RedemptionId",
    keyed.request_hash as "keyed_hash?",
    clock_timestamp() as "database_now!"
-- The lists are hidden from the planner: if it knew their lengths it would make a new plan each time.
from unnest(
    (select $1::text[]), (select $2::uuid[]), (select $3::text[]), (select $4::uuid[]), (select $5::text[]),
    (select $6::uuid[]), (select $7::text[])
) with ordinality
    as asked (code, coupon_id, order_no, owner, key, holder_id, uid, place)
cross join lateral (
    select coupon_id from coupon where code = asked.code
    union all
    select asked.coupon_id where asked.coupon_id is not null
) as shown
cross join lateral (
    select
        coupon_id, version, template_id, terms_version, placement_id, app_id, holder_id, code, state, valid_from,
        valid_until
    from coupon
    where coupon_id = shown.coupon_id
    offset 0
) as coupon
left join lateral (
    select order_no, locked_at, expires_at
    from coupon_lock
    where coupon_id = coupon.coupon_id
    offset 0
) as kept on true
left join lateral (
    select reason
    from coupon_suspension
    where coupon_id = coupon.coupon_id
    offset 0
) as suspension on true
left join lateral (
    select platform, give_back
    from app
    where app_id = coupon.app_id
    offset 0
) as account on true
left join lateral (
    select order_no
    from redemption
    where coupon_id = coupon.coupon_id and reversed_at is null
    offset 0
) as standing on true
left join lateral (
    select redemption_id, reversed_at
    from redemption
    where coupon_id = coupon.coupon_id and order_no = asked.order_no
    offset 0
) as of_order on true
left join lateral (
    select redemption_id, request_hash
    from redemption
    where idempotency_owner = asked.owner and idempotency_key = asked.key
    offset 0
) as keyed on true
-- Whose it has to be; a member has what any of their holders has.
where case
    when asked.holder_id is not null then coupon.holder_id = asked.holder_id or exists (
        select
        from holder as owner
        join holder as asking on asking.member_id = owner.member_id
        where owner.holder_id = coupon.holder_id and asking.holder_id = asked.holder_id
    )
    when asked.uid is not null then exists (
        select
        from holder as owner
        join member on member.member_id = owner.member_id
        where owner.holder_id = coupon.holder_id and member.uid = asked.uid
    )
    else true
end
