-- A small merchant whose books agree. Ids are hashes of names, so that tests can say whom they mean.
insert into app (app_id, platform, app_key, name, secret_sealed, created_at, updated_at) values
    (md5('baidu')::uuid, 'baidu', 'key-1', '小程序', 'sealed', '2026-10-01', '2026-10-01'),
    (md5('own')::uuid, 'own', 'shop', '门店', null, '2026-10-01', '2026-10-02');
insert into channel (app_id, refilled_at) values (md5('baidu')::uuid, '2026-10-01');

begin;
insert into template (template_id, version, created_at, updated_at) values
    (md5('made')::uuid, 2, '2026-10-01', '2026-10-03'),
    (md5('given')::uuid, 1, '2026-10-01', '2026-10-01');
-- The second version allows one instead of two, and begins a day later: earlier coupons keep the first.
insert into template_terms (template_id, version, document, created_at)
select md5(name)::uuid, version, $terms || changes::jsonb, '2026-10-01'
from (values
    ('made', 1, '{"per_person_limit": 2, "codes": {"type": "generated", "prefix": "KQ"}}'),
    ('made', 2, '{"per_person_limit": 1, "validity": {"type": "after_claim", "days": 3, "starts_after_days": 1}}'),
    ('given', 1, '{"codes": {"type": "uploaded"}, "validity": {"type": "fixed", "from": "2026-11-01T00:00:00+08:00", "until": "2026-12-31T00:00:00+08:00"}}')
) as terms (name, version, changes);
commit;

insert into page (page_id, content_code, client_type, document, version, created_at, updated_at)
select md5('centre')::uuid, 'centre', '', jsonb_build_array(
    jsonb_build_object('id', 1, 'content', jsonb_build_object('type', 'banners', 'speed', '3', 'list', '[]'::jsonb)),
    jsonb_build_object('id', 2, 'content', jsonb_build_object(
        'type', 'coupons', 'title', '领券', 'is_shown', true,
        'list', jsonb_build_array(jsonb_build_object(
            'templates', jsonb_build_array(typed_id('tpl', md5('made')::uuid), typed_id('tpl', md5('given')::uuid)),
            'go_shopping', '', 'image', jsonb_build_object('src', 'https://img.example.com/a.png', 'url', '')
        ))
    ))
), 1, '2026-10-01', '2026-10-01';

insert into placement (placement_id, template_id, app_id, platform_ref, tells_claims, created_at, updated_at) values
    (md5('made on baidu')::uuid, md5('made')::uuid, md5('baidu')::uuid, '1001', true, '2026-10-01', '2026-10-01'),
    (md5('made on own')::uuid, md5('made')::uuid, md5('own')::uuid, null, false, '2026-10-01', '2026-10-01'),
    (md5('given on baidu')::uuid, md5('given')::uuid, md5('baidu')::uuid, null, true, '2026-10-01', '2026-10-01');
insert into callback_token (token_id, placement_id, secret_hash, created_at)
values (md5('token')::uuid, md5('made on baidu')::uuid, sha256('secret'), '2026-10-01');
insert into stock (placement_id, way, total, issued) values
    (md5('made on baidu')::uuid, 'take', 10, 3),
    (md5('made on baidu')::uuid, 'claim', 1, 1),
    (md5('made on own')::uuid, 'claim', 5, 1),
    (md5('given on baidu')::uuid, 'take', 2, 2);
insert into stock_addition (addition_id, app_id, placement_id, way, name, amount, added_by, added_at) values
    (md5('a1')::uuid, md5('baidu')::uuid, md5('made on baidu')::uuid, 'take', 'first', 12, 'key', '2026-10-01'),
    (md5('a2')::uuid, md5('baidu')::uuid, md5('made on baidu')::uuid, 'take', 'back', -2, 'key', '2026-10-02'),
    (md5('a3')::uuid, md5('own')::uuid, md5('made on own')::uuid, 'claim', 'first', 5, 'key', '2026-10-01'),
    (md5('a5')::uuid, md5('baidu')::uuid, md5('made on baidu')::uuid, 'claim', 'kept', 1, 'key', '2026-10-01'),
    (md5('a4')::uuid, md5('baidu')::uuid, md5('given on baidu')::uuid, 'take', 'given', 2, 'key', '2026-10-01');

