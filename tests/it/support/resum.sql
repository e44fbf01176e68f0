-- The daily sums as they follow from the rows, folded or not.
delete from tally;
delete from daily_sum;
insert into daily_sum (template_id, app_id, day, measure, count)
select template_id, app_id, (at at time zone 'Asia/Shanghai')::date, measure, sum(count)
from (
    select template_id, app_id, issued_at as at, 'claimed' as measure, 1 as count from coupon where way <> 'gift'
    union all
    select template_id, app_id, redeemed_at, 'redeemed', 1 from redemption join coupon using (coupon_id)
    union all
    select template_id, refusal.app_id, refused_at, 'refused_' || reason, 1
    from refusal join placement using (placement_id)
    union all
    select template_id, stock_addition.app_id, added_at, 'offered', amount
    from stock_addition join placement using (placement_id)
    union all
    select template_id, app_id, occurred_at, substring(kind from 8), 1
    from event
    where (kind in ('coupon.locked', 'coupon.voided') or (kind = 'coupon.given_back' and data ->> 'whole' = 'true'))
    union all
    select template_id, app_id, valid_until, 'expired', 1
    from coupon join walk on (reached_at, reached_id) >= (valid_until, coupon_id)
    where name = 'expired' and state = 'issued'
) as happened
group by 1, 2, 3, 4;
