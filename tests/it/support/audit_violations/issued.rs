//! Stocks, sums, coupons, and what they stand on.

use kaquan::ops::audit::check::Check;

use super::{Planted, planted};

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
        "a page offers a template that is not there",
        Check::NothingDangling,
        "update page set document = jsonb_set(document, '{1,content,list,0,templates,1}',
            to_jsonb(typed_id('tpl', md5('nowhere')::uuid)))",
    ),
    planted(
        "a holder is of a member who is not there",
        Check::NothingDangling,
        "update holder set member_id = md5('nobody')::uuid where holder_id = md5('dave')::uuid",
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
];
