//! What the routes of a coupon's life share: how a body names a coupon and a person, and how a "no" is told.

use super::person;
use crate::{
    domain::{
        access::Actor,
        card::Suspension,
        code::CouponCode,
        discount::Misfit,
        event::Cause,
        figure::receipt,
        id::{AppId, CouponId, HolderId},
        life::{LifeRefusal, Shown, Whose},
        problem::Problem,
    },
    http::{code::Code, error::ApiError, request_id},
    service::{
        life::{LifeError, Named},
        person::NamedPerson,
    },
};

/// The coupon that a body names, by exactly one of its two names.
pub fn shown(id: Option<CouponId>, code: Option<&str>) -> Result<Shown, ApiError> {
    match (id, code) {
        (Some(id), None) => Ok(Shown::Id(id)),
        (None, Some(code)) => by_code(code).map(Shown::Code),
        (Some(_), Some(_)) | (None, None) => {
            let message = "or `code`, and not both".to_owned();
            Err(ApiError::invalid(vec![Problem { param: "coupon_id", message }]))
        }
    }
}

/// What cannot be a code is one that nobody has.
pub fn by_code(code: &str) -> Result<CouponCode, ApiError> {
    CouponCode::parse(code).map_err(|_| LifeError::NoSuchCoupon.into())
}

/// Whose the coupon has to be, as a body says it; at a till the coupon alone counts.
pub fn whose(
    uid: Option<String>,
    app: Option<AppId>,
    open_id: Option<&str>,
) -> Result<Whose, ApiError> {
    let named = person::named_if_any(uid, app, open_id)?;
    Ok(match named {
        None => Whose::Anybodys,
        Some(NamedPerson::Uid(uid)) => Whose::Member(uid),
        Some(NamedPerson::Holder(app, open_id)) => {
            Whose::Holder(HolderId::derive(app, open_id.as_str()))
        }
    })
}

/// The coupon that a body names, whoever has it.
pub fn named(id: Option<CouponId>, code: Option<&str>) -> Result<Named, ApiError> {
    shown(id, code).map(Named::anybodys)
}

/// Who asks, with the request that is being answered.
pub fn cause(actor: Actor) -> Cause {
    Cause { actor, request: request_id::current() }
}

impl From<LifeError> for ApiError {
    fn from(error: LifeError) -> Self {
        match error {
            LifeError::Invalid(problems) => Self::invalid(problems),
            // Who tries codes learns nothing from the difference.
            LifeError::NoSuchCoupon | LifeError::Refused(LifeRefusal::Void) => {
                Self::refused(Code::NoSuchCoupon, "no such coupon")
            }
            LifeError::NoSuchTemplate => Self::not_found("no such template"),
            LifeError::Refused(refusal) => refused(refusal),
            LifeError::Misfit(misfit) => misfits(misfit),
            LifeError::DiscountDiffers { sent_fen, computed_fen } => {
                let (sent, computed) = (receipt(sent_fen), receipt(computed_fen));
                Self::conflict(Code::DiscountDiffers, &error)
                    .in_chinese(format!("应优惠 {computed} 元，收到的是 {sent} 元"))
                    .with("sent_fen", sent_fen)
                    .with("discount_fen", computed_fen)
            }
            LifeError::KeyTaken => Self::conflict(Code::IdempotencyKeyTaken, &error),
            LifeError::Busy => Self::refused(Code::Busy, error.to_string()),
            LifeError::Db(cause) => cause.into(),
        }
    }
}

fn refused(refusal: LifeRefusal) -> ApiError {
    let code = match refusal {
        LifeRefusal::Void => Code::NoSuchCoupon,
        LifeRefusal::Locked { .. } => Code::Locked,
        LifeRefusal::AlreadyRedeemed => Code::AlreadyRedeemed,
        LifeRefusal::NotYetValid { .. } => Code::NotYetValid,
        LifeRefusal::Expired { .. } => Code::Expired,
        LifeRefusal::NotKept => Code::WrongState,
        LifeRefusal::NotRedeemed => Code::NotRedeemed,
        LifeRefusal::GivenBack => Code::GivenBack,
        LifeRefusal::Suspended { .. } => Code::Suspended,
        LifeRefusal::UseIsFinal => Code::UseIsFinal,
        LifeRefusal::NoSuchLine { .. } => Code::InvalidValues,
    };
    let error = ApiError::conflict(code, &refusal);
    match refusal {
        LifeRefusal::Locked { until } => error.with("locked_until", until),
        LifeRefusal::NotYetValid { from } => error.with("valid_from", from),
        LifeRefusal::Expired { until } => error.with("valid_until", until),
        LifeRefusal::GivenBack => error.in_chinese("该订单已退还过这张券，请换一个订单号"),
        LifeRefusal::Suspended { why } => {
            let chinese = match why {
                Suspension::Gifting => "这张券正在转赠中",
                Suspension::GivenAway => "这张券已转赠给他人",
                Suspension::Deleted => "这张券已被持有人删除",
            };
            error.in_chinese(chinese).with("reason", why)
        }
        LifeRefusal::UseIsFinal => error.in_chinese("平台上的核销无法撤销，商家设置为不予退还"),
        LifeRefusal::NoSuchLine { line } => error.at("lines").with("line", line),
        LifeRefusal::Void
        | LifeRefusal::AlreadyRedeemed
        | LifeRefusal::NotKept
        | LifeRefusal::NotRedeemed => error,
    }
}

fn misfits(misfit: Misfit) -> ApiError {
    match misfit {
        Misfit::OutOfScope => {
            ApiError::conflict(Code::OutOfScope, &misfit).in_chinese("订单中的商品都不能使用这张券")
        }
        Misfit::WrongStore => {
            ApiError::conflict(Code::OutOfScope, &misfit).in_chinese("该门店不可用").at("store")
        }
        Misfit::AmountBelow { needs_fen, has_fen } => {
            let (needs, has) = (receipt(needs_fen), receipt(has_fen));
            ApiError::conflict(Code::ThresholdNotMet, &misfit)
                .in_chinese(format!("满 {needs} 元可用，目前 {has} 元"))
                .with("needs_fen", needs_fen)
                .with("has_fen", has_fen)
        }
        Misfit::PiecesBelow { needs, has } => ApiError::conflict(Code::ThresholdNotMet, &misfit)
            .in_chinese(format!("满 {needs} 件可用，目前 {has} 件"))
            .with("needs_pieces", needs)
            .with("has_pieces", has),
    }
}
