//! Every "no", by the reason: one code and one text each, as the documents have them or, where they are silent, as ours do.

use std::borrow::Cow;

use super::params::Unreadable;
use crate::{
    domain::{
        card::Suspension,
        claim::{ClaimRefusal, FinalRefusal, PassingRefusal},
        discount::Misfit,
        life::LifeRefusal,
    },
    service::{
        desk::claim::{ClaimTemplateError, NoAnswer},
        life::LifeError,
        save_member::SaveMemberError,
    },
};

#[cfg(test)]
mod tests;

/// Why a request is not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A parameter is missing, malformed, or out of its range.
    BadRequest(Cow<'static, str>),
    /// No such `method`.
    UnknownMethod,
    /// `client_secret` is missing.
    NoSignature,
    /// `client_secret` is wrong, or signs another time.
    BadSignature,
    /// Nobody has this `client_type`.
    UnknownClient,
    /// The person has to log in again; an HTTP 401 and no body.
    SessionLost,
    /// The method is not among those that the client may call.
    Forbidden,
    /// Nobody is named, or somebody whom we do not know.
    UnknownUser,
    /// There is no such template.
    TemplateNotFound,
    /// It is not being given out.
    TemplateInactive,
    /// Claiming has not begun.
    NotStarted,
    /// Claiming is over.
    ClaimWindowClosed,
    /// Nothing is left.
    OutOfStock,
    /// The person has as many as one may have.
    PerUserLimit,
    /// It is for others.
    AudienceMismatch,
    /// There is no such coupon in this person's hands.
    ClaimNotFound,
    /// It is used.
    ClaimUsed,
    /// It is kept for another order.
    ClaimLocked,
    /// Its time is over.
    ClaimExpired,
    /// Too little is bought, or it is too early.
    ThresholdNotMet,
    /// Nothing that it is for is bought.
    ScopeMismatch,
    /// The order has done something else with it before.
    OrderConflict,
    /// Too many ask at once.
    RateLimited,
    /// Trouble of ours: an HTTP 500 and no body.
    Internal,
}

impl Refusal {
    /// A parameter that will not do.
    pub const fn bad(name: &'static str) -> Self {
        Self::BadRequest(Cow::Borrowed(name))
    }

    /// The number in the body. Never to be mixed up with the status: 401 here means that they have the coupon.
    pub const fn code(&self) -> u16 {
        match self {
            Self::AudienceMismatch => 306,
            Self::PerUserLimit => 401,
            Self::TemplateNotFound | Self::TemplateInactive | Self::ClaimNotFound => 402,
            Self::UnknownMethod => 404,
            Self::NoSignature
            | Self::BadSignature
            | Self::UnknownClient
            | Self::SessionLost
            | Self::Forbidden
            | Self::UnknownUser
            | Self::Internal => 500,
            Self::BadRequest(_)
            | Self::NotStarted
            | Self::ClaimWindowClosed
            | Self::OutOfStock
            | Self::ClaimUsed
            | Self::ClaimLocked
            | Self::ClaimExpired
            | Self::ThresholdNotMet
            | Self::ScopeMismatch
            | Self::OrderConflict
            | Self::RateLimited => 400,
        }
    }

    /// For people; the signs of punctuation are those of the documents.
    pub fn message(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::BadRequest(name) => return Cow::Owned(format!("参数错误:{name}")),
            Self::UnknownMethod => "接口不存在",
            Self::NoSignature => "缺少client_secret",
            Self::BadSignature => "数据验证错误.",
            Self::UnknownClient => "不接受此平台",
            Self::Forbidden => "没有接口权限",
            Self::UnknownUser => "Uid Is Null.",
            Self::TemplateNotFound | Self::TemplateInactive | Self::ClaimNotFound => "优惠券不存在",
            Self::NotStarted => "领取未开始",
            Self::ClaimWindowClosed => "领取已结束",
            Self::OutOfStock => "优惠券已抢光",
            Self::PerUserLimit => "优惠券已经领取",
            Self::AudienceMismatch => "很抱歉!您的用户身份类型不可使用该券",
            Self::ClaimUsed => "优惠券已使用",
            Self::ClaimLocked => "优惠券已锁定",
            Self::ClaimExpired => "优惠券已过期",
            Self::ThresholdNotMet => "未达到使用条件",
            Self::ScopeMismatch => "没有可以使用优惠券的商品",
            Self::OrderConflict => "重复请求参数不一致",
            Self::RateLimited => "请求过于频繁",
            // Heard only inside a batch: alone it has no body.
            Self::Internal => "系统繁忙",
            // Never heard, for the same reason.
            Self::SessionLost => "",
        })
    }

    /// The name in metrics.
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "bad_request",
            Self::UnknownMethod => "unknown_method",
            Self::NoSignature => "no_signature",
            Self::BadSignature => "bad_signature",
            Self::UnknownClient => "unknown_client",
            Self::SessionLost => "session_lost",
            Self::Forbidden => "forbidden",
            Self::UnknownUser => "unknown_user",
            Self::TemplateNotFound => "no_such_template",
            Self::TemplateInactive => "inactive",
            Self::NotStarted => "not_open",
            Self::ClaimWindowClosed => "closed",
            Self::OutOfStock => "sold_out",
            Self::PerUserLimit => "limit_reached",
            Self::AudienceMismatch => "not_eligible",
            Self::ClaimNotFound => "no_such_coupon",
            Self::ClaimUsed => "used",
            Self::ClaimLocked => "locked",
            Self::ClaimExpired => "expired",
            Self::ThresholdNotMet => "threshold_not_met",
            Self::ScopeMismatch => "out_of_scope",
            Self::OrderConflict => "order_conflict",
            Self::RateLimited => "rate_limited",
            Self::Internal => "failed",
        }
    }
}

