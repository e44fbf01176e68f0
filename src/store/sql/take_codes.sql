-- Free uploaded codes, oldest first. They become `taken` with the coupons that carry them.
select
    code_id as "code_id: CodeId",
    value as "value: CouponCode"
from code
where template_id = $1 and state = 'free'
order by code_id
limit $2
-- Whoever holds one of these rows is about to use it or to remove it.
for update skip locked
