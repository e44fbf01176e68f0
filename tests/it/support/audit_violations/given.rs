//! What a platform gave out by itself.

use kaquan::ops::audit::check::Check;

use super::{Planted, planted};

pub const VIOLATIONS: &[Planted] = &[
    planted(
        "a coupon shows another code than its card",
        Check::CardsMatchCoupons,
        "update coupon set code = '100000000099' where record = 'record-10'",
    ),
    planted(
        "a coupon is not in the hands of those who have its card",
        Check::CardsMatchCoupons,
        "update coupon set holder_id = md5('erin')::uuid where record = 'record-10'",
    ),
    planted(
        "a card is a coupon that is not there",
        Check::CardsMatchCoupons,
        "insert into card (app_id, card_ref, code, placement_id, coupon_id, standing, changed_at)
         values (md5('oa')::uuid, 'pCard', 'x', md5('made on oa')::uuid, md5('nothing')::uuid, '{}', '2026-11-04')",
    ),
    planted(
        "a coupon that was given away can be used",
        Check::SuspensionsMatchCards,
        "delete from coupon_suspension",
    ),
    planted(
        "a coupon is kept from being used and its card is not",
        Check::SuspensionsMatchCards,
        "insert into coupon_suspension values (md5('coupon 10')::uuid, 'gifting', '2026-11-04')",
    ),
    planted(
        "a coupon that no card is of is suspended",
        Check::SuspensionsMatchCards,
        "insert into coupon_suspension values (md5('coupon 1')::uuid, 'deleted', '2026-11-04')",
    ),
    planted(
        "a platform gave out what it never told of",
        Check::GivenCouponsHaveCards,
        "delete from card where code = '100000000010'",
    ),
    planted(
        "what was given away was used all the same",
        Check::GivenAwayIsNotUsed,
        "update coupon set state = 'redeemed' where record = 'record-9';
         insert into redemption (redemption_id, coupon_id, order_no, redeemed_at)
         select md5('twice')::uuid, coupon_id, 'card/' || coupon_id, '2026-11-05' from coupon where record = 'record-9'",
    ),
    planted(
        "a code was promised to one and is another one's",
        Check::ReservedCodesUnique,
        "update card_claim set code = '100000000010', state = 'taken', coupon_id = md5('coupon 9')::uuid",
    ),
    planted(
        "a stock grew by itself where nobody gives out but us",
        Check::BeyondAddsUp,
        "update stock_addition set name = 'beyond/3', added_by = 'kaquan' where name = 'given'",
    ),
    planted(
        "more gifts may be given than were given",
        Check::BeyondAddsUp,
        "update stock set total = 2 where way = 'gift';
         update stock_addition set amount = 2 where name = 'beyond/2'",
    ),
    planted(
        "a coupon is not valid from when its card was taken",
        Check::ValidityFollowsTerms,
        "update card set standing = standing || '{\"first\": \"2026-11-02T02:00:00Z\"}' where code = '100000000009'",
    ),
];
