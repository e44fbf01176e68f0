//! Each reason has one code and one text, and everything that can go wrong is one of them.

use chrono::DateTime;

use super::*;
use crate::domain::problem::Problem;

#[test]
fn each_reason_has_the_documented_code_and_text() {
    for (refusal, code, message) in [
        (Refusal::bad("couponId"), 400, "参数错误:couponId"),
        (Refusal::UnknownMethod, 404, "接口不存在"),
        (Refusal::BadSignature, 500, "数据验证错误."),
        (Refusal::NoSignature, 500, "缺少client_secret"),
        (Refusal::UnknownClient, 500, "不接受此平台"),
        (Refusal::Forbidden, 500, "没有接口权限"),
        (Refusal::UnknownUser, 500, "Uid Is Null."),
        (Refusal::TemplateNotFound, 402, "优惠券不存在"),
        (Refusal::TemplateInactive, 402, "优惠券不存在"),
        (Refusal::NotStarted, 400, "领取未开始"),
        (Refusal::ClaimWindowClosed, 400, "领取已结束"),
        (Refusal::OutOfStock, 400, "优惠券已抢光"),
        (Refusal::PerUserLimit, 401, "优惠券已经领取"),
        (Refusal::AudienceMismatch, 306, "很抱歉!您的用户身份类型不可使用该券"),
        (Refusal::ClaimNotFound, 402, "优惠券不存在"),
        (Refusal::ClaimUsed, 400, "优惠券已使用"),
        (Refusal::ClaimLocked, 400, "优惠券已锁定"),
        (Refusal::ClaimExpired, 400, "优惠券已过期"),
        (Refusal::ThresholdNotMet, 400, "未达到使用条件"),
        (Refusal::ScopeMismatch, 400, "没有可以使用优惠券的商品"),
        (Refusal::OrderConflict, 400, "重复请求参数不一致"),
        (Refusal::RateLimited, 400, "请求过于频繁"),
        (Refusal::Internal, 500, "系统繁忙"),
    ] {
        assert_eq!((refusal.code(), &*refusal.message()), (code, message), "{refusal:?}");
    }
}

#[test]
fn the_guide_lists_each_answer() {
    let guide = include_str!("../../../../docs/yoho.md");
    for refusal in [
        Refusal::BadRequest("`<name>`".into()),
        Refusal::UnknownMethod,
        Refusal::BadSignature,
        Refusal::NoSignature,
        Refusal::UnknownClient,
        Refusal::Forbidden,
        Refusal::UnknownUser,
        Refusal::TemplateNotFound,
        Refusal::NotStarted,
        Refusal::ClaimWindowClosed,
        Refusal::OutOfStock,
        Refusal::PerUserLimit,
        Refusal::AudienceMismatch,
        Refusal::ClaimUsed,
        Refusal::ClaimLocked,
        Refusal::ClaimExpired,
        Refusal::ThresholdNotMet,
        Refusal::ScopeMismatch,
        Refusal::OrderConflict,
        Refusal::RateLimited,
        Refusal::Internal,
    ] {
        let row = format!("\n| {} | {} |", refusal.code(), refusal.message());
        assert!(guide.contains(&row), "{row}");
    }
}

#[test]
fn a_no_of_the_core_is_one_of_the_documents() {
    for (refusal, expected) in [
        (ClaimRefusal::from(FinalRefusal::Ended), Refusal::TemplateInactive),
        (FinalRefusal::Closed.into(), Refusal::ClaimWindowClosed),
        (FinalRefusal::NotEligible.into(), Refusal::AudienceMismatch),
        (FinalRefusal::LimitReached.into(), Refusal::PerUserLimit),
        (FinalRefusal::SoldOut.into(), Refusal::OutOfStock),
        (PassingRefusal::Unknown.into(), Refusal::TemplateNotFound),
        (PassingRefusal::Paused.into(), Refusal::TemplateInactive),
        (PassingRefusal::NotOpen.into(), Refusal::NotStarted),
        (PassingRefusal::Stale.into(), Refusal::Internal),
        (PassingRefusal::Reserved.into(), Refusal::RateLimited),
        (PassingRefusal::RecordTaken.into(), Refusal::OrderConflict),
    ] {
        assert_eq!(Refusal::from(refusal), expected, "{refusal:?}");
    }
}

