-- The coupons of one person in one of the tabs, newest first, in one walk down `coupon_by_holder` for each of the person's
-- holders. What is in which tab is the rule of `domain::standing`, asked here so that pages are full.
select
    coupon.coupon_id as "id!: CouponId",
    coupon.template_id as "template!: TemplateId",
    coupon.terms_version as "version!",
    coupon.placement_id as "placement!: PlacementId",
    coupon.app_id as "app!: AppId",
    coupon.code as "code!: CouponCode",
    coupon.state as "state!: CouponState",
    coupon.valid_from as "valid_from!",
    coupon.valid_until as "valid_until!",
    coupon.issued_at as "issued_at!",
    coupon.locked_until as "locked_until?",
    coupon.locked_for as "locked_for?",
    coupon.suspended as "suspended?: Suspension",
    used.order_no as "order_no?",
    used.store as "store?",
    used.redeemed_at as "redeemed_at?",
    used.discount_fen as "discount_fen?"
from (
    select h.holder_id
    from holder h
    where h.member_id = $2::uuid
      and ($7::uuid[] is null or h.app_id = any($7))
    union
    select $1::uuid
    where $1::uuid is not null
) as mine
cross join lateral (
    select
        c.coupon_id, c.template_id, c.terms_version, c.placement_id, c.app_id, c.code, c.state,
        c.valid_from, c.valid_until, c.issued_at, lock.expires_at as locked_until, lock.order_no as locked_for,
        suspension.reason as suspended
    from coupon c
    left join lateral (
        select l.expires_at, l.order_no
        from coupon_lock l
        where l.coupon_id = c.coupon_id and c.state = 'locked'
        offset 0
    ) lock on true
    left join lateral (
        select s.reason
        from coupon_suspension s
        where s.coupon_id = c.coupon_id and c.state in ('issued', 'locked')
        offset 0
    ) suspension on true
    where c.holder_id = mine.holder_id
      and c.coupon_id < $3::uuid
      -- What was given away is somebody else's, under another code; only its one page still says so.
      and (suspension.reason is distinct from 'given_away' or coalesce($5 < lock.expires_at, false))
      and case $4::text
          when 'used' then c.state = 'redeemed'
          when 'locked' then c.state = 'locked' and coalesce($5 < lock.expires_at, false)
          when 'usable' then c.state in ('issued', 'locked')
              and $5 < c.valid_until
              and suspension.reason is null
              and not coalesce($5 < lock.expires_at, false)
          when 'suspended' then suspension.reason is not null
              and $5 < c.valid_until
              and not coalesce($5 < lock.expires_at, false)
          when 'expired' then c.state in ('issued', 'locked')
              and c.valid_until <= $5
              and not coalesce($5 < lock.expires_at, false)
          when 'used_or_locked' then c.state = 'redeemed'
              or c.state = 'locked' and coalesce($5 < lock.expires_at, false)
          when 'unused' then c.state in ('issued', 'locked')
              and (suspension.reason is null or c.valid_until <= $5)
              and not coalesce($5 < lock.expires_at, false)
          when 'all' then c.state <> 'void'
          when 'open' then c.state in ('issued', 'locked')
              and ($5 < c.valid_until or coalesce($5 < lock.expires_at, false))
          when 'ready' then c.state in ('issued', 'locked')
              and ($5 < c.valid_until and suspension.reason is null or coalesce($5 < lock.expires_at, false))
          else false
      end
    order by c.coupon_id desc
    limit $6
) coupon
left join lateral (
    select r.order_no, r.store, r.redeemed_at, r.discount_fen
    from redemption r
    where r.coupon_id = coupon.coupon_id and r.reversed_at is null and coupon.state = 'redeemed'
    offset 0
) used on true
order by coupon.coupon_id desc
limit $6