insert into code_import (import_id, template_id, started_at, finished_at)
values (md5('import')::uuid, md5('given')::uuid, '2026-10-01', '2026-10-01');
-- The merchant's codes may differ in look-alikes only.
insert into code (code_id, template_id, import_id, value, state) values
    (md5('code 1')::uuid, md5('given')::uuid, md5('import')::uuid, 'UP-O1', 'taken'),
    (md5('code 2')::uuid, md5('given')::uuid, md5('import')::uuid, 'up-01', 'taken'),
    (md5('code 3')::uuid, md5('given')::uuid, md5('import')::uuid, 'UP-2', 'free');

insert into member (member_id, uid, created_at) values (md5('alice')::uuid, 'u-1', '2026-10-01');
insert into holder (holder_id, app_id, open_id, member_id, created_at) values
    (md5('alice on baidu')::uuid, md5('baidu')::uuid, 'open-alice', md5('alice')::uuid, '2026-11-02'),
    (md5('alice on own')::uuid, md5('own')::uuid, 'open-alice', md5('alice')::uuid, '2026-11-02'),
    (md5('bob')::uuid, md5('baidu')::uuid, 'open-bob', null, '2026-11-02'),
    (md5('carol')::uuid, md5('baidu')::uuid, 'open-carol', null, '2026-11-02'),
    (md5('dave')::uuid, md5('baidu')::uuid, 'open-dave', null, '2026-11-02');

insert into coupon (
    coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id, ordinal,
    record, way, code, valid_from, valid_until, issued_at
)
select
    md5('coupon ' || n)::uuid, md5(placement)::uuid, md5(template)::uuid, version, md5(app)::uuid,
    md5(holder)::uuid, md5(person)::uuid, ordinal, 'record-' || n, way, code,
    valid_from::timestamptz, valid_until::timestamptz, issued_at::timestamptz
from (values
    (1, 'made on baidu', 'made', 1, 'baidu', 'alice on baidu', 'alice', 1, 'take', 'KQ00000000000000001',
        '2026-11-02T23:00:00+08:00', '2026-11-09T00:00:00+08:00', '2026-11-02T23:00:00+08:00'),
    (2, 'made on own', 'made', 1, 'own', 'alice on own', 'alice', 2, 'claim', 'KQ00000000000000002',
        '2026-11-03T00:00:00+08:00', '2026-11-10T00:00:00+08:00', '2026-11-03T00:00:00+08:00'),
    (3, 'made on baidu', 'made', 2, 'baidu', 'bob', 'bob', 1, 'take', 'KQ00000000000000003',
        '2026-11-04T00:00:00+08:00', '2026-11-07T00:00:00+08:00', '2026-11-03T09:00:00+08:00'),
    (4, 'given on baidu', 'given', 1, 'baidu', 'bob', 'bob', 1, 'take', 'UP-O1',
        '2026-11-01T00:00:00+08:00', '2026-12-31T00:00:00+08:00', '2026-11-03T09:00:00+08:00'),
    -- Taken before the holder was linked to a member.
    (5, 'given on baidu', 'given', 1, 'baidu', 'alice on baidu', 'alice on baidu', 1, 'take', 'up-01',
        '2026-11-01T00:00:00+08:00', '2026-12-31T00:00:00+08:00', '2026-11-02T10:00:00+08:00'),
    -- These two were used.
    (7, 'made on baidu', 'made', 2, 'baidu', 'carol', 'carol', 1, 'claim', 'KQ00000000000000007',
        '2026-11-04T00:00:00+08:00', '2026-11-07T00:00:00+08:00', '2026-11-03T09:00:00+08:00'),
    (8, 'made on baidu', 'made', 2, 'baidu', 'dave', 'dave', 1, 'take', 'KQ00000000000000008',
        '2026-11-04T00:00:00+08:00', '2026-11-07T00:00:00+08:00', '2026-11-03T09:00:00+08:00')
) as coupon (
    n, placement, template, version, app, holder, person, ordinal, way, code,
    valid_from, valid_until, issued_at
);
insert into refusal (app_id, record, placement_id, holder_id, reason, refused_at)
values (md5('baidu')::uuid, 'record-6', md5('given on baidu')::uuid, md5('bob')::uuid, 'sold_out', '2026-11-05');

update coupon set state = 'redeemed' where record in ('record-7', 'record-8');
insert into redemption (redemption_id, coupon_id, order_no, redeemed_at, reversed_at) values
    (md5('undone')::uuid, md5('coupon 7')::uuid, 'order-1', '2026-11-04T10:00:00+08:00', '2026-11-04T11:00:00+08:00'),
    (md5('carol uses')::uuid, md5('coupon 7')::uuid, 'order-2', '2026-11-05T10:00:00+08:00', null),
    (md5('dave uses')::uuid, md5('coupon 8')::uuid, 'order-3', '2026-11-05T10:00:00+08:00', null);

