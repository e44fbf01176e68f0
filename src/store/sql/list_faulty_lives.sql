-- One scan of coupons, locks and lines for three promises: what a coupon is against what belongs to that.
with voided as (
    select distinct coupon_id
    from event
    where kind = 'coupon.voided'
),
itemised as (
    select
        redemption_id,
        count(*) as lines,
        count(given_back_at) as returned,
        sum(amount_fen) as amount_fen,
        sum(discount_fen) as discount_fen
    from redemption_line
    group by redemption_id
),
unsound as (
    select distinct redemption.coupon_id
    from redemption
    left join itemised on itemised.redemption_id = redemption.redemption_id
    where case
        when redemption.amount_fen is null or redemption.discount_fen is null then itemised.lines > 0
        -- Sending that was free is in no line, and in both sums.
        else redemption.amount_fen - coalesce(itemised.amount_fen, 0)
                <> redemption.discount_fen - coalesce(itemised.discount_fen, 0)
            or redemption.amount_fen < coalesce(itemised.amount_fen, 0)
    end
    -- When all lines are back, the whole is, and the other way round.
    or (itemised.lines = itemised.returned) <> (redemption.reversed_at is not null)
),
judged as (
    select
        coalesce(coupon.coupon_id, coupon_lock.coupon_id) as coupon_id,
        (coupon.state is not distinct from 'locked') <> (coupon_lock.coupon_id is not null) as wrongly_locked,
        coupon.state = 'void' and voided.coupon_id is null as void_unexplained,
        unsound.coupon_id is not null as misitemised
    from coupon
    full join coupon_lock on coupon_lock.coupon_id = coupon.coupon_id
    left join voided on voided.coupon_id = coupon.coupon_id
    left join unsound on unsound.coupon_id = coupon.coupon_id
),
listed as (
    select
        finding.fault,
        judged.coupon_id,
        count(*) over (partition by finding.fault) as total,
        row_number() over (partition by finding.fault order by judged.coupon_id) as place
    from judged
    cross join lateral (
        values
            ('wrongly_locked', wrongly_locked),
            ('void_unexplained', void_unexplained),
            ('misitemised', misitemised)
    ) as finding (fault, found)
    where (wrongly_locked or void_unexplained or misitemised) and finding.found
)
select
    fault as "fault!: CouponFault",
    coupon_id as "coupon!: CouponId",
    total as "total!"
from listed
where place <= $1
order by fault, coupon_id