impl From<Unreadable> for Refusal {
    fn from(Unreadable(name): Unreadable) -> Self {
        Self::BadRequest(name)
    }
}

impl From<ClaimRefusal> for Refusal {
    fn from(refusal: ClaimRefusal) -> Self {
        match refusal {
            ClaimRefusal::Final(FinalRefusal::Ended)
            | ClaimRefusal::Passing(PassingRefusal::Paused) => Self::TemplateInactive,
            ClaimRefusal::Final(FinalRefusal::Closed) => Self::ClaimWindowClosed,
            ClaimRefusal::Final(FinalRefusal::NotEligible)
            | ClaimRefusal::Passing(PassingRefusal::NotTheirs) => Self::AudienceMismatch,
            ClaimRefusal::Final(FinalRefusal::LimitReached) => Self::PerUserLimit,
            ClaimRefusal::Final(FinalRefusal::SoldOut) => Self::OutOfStock,
            ClaimRefusal::Passing(PassingRefusal::Unknown) => Self::TemplateNotFound,
            ClaimRefusal::Passing(PassingRefusal::NotOpen) => Self::NotStarted,
            ClaimRefusal::Passing(PassingRefusal::Reserved) => Self::RateLimited,
            ClaimRefusal::Passing(PassingRefusal::RecordTaken) => Self::OrderConflict,
            // Only a platform says when a claim was made.
            ClaimRefusal::Passing(PassingRefusal::Stale) => Self::Internal,
        }
    }
}

impl From<LifeRefusal> for Refusal {
    fn from(refusal: LifeRefusal) -> Self {
        match refusal {
            LifeRefusal::Void
            | LifeRefusal::NotKept
            | LifeRefusal::Suspended { why: Suspension::GivenAway | Suspension::Deleted } => {
                Self::ClaimNotFound
            }
            // Whoever is giving it away may have it back.
            LifeRefusal::Locked { .. } | LifeRefusal::Suspended { why: Suspension::Gifting } => {
                Self::ClaimLocked
            }
            LifeRefusal::AlreadyRedeemed => Self::ClaimUsed,
            LifeRefusal::NotYetValid { .. } => Self::ThresholdNotMet,
            LifeRefusal::Expired { .. } => Self::ClaimExpired,
            LifeRefusal::NotRedeemed
            | LifeRefusal::GivenBack
            | LifeRefusal::UseIsFinal
            | LifeRefusal::NoSuchLine { .. } => Self::OrderConflict,
        }
    }
}

impl From<Misfit> for Refusal {
    fn from(misfit: Misfit) -> Self {
        match misfit {
            Misfit::OutOfScope | Misfit::WrongStore => Self::ScopeMismatch,
            Misfit::AmountBelow { .. } | Misfit::PiecesBelow { .. } => Self::ThresholdNotMet,
        }
    }
}

impl From<LifeError> for Refusal {
    fn from(error: LifeError) -> Self {
        match error {
            // The names of ours that the steps of an order are given.
            LifeError::Invalid(problems) => {
                Self::bad(match problems.first().map(|problem| problem.param) {
                    Some("order_no") => "orderCode",
                    Some("store") => "storeSn",
                    Some("expires_in_seconds") => "lockSeconds",
                    _ => "body",
                })
            }
            LifeError::NoSuchCoupon => Self::ClaimNotFound,
            LifeError::NoSuchTemplate => Self::TemplateNotFound,
            LifeError::Refused(refusal) => refusal.into(),
            LifeError::Misfit(misfit) => misfit.into(),
            LifeError::DiscountDiffers { .. } | LifeError::KeyTaken => Self::OrderConflict,
            LifeError::Busy => Self::RateLimited,
            LifeError::Db(error) => error.into(),
        }
    }
}

impl From<ClaimTemplateError> for Refusal {
    fn from(error: ClaimTemplateError) -> Self {
        match error {
            ClaimTemplateError::NoSuchTemplate => Self::TemplateNotFound,
            ClaimTemplateError::NoSuchMember => Self::UnknownUser,
            // It is given out only where this person is nobody.
            ClaimTemplateError::NoAccount => Self::AudienceMismatch,
            ClaimTemplateError::Refused(refusal) => refusal.into(),
            ClaimTemplateError::NoAnswer(NoAnswer::Full) => Self::RateLimited,
            // Nobody knows whether it went through.
            ClaimTemplateError::NoAnswer(NoAnswer::Busy | NoAnswer::Failed)
            | ClaimTemplateError::Random(_) => {
                tracing::warn!(error = %error, "A claim was not answered");
                Self::Internal
            }
            ClaimTemplateError::Linking(error) => error.into(),
            ClaimTemplateError::Db(error) => error.into(),
        }
    }
}

/// A member's account on an app of the merchant's own, where it is made with the first claim.
impl From<SaveMemberError> for Refusal {
    fn from(error: SaveMemberError) -> Self {
        match error {
            SaveMemberError::NoSuchMember => Self::UnknownUser,
            // The account that would be theirs is somebody else's, or was used before it was known whose it is.
            SaveMemberError::LinkedElsewhere | SaveMemberError::HasCoupons => {
                Self::AudienceMismatch
            }
            SaveMemberError::Invalid(_) | SaveMemberError::NoSuchApp => {
                tracing::error!(error = %error, "A member's account cannot be made");
                Self::Internal
            }
            SaveMemberError::Db(error) => error.into(),
        }
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(error = %error, "The database failed a request");
        Self::Internal
    }
}
