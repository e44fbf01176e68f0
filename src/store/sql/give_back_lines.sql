-- Some lines of a use given back, if the coupon is still as it was judged; the use stands.
with changed as (
    update coupon
    set version = version + 1
    where coupon_id = $1 and version = $2
    returning coupon_id, template_id, app_id
),
returned as (
    update redemption_line
    set given_back_at = $4
    from changed
    where redemption_line.redemption_id = $3 and redemption_line.line = any($9::int[])
),
noted as (
    insert into event (
        event_id, kind, coupon_id, template_id, app_id, actor, request_id, data, occurred_at
    )
    select $6, 'coupon.given_back', coupon_id, template_id, app_id, $5, $7, $8, $4
    from changed
)
select exists (select from changed) as "changed!"