-- One is kept for an order, one was taken out of use, and one use has lines, of which one came back.
update coupon set state = 'locked', version = 1 where record = 'record-4';
insert into coupon_lock (coupon_id, order_no, locked_by, locked_at, expires_at)
values (md5('coupon 4')::uuid, 'order-4', 'key', '2026-11-11T11:50:00+08:00', '2026-11-11T12:20:00+08:00');
update coupon set state = 'void', version = 1 where record = 'record-5';
insert into event (event_id, kind, coupon_id, template_id, app_id, actor, data, occurred_at)
select md5('voided ' || coupon_id)::uuid, 'coupon.voided', coupon_id, template_id, app_id, 'key', '{}'::jsonb, '2026-11-06'::timestamptz
from coupon where state = 'void'
union all
select md5('locked ' || coupon_id)::uuid, 'coupon.locked', coupon_id, template_id, app_id, 'key',
    '{"order_no": "order-4", "expires_at": "2026-11-11T12:20:00+08:00"}'::jsonb, '2026-11-11T11:50:00+08:00'
from coupon where state = 'locked';
update redemption set amount_fen = 12000, discount_fen = 2000 where order_no = 'order-3';
insert into redemption_line (redemption_id, line, goods_id, quantity, amount_fen, discount_fen, given_back_at) values
    (md5('dave uses')::uuid, 1, 'tea', 1, 9000, 1500, '2026-11-06'),
    (md5('dave uses')::uuid, 3, 'cup', 3, 3000, 500, null);

insert into delivery (
    delivery_id, app_id, kind, subject_id, placement_id, identity, state, attempts, fence,
    leased_by, leased_until, due_at, created_at, settled_at
)
select
    md5('delivery ' || n)::uuid, md5('baidu')::uuid, kind, md5(subject)::uuid, md5(placement)::uuid, identity, state,
    attempts, fence, leased_by, leased_until::timestamptz, due_at::timestamptz, '2026-11-03T09:00:00+08:00',
    settled_at::timestamptz
from (values
    -- Told at the second try, after one whose answer was lost and a lease that came to nothing.
    (1, 'sync', 'coupon 7', 'made on baidu', 'record-7', 'done', 2, 3,
        null, null, '2026-11-03T09:00:05+08:00', '2026-11-03T09:00:06+08:00'),
    (2, 'write_off', 'coupon 7', 'made on baidu', 'record-7', 'done', 1, 1,
        null, null, '2026-11-05T10:00:00+08:00', '2026-11-05T10:00:01+08:00'),
    -- Its reply was in doubt, and the platform would not have it; what was owed next waits behind it.
    (3, 'sync', 'coupon 8', 'made on baidu', 'record-8', 'dead', 1, 1,
        null, null, '2026-11-03T09:00:10+08:00', '2026-11-03T09:00:11+08:00'),
    (4, 'write_off', 'coupon 8', 'made on baidu', 'record-8', 'pending', 0, 0,
        null, null, '2026-11-05T10:00:00+08:00', null),
    (5, 'publish', 'given on baidu', 'given on baidu', 'publish-1', 'leased', 1, 2,
        1, '2026-11-11T12:00:30+08:00', '2026-11-11T12:00:00+08:00', null),
    (6, 'add_stock', 'given', 'given on baidu', 'given', 'waiting', 0, 0,
        null, null, '2026-11-03T09:00:00+08:00', null),
    (7, 'update', 'made on baidu', 'made on baidu', 'update-1', 'pending', 1, 1,
        null, null, '2026-11-11T13:00:00+08:00', null)
) as owed (
    n, kind, subject, placement, identity, state, attempts, fence, leased_by, leased_until, due_at, settled_at
)
order by n;
insert into attempt (delivery_id, number, fence, instance, started_at, duration_ms, outcome)
select md5('delivery ' || n)::uuid, number, fence, 1, started_at::timestamptz, 100, outcome
from (values
    (1, 1, 1, '2026-11-03T09:00:00+08:00', 'unknown'),
    (1, 2, 3, '2026-11-03T09:00:05+08:00', 'ok'),
    (2, 1, 1, '2026-11-05T10:00:00+08:00', 'ok'),
    (3, 1, 1, '2026-11-03T09:00:10+08:00', 'permanent'),
    (5, 1, 1, '2026-11-11T11:59:00+08:00', 'retry'),
    (7, 1, 1, '2026-11-11T11:59:00+08:00', 'unknown')
) as attempt (n, number, fence, started_at, outcome);