#[test]
fn a_claim_that_came_to_nothing_is_refused_for_its_reason() {
    for (error, expected) in [
        (ClaimTemplateError::NoSuchTemplate, Refusal::TemplateNotFound),
        (ClaimTemplateError::NoSuchMember, Refusal::UnknownUser),
        (ClaimTemplateError::NoAccount, Refusal::AudienceMismatch),
        (ClaimRefusal::from(FinalRefusal::SoldOut).into(), Refusal::OutOfStock),
        (NoAnswer::Full.into(), Refusal::RateLimited),
        (NoAnswer::Busy.into(), Refusal::Internal),
        (NoAnswer::Failed.into(), Refusal::Internal),
        (SaveMemberError::NoSuchMember.into(), Refusal::UnknownUser),
        (SaveMemberError::LinkedElsewhere.into(), Refusal::AudienceMismatch),
        (SaveMemberError::HasCoupons.into(), Refusal::AudienceMismatch),
        (SaveMemberError::NoSuchApp.into(), Refusal::Internal),
        (SaveMemberError::Invalid(Vec::new()).into(), Refusal::Internal),
        (SaveMemberError::Db(sqlx::Error::PoolTimedOut).into(), Refusal::Internal),
        (ClaimTemplateError::Db(sqlx::Error::PoolTimedOut), Refusal::Internal),
    ] {
        let what = format!("{error:?}");
        assert_eq!(Refusal::from(error), expected, "{what}");
    }
}

#[test]
fn a_step_that_was_not_taken_is_refused_for_its_reason() {
    let moment = DateTime::UNIX_EPOCH;
    let invalid = |param| LifeError::Invalid(vec![Problem { param, message: String::new() }]);
    for (error, expected) in [
        (invalid("order_no"), Refusal::bad("orderCode")),
        (invalid("store"), Refusal::bad("storeSn")),
        (invalid("expires_in_seconds"), Refusal::bad("lockSeconds")),
        (LifeError::NoSuchCoupon, Refusal::ClaimNotFound),
        (LifeError::NoSuchTemplate, Refusal::TemplateNotFound),
        (LifeRefusal::Void.into(), Refusal::ClaimNotFound),
        (LifeRefusal::Locked { until: moment }.into(), Refusal::ClaimLocked),
        (LifeRefusal::AlreadyRedeemed.into(), Refusal::ClaimUsed),
        (LifeRefusal::Suspended { why: Suspension::Gifting }.into(), Refusal::ClaimLocked),
        (LifeRefusal::Suspended { why: Suspension::GivenAway }.into(), Refusal::ClaimNotFound),
        (LifeRefusal::Suspended { why: Suspension::Deleted }.into(), Refusal::ClaimNotFound),
        (LifeRefusal::UseIsFinal.into(), Refusal::OrderConflict),
        (LifeRefusal::NotYetValid { from: moment }.into(), Refusal::ThresholdNotMet),
        (LifeRefusal::Expired { until: moment }.into(), Refusal::ClaimExpired),
        (LifeRefusal::NotRedeemed.into(), Refusal::OrderConflict),
        (LifeRefusal::GivenBack.into(), Refusal::OrderConflict),
        (LifeRefusal::NotKept.into(), Refusal::ClaimNotFound),
        (LifeRefusal::NoSuchLine { line: 1 }.into(), Refusal::OrderConflict),
        (Misfit::OutOfScope.into(), Refusal::ScopeMismatch),
        (Misfit::WrongStore.into(), Refusal::ScopeMismatch),
        (Misfit::AmountBelow { needs_fen: 2, has_fen: 1 }.into(), Refusal::ThresholdNotMet),
        (Misfit::PiecesBelow { needs: 2, has: 1 }.into(), Refusal::ThresholdNotMet),
        (LifeError::KeyTaken, Refusal::OrderConflict),
        (LifeError::Busy, Refusal::RateLimited),
        (LifeError::Db(sqlx::Error::PoolTimedOut), Refusal::Internal),
    ] {
        let what = format!("{error:?}");
        assert_eq!(Refusal::from(error), expected, "{what}");
    }
}
