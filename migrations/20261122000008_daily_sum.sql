-- Daily sums. Whoever changes something leaves a note of it in `tally`, in the same commit; from time to time the notes
-- are taken away and added up, so that nobody waits for a busy sum.

create table tally (
    tally_id    bigint generated always as identity constraint tally_pkey primary key,
    -- In China.
    day         date not null,
    template_id uuid not null,
    app_id      uuid not null,
    measure     text collate "C" not null,
    count       bigint not null
);

create table daily_sum (
    template_id uuid not null,
    app_id      uuid not null,
    day         date not null,
    measure     text collate "C" not null,
    count       bigint not null,
    constraint daily_sum_once primary key (template_id, app_id, day, measure)
);

create index daily_sum_by_day on daily_sum (day);

-- How far a walk over all coupons has come; there is one row for each walk.
create table walk (
    name       text constraint walk_pkey primary key,
    reached_at timestamptz not null,
    -- The last one of that moment.
    reached_id uuid not null
);

insert into daily_sum (template_id, app_id, day, measure, count)
select template_id, app_id, (issued_at at time zone 'Asia/Shanghai')::date, 'claimed', count(*)
from coupon
group by 1, 2, 3
union all
select coupon.template_id, coupon.app_id, (redemption.redeemed_at at time zone 'Asia/Shanghai')::date, 'redeemed', count(*)
from redemption
join coupon on coupon.coupon_id = redemption.coupon_id
group by 1, 2, 3
union all
select placement.template_id, refusal.app_id, (refusal.refused_at at time zone 'Asia/Shanghai')::date,
    'refused_' || refusal.reason, count(*)
from refusal
join placement on placement.placement_id = refusal.placement_id
group by 1, 2, 3, refusal.reason
union all
select placement.template_id, stock_addition.app_id, (stock_addition.added_at at time zone 'Asia/Shanghai')::date,
    'offered', sum(stock_addition.amount)
from stock_addition
join placement on placement.placement_id = stock_addition.placement_id
group by 1, 2, 3;
