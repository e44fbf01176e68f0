//! Every way in which a request comes to nothing, with its number and its text: 全局返回编码, which are ours.

use std::borrow::Cow;

use Cow::Borrowed;

/// Why there is no `data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Not parsable, too large, not UTF-8, a key that stands twice or only nearly has its name.
    BadBody,
    /// This field of the envelope is not there.
    Missing(&'static str),
    /// Nobody has this key, or not any more.
    BadOpenId,
    /// The signature is another one.
    BadToken,
    /// Made too long ago, or in the future.
    BadTime,
    /// The nonce was used before.
    Replay,
    /// Not one of this key's grants.
    BadGrant,
    /// There is no such action.
    NoAction,
    /// The grant is not for this action.
    Forbidden,
    /// Too many requests, or the same one is being answered.
    Busy,
    /// Trouble of ours.
    Internal,
    /// This parameter will not do.
    BadParam(Cow<'static, str>),
    /// What was named is not there, or not theirs.
    NotFound,
    /// The member is not named, or nobody knows them.
    NoUser,
    /// There is no such template.
    NoTemplate,
    /// It was stopped, or ended.
    Inactive,
    /// Claiming has not begun.
    NotStarted,
    /// Claiming is over.
    WindowClosed,
    /// Nothing is left.
    OutOfStock,
    /// The member has as many as one may have.
    LimitReached,
    /// It is for others.
    NotEligible,
    /// The coupon is used.
    Used,
    /// It is kept for another order.
    Locked,
    /// It is over.
    Expired,
    /// The threshold is not met, or its time is still to come.
    NotMet,
    /// It is for other goods or other stores.
    OutOfScope,
    /// The same key or order with something else.
    Conflict,
}

/// The number and the text of success.
pub const OK: (i64, &str) = (0, "操作成功");
/// System errors are below, refusals of the business above.
const BUSINESS: i64 = 20_000;

impl Failure {
    /// The parameter of this name will not do.
    pub const fn param(name: &'static str) -> Self {
        Self::BadParam(Borrowed(name))
    }

    /// Whether the request was understood and let in, so that `status` is true: a "no" of the business.
    pub const fn is_business(&self) -> bool {
        self.code() > BUSINESS
    }

    /// The number, which is part of the contract.
    pub const fn code(&self) -> i64 {
        match self {
            Self::BadBody => 10_001,
            Self::Missing(_) => 10_002,
            Self::BadOpenId => 10_003,
            Self::BadToken => 10_004,
            Self::BadTime => 10_005,
            Self::Replay => 10_006,
            Self::BadGrant => 10_007,
            Self::NoAction => 10_008,
            Self::Forbidden => 10_009,
            Self::Busy => 10_010,
            Self::Internal => 19_999,
            Self::BadParam(_) => 20_001,
            Self::NotFound => 20_002,
            Self::NoUser => 20_003,
            Self::NoTemplate => 20_101,
            Self::Inactive => 20_102,
            Self::NotStarted => 20_103,
            Self::WindowClosed => 20_104,
            Self::OutOfStock => 20_105,
            Self::LimitReached => 20_106,
            Self::NotEligible => 20_107,
            Self::Used => 20_108,
            Self::Locked => 20_109,
            Self::Expired => 20_110,
            Self::NotMet => 20_111,
            Self::OutOfScope => 20_112,
            Self::Conflict => 20_113,
        }
    }

    /// For people.
    pub fn message(&self) -> Cow<'static, str> {
        Borrowed(match self {
            Self::Missing(name) => return format!("缺少参数:{name}").into(),
            Self::BadParam(name) => return format!("参数错误:{name}").into(),
            Self::BadBody => "请求格式错误",
            Self::BadOpenId => "OpenId无效",
            Self::BadToken => "签名错误",
            Self::BadTime => "请求已过期",
            Self::Replay => "重复请求",
            Self::BadGrant => "授权code无效",
            Self::NoAction => "接口方法不存在",
            Self::Forbidden => "没有接口权限",
            Self::Busy => "请求过于频繁",
            Self::Internal => "系统繁忙",
            Self::NotFound => "查询的信息不存在",
            Self::NoUser => "会员不存在",
            Self::NoTemplate => "优惠券不存在",
            Self::Inactive => "优惠券已下架",
            Self::NotStarted => "领取未开始",
            Self::WindowClosed => "领取已结束",
            Self::OutOfStock => "优惠券已抢光",
            Self::LimitReached => "优惠券已经领取",
            Self::NotEligible => "用户身份不可领取该券",
            Self::Used => "优惠券已使用",
            Self::Locked => "优惠券已锁定",
            Self::Expired => "优惠券已过期",
            Self::NotMet => "未达到使用条件",
            Self::OutOfScope => "没有可用商品",
            Self::Conflict => "重复请求参数不一致",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_published_table_stands() {
        for (failure, status, code, message) in [
            (Failure::BadBody, false, 10_001, "请求格式错误"),
            (Failure::Missing("Token"), false, 10_002, "缺少参数:Token"),
            (Failure::BadOpenId, false, 10_003, "OpenId无效"),
            (Failure::BadToken, false, 10_004, "签名错误"),
            (Failure::BadTime, false, 10_005, "请求已过期"),
            (Failure::Replay, false, 10_006, "重复请求"),
            (Failure::BadGrant, false, 10_007, "授权code无效"),
            (Failure::NoAction, false, 10_008, "接口方法不存在"),
            (Failure::Forbidden, false, 10_009, "没有接口权限"),
            (Failure::Busy, false, 10_010, "请求过于频繁"),
            (Failure::Internal, false, 19_999, "系统繁忙"),
            (Failure::param("amount"), true, 20_001, "参数错误:amount"),
            (Failure::NotFound, true, 20_002, "查询的信息不存在"),
            (Failure::NoUser, true, 20_003, "会员不存在"),
            (Failure::NoTemplate, true, 20_101, "优惠券不存在"),
            (Failure::Inactive, true, 20_102, "优惠券已下架"),
            (Failure::NotStarted, true, 20_103, "领取未开始"),
            (Failure::WindowClosed, true, 20_104, "领取已结束"),
            (Failure::OutOfStock, true, 20_105, "优惠券已抢光"),
            (Failure::LimitReached, true, 20_106, "优惠券已经领取"),
            (Failure::NotEligible, true, 20_107, "用户身份不可领取该券"),
            (Failure::Used, true, 20_108, "优惠券已使用"),
            (Failure::Locked, true, 20_109, "优惠券已锁定"),
            (Failure::Expired, true, 20_110, "优惠券已过期"),
            (Failure::NotMet, true, 20_111, "未达到使用条件"),
            (Failure::OutOfScope, true, 20_112, "没有可用商品"),
            (Failure::Conflict, true, 20_113, "重复请求参数不一致"),
        ] {
            let told = (failure.is_business(), failure.code(), &*failure.message());

            assert_eq!(told, (status, code, message), "{failure:?}");
        }
    }
}
