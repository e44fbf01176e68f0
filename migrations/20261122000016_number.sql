-- Whole numbers by which templates and coupons are known in protocols that have no room for our ids.

-- From 1, in the order in which templates were made.
alter table template add column number bigint;

update template
set number = made.place
from (
    select template_id, row_number() over (order by created_at, template_id) as place
    from template
) as made
where made.template_id = template.template_id;

alter table template
    alter column number set not null,
    alter column number add generated always as identity,
    add constraint template_number_once unique (number);

select setval(pg_get_serial_sequence('template', 'number'), 1 + count(*), false)
from template;

-- Given when a coupon is first shown in such a protocol, so that issuing has nothing to do with it: one more index on the
-- hot table would cost every claim.
create table coupon_number (
    number    bigint generated always as identity constraint coupon_number_pkey primary key,
    coupon_id uuid not null,
    constraint coupon_number_one_per_coupon unique (coupon_id)
);

-- A member's account on one of the merchant's own apps is made with a coupon. Each would lock the member's row and write it
-- anew, as it was with the keys of coupons; nobody removes a member, and `kaquan audit` checks what the key would have.
alter table holder drop constraint holder_member;
