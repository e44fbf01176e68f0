//! What platforms are owed.

use kaquan::ops::audit::check::Check;

use super::{Planted, planted};

pub const VIOLATIONS: &[Planted] = &[
    planted(
        "a coupon was claimed and its platform is owed no word of it",
        Check::ClaimsAreTold,
        "delete from attempt where delivery_id = md5('delivery 1')::uuid;
         delete from delivery where delivery_id = md5('delivery 1')::uuid",
    ),
    planted(
        "a coupon was used and its platform is owed no word of it",
        Check::UsesAreTold,
        "delete from delivery where delivery_id = md5('delivery 4')::uuid",
    ),
    planted(
        "a platform is owed word of a use that never was",
        Check::UsesAreTold,
        "update delivery set subject_id = md5('coupon 3')::uuid, kind = 'write_off', identity = 'record-3'
         where delivery_id = md5('delivery 7')::uuid",
    ),
    planted(
        "a platform is told of a coupon that is not there",
        Check::NothingElseIsTold,
        "update delivery set kind = 'sync', subject_id = md5('nobody')::uuid
         where delivery_id = md5('delivery 7')::uuid",
    ),
    planted(
        "a platform is told of a coupon under another record",
        Check::NothingElseIsTold,
        "update delivery set identity = 'record-70' where delivery_id = md5('delivery 1')::uuid",
    ),
    planted(
        "a platform without a wallet is told of a coupon",
        Check::NothingElseIsTold,
        "insert into delivery (delivery_id, app_id, kind, subject_id, placement_id, identity, due_at, created_at)
         select md5('delivery 9')::uuid, app_id, 'sync', coupon_id, placement_id, record, '2026-11-12', issued_at
         from coupon where record = 'record-4';
         update placement set tells_claims = false where placement_id = md5('given on baidu')::uuid",
    ),
    planted(
        "a delivery is done and no attempt succeeded",
        Check::DoneMeansOneSuccess,
        "update attempt set outcome = 'unknown' where delivery_id = md5('delivery 2')::uuid",
    ),
    planted(
        "an attempt succeeded and its delivery is tried again",
        Check::DoneMeansOneSuccess,
        "update attempt set outcome = 'ok' where delivery_id = md5('delivery 7')::uuid",
    ),
    planted(
        "an attempt was not counted",
        Check::AttemptsCountUp,
        "update delivery set attempts = 0 where delivery_id = md5('delivery 7')::uuid",
    ),
    planted(
        "the number of an attempt was left out",
        Check::AttemptsCountUp,
        "update attempt set number = 3 where delivery_id = md5('delivery 1')::uuid and number = 2",
    ),
    planted(
        "two attempts had one fence",
        Check::FencesRise,
        "update attempt set fence = 1 where delivery_id = md5('delivery 1')::uuid",
    ),
    planted(
        "an attempt had a fence that was never given out",
        Check::FencesRise,
        "update attempt set fence = 2 where delivery_id = md5('delivery 7')::uuid",
    ),
    planted(
        "a delivery was given up after the platform had asked for another try",
        Check::NothingGivenUpEarly,
        "update attempt set outcome = 'retry' where delivery_id = md5('delivery 3')::uuid",
    ),
    planted(
        "a worker died with a delivery in its hands",
        Check::NothingStuck,
        "update delivery set leased_until = '2026-11-11T11:58:59+08:00' where state = 'leased'",
    ),
    planted(
        "a delivery is due and nobody tries",
        Check::NothingStuck,
        "update delivery set due_at = '2026-11-11T11:54:59+08:00' where delivery_id = md5('delivery 7')::uuid",
    ),
    planted(
        "a delivery waits for a placement that the platform knows",
        Check::NothingStuck,
        "update placement set platform_ref = '1002' where placement_id = md5('given on baidu')::uuid",
    ),
    planted(
        "a platform heard of a use before it heard of the coupon",
        Check::ToldInOrder,
        "update attempt set started_at = '2026-11-05T10:00:01+08:00' where outcome = 'ok' and number = 2",
    ),
    planted(
        "an attempt belongs to no delivery",
        Check::NothingDangling,
        "insert into attempt (delivery_id, number, fence, instance, started_at, duration_ms, outcome)
         values (md5('nowhere')::uuid, 1, 1, 1, '2026-11-05', 1, 'ok')",
    ),
    planted(
        "a delivery is about a placement of another app",
        Check::NothingDangling,
        "update delivery set placement_id = md5('made on own')::uuid where delivery_id = md5('delivery 7')::uuid",
    ),
    planted(
        "a gateway's client sees an app that is none",
        Check::NothingDangling,
        "update gateway_client set apps = apps || md5('nowhere')::uuid where protocol = 'yoho'",
    ),
    planted(
        "a gateway's grant was revoked before it was made",
        Check::TimesAreSane,
        "update gateway_grant set revoked_at = '2026-10-01'",
    ),
    planted(
        "a delivery was settled before it was owed",
        Check::TimesAreSane,
        "update delivery set settled_at = '2026-11-01' where delivery_id = md5('delivery 2')::uuid",
    ),
];