-- Whoever counts what has ended unused has come by, a little behind the present.
update walk
set reached_at = '2026-11-11T11:59:50+08:00', reached_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
where name = 'expired';

-- An account whose platform gives out by itself: one card was given away under a new code, although one was not to be had.
insert into app (app_id, platform, app_key, name, give_back, created_at, updated_at)
values (md5('oa')::uuid, 'wechat', 'wx1', '公众号', 'refused', '2026-10-01', '2026-10-01');
insert into placement (
    placement_id, template_id, app_id, platform_ref, tells_claims, tells_voids, review, created_at, updated_at
) values (md5('made on oa')::uuid, md5('made')::uuid, md5('oa')::uuid, 'pCard', true, true, 'passed', '2026-10-01', '2026-10-01');
insert into stock (placement_id, way, total, issued) values
    (md5('made on oa')::uuid, 'take', 1, 1),
    (md5('made on oa')::uuid, 'claim', 0, 0),
    (md5('made on oa')::uuid, 'gift', 1, 1);
insert into stock_addition (addition_id, app_id, placement_id, way, name, amount, added_by, added_at) values
    (md5('b1')::uuid, md5('oa')::uuid, md5('made on oa')::uuid, 'take', 'beyond/1', 1, 'kaquan', '2026-11-04'),
    (md5('b2')::uuid, md5('oa')::uuid, md5('made on oa')::uuid, 'gift', 'beyond/2', 1, 'kaquan', '2026-11-04');
insert into holder (holder_id, app_id, open_id, created_at) values
    (md5('erin')::uuid, md5('oa')::uuid, 'open-erin', '2026-11-03'),
    (md5('frank')::uuid, md5('oa')::uuid, 'open-frank', '2026-11-03');
insert into coupon (
    coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id, ordinal, record, way, code,
    valid_from, valid_until, issued_at
)
select
    md5('coupon ' || n)::uuid, md5('made on oa')::uuid, md5('made')::uuid, 2, md5('oa')::uuid, md5(holder)::uuid,
    md5(holder)::uuid, 1, 'record-' || n, way, code, '2026-11-04T00:00:00+08:00', '2026-11-07T00:00:00+08:00',
    -- We heard of it a day later.
    '2026-11-04T09:00:00+08:00'
from (values (9, 'erin', 'take', '100000000009'), (10, 'frank', 'gift', '100000000010')) as card (n, holder, way, code);
insert into card (app_id, card_ref, code, placement_id, coupon_id, standing, changed_at)
select md5('oa')::uuid, 'pCard', code, md5('made on oa')::uuid, md5('coupon ' || n)::uuid, standing::jsonb, '2026-11-04'
from (values
    (9, '100000000009', '{"owner": {"at": "2026-11-03T01:00:00Z", "gift": false, "open_id": "open-erin", "union_id": null},
        "first": "2026-11-03T01:00:00Z", "given_away": "2026-11-03T02:00:00Z",
        "given_to": ["2026-11-03T02:00:00Z", "100000000010"]}'),
    (10, '100000000010', '{"owner": {"at": "2026-11-03T02:00:00Z", "gift": true, "open_id": "open-frank", "union_id": null},
        "first": "2026-11-03T02:00:00Z", "predecessor": "100000000009"}')
) as card (n, code, standing);
insert into coupon_suspension (coupon_id, reason, since)
values (md5('coupon 9')::uuid, 'given_away', '2026-11-03T02:00:00Z');
insert into card_claim (
    claim_id, reference, app_id, placement_id, template_id, visitor_id, person_id, code, state, signed_at, expires_at
) values (
    md5('claim')::uuid, 'c-1', md5('oa')::uuid, md5('made on oa')::uuid, md5('made')::uuid, md5('grace')::uuid,
    md5('grace')::uuid, '100000000011', 'signed', '2026-11-11T11:59:00+08:00', '2026-11-11T12:09:00+08:00'
);

-- A front end in each protocol; their secrets are sealed afterwards.
insert into gateway_client (
    client_id, protocol, name, settings, apps, secret_sealed, salt_sealed, version, created_at, updated_at
) values
    (md5('zvcms')::uuid, 'zvcms', 'open', '{}', null, '', null, 1, '2026-10-02', '2026-10-02'),
    (md5('yoho')::uuid, 'yoho', 'iphone', '{}', array[md5('own')::uuid], '', '', 1, '2026-10-02', '2026-10-02');
insert into gateway_grant (grant_id, client_id, code, apps, created_at) values
    (md5('grant')::uuid, md5('zvcms')::uuid, '782c281f62', array[md5('baidu')::uuid], '2026-10-02');
