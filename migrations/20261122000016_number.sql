-- Whole numbers by which templates and coupons are known in protocols that have no room for our ids.

alter table template
    -- From 1, in the order in which templates were made.
    add column number bigint generated always as identity,
    add constraint template_number_once unique (number);

-- Given when a coupon is first shown in such a protocol, so that issuing has nothing to do with it: one more index on the
-- hot table would cost every claim.
create table coupon_number (
    number    bigint generated always as identity constraint coupon_number_pkey primary key,
    coupon_id uuid not null,
    constraint coupon_number_one_per_coupon unique (coupon_id)
);
