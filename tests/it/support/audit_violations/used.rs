//! Locks, uses and voids.

use kaquan::ops::audit::check::Check;

use super::{Planted, planted};

pub const VIOLATIONS: &[Planted] = &[
    planted(
        "a coupon is redeemed without a use",
        Check::UsedOnce,
        "update coupon set state = 'redeemed' where record = 'record-3'",
    ),
    planted(
        "a coupon is still issued after its use",
        Check::UsedOnce,
        "update coupon set state = 'issued' where record = 'record-8'",
    ),
    planted(
        "a coupon was used as its time was over",
        Check::UsedInsideValidity,
        "update redemption set redeemed_at = '2026-11-07T00:00:00+08:00' where order_no = 'order-3'",
    ),
    planted(
        "a coupon was used before its first day, in a use that was undone",
        Check::UsedInsideValidity,
        "update redemption set redeemed_at = '2026-11-03T23:00:00+08:00' where order_no = 'order-1'",
    ),
    planted(
        "a coupon was used under a lock that had passed",
        Check::UsedInsideValidity,
        "update redemption set redeemed_at = '2026-11-08T00:00:00+08:00' where order_no = 'order-3';
         insert into event (event_id, kind, coupon_id, template_id, app_id, actor, data, occurred_at)
         select md5('kept')::uuid, 'coupon.locked', coupon_id, template_id, app_id, 'key',
             '{\"order_no\": \"order-3\", \"expires_at\": \"2026-11-07T00:10:00+08:00\"}', '2026-11-06'
         from coupon where record = 'record-8'",
    ),
    planted(
        "a coupon is locked and nobody has it",
        Check::LockedHasLock,
        "delete from coupon_lock",
    ),
    planted(
        "a lock outlived its coupon's use",
        Check::LockedHasLock,
        "update coupon_lock set coupon_id = md5('coupon 8')::uuid;
         update coupon set state = 'issued' where record = 'record-4'",
    ),
    planted(
        "a coupon is out of use for no reason",
        Check::VoidsExplained,
        "update coupon set state = 'void' where record = 'record-3'",
    ),
    planted(
        "a line takes off more than the whole",
        Check::LinesAddUp,
        "update redemption_line set discount_fen = 501 where line = 3",
    ),
    planted(
        "all lines are back and the use stands",
        Check::LinesAddUp,
        "update redemption_line set given_back_at = '2026-11-07'",
    ),
    planted(
        "lines were kept of a use without a cart",
        Check::LinesAddUp,
        "update redemption set amount_fen = null, discount_fen = null where order_no = 'order-3'",
    ),
];
