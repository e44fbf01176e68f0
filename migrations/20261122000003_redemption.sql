-- Uses of coupons.
create table redemption (
    redemption_id uuid constraint redemption_pkey primary key,
    coupon_id     uuid not null constraint redemption_coupon references coupon (coupon_id),
    -- The merchant's order; repeated for the same order, a redemption is the same one.
    order_no      text collate "C" not null,
    -- Where, and by whom; null where nobody said.
    store         text,
    operator      text,
    redeemed_at   timestamptz not null,
    -- When it was undone; null while it stands.
    reversed_at   timestamptz,
    constraint redemption_reversed_later check (reversed_at >= redeemed_at)
);

-- The last guard of "used at most once".
create unique index redemption_one_live on redemption (coupon_id) where reversed_at is null;
create index redemption_by_order on redemption (order_no);
