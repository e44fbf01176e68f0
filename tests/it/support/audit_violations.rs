//! Ways to break one promise each, in books that agree.

use kaquan::ops::audit::check::Check;

/// A way to break one promise; a guard that would prevent it is dropped first, and its absence is then found too.
pub struct Planted {
    pub story: &'static str,
    pub without: Option<(&'static str, &'static str)>,
    pub sql: &'static str,
    pub breaks: Check,
}

const fn planted(story: &'static str, breaks: Check, sql: &'static str) -> Planted {
    Planted { story, without: None, sql, breaks }
}

impl Planted {
    const fn without(mut self, table: &'static str, guard: &'static str) -> Self {
        self.without = Some((table, guard));
        self
    }
}

/// Each for books of its own.
pub const VIOLATIONS: &[Planted] = &[
    planted(
        "one more than the stock was issued and counted",
        Check::NeverOversold,
        "update stock set total = 1 where placement_id = md5('made on baidu')::uuid;
         update stock_addition set amount = -11 where name = 'back'",
    )
    .without("stock", "stock_never_oversold"),
    planted(
        "a coupon was not counted",
        Check::CountersMatchRows,
        "update stock set issued = 1 where placement_id = md5('made on baidu')::uuid",
    ),
    planted(
        "stock came from nowhere",
        Check::StockIsTheSumOfAdditions,
        "update stock set total = total + 1 where placement_id = md5('made on own')::uuid",
    ),
    planted(
        "a claim was noted twice",
        Check::DailySumsMatchRows,
        "insert into tally (day, template_id, app_id, measure, count)
         values ('2026-11-03', md5('made')::uuid, md5('baidu')::uuid, 'claimed', 1)",
    ),
    planted(
        "a sum was lost",
        Check::DailySumsMatchRows,
        "delete from daily_sum where measure = 'offered' and app_id = md5('own')::uuid",
    ),
    planted(
        "a use was noted on the wrong day",
        Check::DailySumsMatchRows,
        "update daily_sum set day = '2026-11-06' where measure = 'redeemed' and day = '2026-11-04'",
    ),
    planted(
        "a final refusal was not noted",
        Check::DailySumsMatchRows,
        "update daily_sum set count = 0 where measure = 'refused_sold_out'",
    ),
    planted(
        "what ended unused was not counted",
        Check::DailySumsMatchRows,
        "delete from daily_sum where measure = 'expired' and day = '2026-11-09'",
    ),
    planted(
        "a coupon that was used counts as ended, too",
        Check::DailySumsMatchRows,
        "insert into tally (day, template_id, app_id, measure, count)
         values ('2026-11-07', md5('made')::uuid, md5('baidu')::uuid, 'expired', 1)",
    ),
    planted(
        "a coupon was counted ahead of its end",
        Check::DailySumsMatchRows,
        "insert into tally (day, template_id, app_id, measure, count)
         values ('2026-12-31', md5('given')::uuid, md5('baidu')::uuid, 'expired', 1)",
    ),
    planted(
        "a record was answered with two coupons",
        Check::OneCouponPerRecord,
        "update coupon set record = 'record-1' where record = 'record-3'",
    )
    .without("coupon", "coupon_one_per_record"),
    planted(
        "a refused record was issued after all",
        Check::IssuedOrRefused,
        "update coupon set record = 'record-6' where record = 'record-3'",
    ),
    planted(
        "two coupons show one code",
        Check::CodesUnique,
        "update coupon set code = 'KQ00000000000000001' where record = 'record-3'",
    )
    .without("coupon", "coupon_code_once"),
    planted(
        "two generated codes look alike",
        Check::CodesUnique,
        "update coupon set code = 'KQO000000000000000i' where record = 'record-3'",
    ),
    planted(
        "a coupon shows a code that is still free",
        Check::UploadedCodesTakenOnce,
        "update code set state = 'free' where value = 'UP-O1'",
    ),
    planted(
        "a code was taken for nobody",
        Check::UploadedCodesTakenOnce,
        "update code set state = 'taken' where value = 'UP-2'",
    ),
    planted(
        "somebody has one more than the terms allowed",
        Check::LimitHolds,
        "update coupon set terms_version = 2, valid_from = '2026-11-04T00:00:00+08:00',
            valid_until = '2026-11-07T00:00:00+08:00' where record = 'record-2'",
    ),
    planted(
        "a number is missing",
        Check::OrdinalsCountUp,
        "update coupon set ordinal = 2, terms_version = 1, valid_from = issued_at,
            valid_until = '2026-11-10T00:00:00+08:00' where record = 'record-3'",
    ),
    planted(
        "a number was given twice",
        Check::OrdinalsCountUp,
        "update coupon set ordinal = 1 where record = 'record-2'",
    )
    .without("coupon", "coupon_one_per_ordinal"),
    planted(
        "a coupon was issued as the window closed",
        Check::IssuedInsideClaimWindow,
        "update template_terms set document = document || '{\"claim_until\": \"2026-11-03T00:00:00+08:00\"}'
         where template_id = md5('made')::uuid and version = 1",
    ),
    planted(
        "a coupon was issued before the window opened",
        Check::IssuedInsideClaimWindow,
        "update coupon set issued_at = '2026-10-31T15:59:59Z' where record = 'record-4'",
    ),
    planted(
        "a coupon ends a second late",
        Check::ValidityFollowsTerms,
        "update coupon set valid_until = valid_until + interval '1 second' where record = 'record-1'",
    ),
    planted(
        "a coupon begins on the day of the claim though its terms wait a day",
        Check::ValidityFollowsTerms,
        "update coupon set valid_from = issued_at where record = 'record-3'",
    ),
    planted(
        "a coupon does not begin with its fixed span",
        Check::ValidityFollowsTerms,
        "update coupon set valid_from = issued_at where record = 'record-4'",
    ),
    planted(
        "terms that no coupon needs yet have lost their title",
        Check::TermsReadable,
        "insert into template_terms select template_id, 3, document - 'title', created_at
         from template_terms where template_id = md5('made')::uuid and version = 2",
    ),
    planted(
        "a coupon was issued tomorrow",
        Check::TimesAreSane,
        "update coupon set issued_at = '2026-11-12T12:00:00+08:00' where record = 'record-4'",
    ),
    planted(
        "a refusal was made tomorrow",
        Check::TimesAreSane,
        "update refusal set refused_at = '2026-11-12T12:00:00+08:00'",
    ),
    planted(
        "a token retired before it was made",
        Check::TimesAreSane,
        "update callback_token set retires_at = created_at - interval '1 day'",
    ),
    planted(
        "a coupon has no holder",
        Check::NothingDangling,
        "delete from holder where holder_id = md5('alice on own')::uuid",
    ),
    planted(
        "a coupon counts for somebody else",
        Check::NothingDangling,
        "update coupon set person_id = md5('mallory')::uuid where record = 'record-3'",
    ),
    planted(
        "a coupon's placement is on another app",
        Check::NothingDangling,
        "update coupon set app_id = md5('own')::uuid where record = 'record-3'",
    ),
    planted(
        "a coupon has terms that nobody wrote",
        Check::NothingDangling,
        "update coupon set terms_version = 7 where record = 'record-3'",
    ),
    planted(
        "a refusal is for a placement that is not there",
        Check::NothingDangling,
        "update refusal set placement_id = md5('nowhere')::uuid",
    ),
    planted(
        "a holder is on an app that is not there",
        Check::NothingDangling,
        "insert into holder values (md5('eve')::uuid, md5('nowhere')::uuid, 'open-eve', null, '2026-11-01')",
    ),
    planted(
        "a code is of another template than its upload",
        Check::NothingDangling,
        "update code set template_id = md5('made')::uuid where value = 'UP-2'",
    ),
    planted(
        "two secrets have changed places",
        Check::SecretsOpen,
        "update app set secret_sealed = other.secret_sealed
         from app as other where other.app_id <> app.app_id",
    ),
    planted(
        "a secret stands as the token of its own app",
        Check::SecretsOpen,
        "update platform_token set token_sealed = secret_sealed
         from app where app.app_id = platform_token.app_id",
    ),
    planted(
        "a bit of a callback secret is another",
        Check::SecretsOpen,
        "update callback_token set secret_sealed = set_bit(secret_sealed, 200, 1 - get_bit(secret_sealed, 200))",
    ),
    planted(
        "a token was sealed with a key that nobody has",
        Check::SecretsOpen,
        "update platform_token set token_sealed = set_byte(token_sealed, 4, 9)",
    ),
    planted(
        "a secret was never sealed",
        Check::SecretsOpen,
        "update app set secret_sealed = 'in the clear' where app_key = 'shop'",
    ),
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
        "a delivery was settled before it was owed",
        Check::TimesAreSane,
        "update delivery set settled_at = '2026-11-01' where delivery_id = md5('delivery 2')::uuid",
    ),
    planted(
        "the last guard against a second use is gone",
        Check::GuardsExist,
        "drop index redemption_one_live",
    ),
    planted(
        "a guard was put back without a look at the rows",
        Check::GuardsExist,
        "alter table coupon add constraint coupon_way_known check (way in ('take', 'claim')) not valid",
    )
    .without("coupon", "coupon_way_known"),
    planted(
        "foreign keys were switched off",
        Check::GuardsExist,
        "alter table stock_addition disable trigger all",
    ),
    planted(
        "an index is not kept up",
        Check::GuardsExist,
        "update pg_index set indisvalid = false where indexrelid = 'coupon_code_once'::regclass",
    ),
];
