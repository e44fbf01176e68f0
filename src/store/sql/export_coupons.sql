select
    coupon.coupon_id as "id!: CouponId",
    coupon.template_id as "template!: TemplateId",
    coupon.terms_version as "terms_version!",
    coupon.app_id as "app!: AppId",
    coupon.placement_id as "placement!: PlacementId",
    coupon.record as "record!: Record",
    coupon.way as "way!: Way",
    coupon.code as "code!: CouponCode",
    coupon.state as "state!: CouponState",
    held.expires_at as "locked_until?",
    suspension.reason as "suspended?: Suspension",
    coupon.issued_at as "issued_at!",
    coupon.valid_from as "valid_from!",
    coupon.valid_until as "valid_until!",
    used.order_no as "order_no?",
    used.store as "store?",
    used.redeemed_at as "redeemed_at?",
    used.discount_fen as "discount_fen?"
from (
    -- Along the primary key and nothing else, whatever is filtered behind it.
    select
        coupon_id, template_id, terms_version, app_id, placement_id, record, way, code, state, issued_at,
        valid_from, valid_until
    from coupon
    where coupon_id > coalesce($1, '00000000-0000-0000-0000-000000000000'::uuid)
        and coupon_id <= coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
    offset 0
) as coupon
left join lateral (
    select order_no, store, redeemed_at, discount_fen
    from redemption
    where redemption.coupon_id = coupon.coupon_id
        and coupon.state = 'redeemed'
        and reversed_at is null
    offset 0
) as used on true
left join lateral (
    select expires_at
    from coupon_lock
    where coupon_lock.coupon_id = coupon.coupon_id
        and coupon.state = 'locked'
    offset 0
) as held on true
left join lateral (
    select reason
    from coupon_suspension
    where coupon_suspension.coupon_id = coupon.coupon_id
    offset 0
) as suspension on true
where ($3::uuid is null or coupon.template_id = $3)
    and ($4::uuid is null or coupon.app_id = $4)
    and ($5::timestamptz is null or $5 <= coupon.issued_at)
    and ($6::timestamptz is null or coupon.issued_at < $6)
order by coupon.coupon_id
