-- What is told of a lock that has passed: whoever finds it, the round that looks for such locks or the next one who wants
-- the coupon, tells the same.
create function lapsed_lock(coupon uuid, template uuid, placement uuid, app uuid, order_no text) returns jsonb
language sql immutable as $$
    select jsonb_build_object(
        'coupon_id', typed_id('cpn', coupon),
        'template_id', typed_id('tpl', template),
        'placement_id', typed_id('plc', placement),
        'app_id', typed_id('app', app),
        'order_no', order_no,
        'by', 'time'
    )
$$;
