//! What we tell Baidu: templates, banners, and coupons in people's hands. Nothing here prints who or which code.

use std::fmt;

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::image::Image;
use crate::{domain::benefit::CouponKind, outgoing::palette::Colour};

/// All that Baidu is told about a template, at its creation and with every change.
#[derive(Debug, Clone)]
pub struct TemplateForm {
    /// `bgColor`.
    pub colour: Colour,
    /// `couponType`.
    pub kind: CouponKind,
    /// Up to 10 汉字.
    pub title: String,
    /// Up to 20 汉字; may be empty.
    pub description: String,
    /// `effectTime`: the first second at which it can be used.
    pub effect_time: i64,
    /// `expireTime`: the first second at which it is over.
    pub expire_time: i64,
    /// Up to 500 汉字.
    pub introduce: String,
    /// The threshold in words, up to 20 汉字.
    pub sill: String,
    /// The per-person limit in words, up to 20 汉字. Baidu shows it and enforces nothing.
    pub take_limit: String,
    /// Where takes are asked for. Whoever knows it can ask, so it is kept like a secret.
    pub callback_url: SecretString,
}

/// All that Baidu is told about a banner.
#[derive(Debug, Clone)]
pub struct BannerForm {
    /// Shown with the picture.
    pub title: String,
    /// A path inside the mini-program.
    pub dest_url: String,
    /// The picture.
    pub image: Image,
}

/// A coupon that was given through us, for the holder's wallet at Baidu.
#[derive(Clone, Copy)]
pub struct SyncLetter<'a> {
    /// Baidu's id of the template.
    pub template: i64,
    /// Whose.
    pub open_id: &'a str,
    /// Chosen by us; the same on every attempt.
    pub record: &'a str,
    /// What the holder shows.
    pub code: &'a str,
    /// The first moment at which it can be used.
    pub from: DateTime<Utc>,
    /// The first moment at which it is over.
    pub until: DateTime<Utc>,
}

impl fmt::Debug for SyncLetter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { template, record, .. } = self;
        write!(f, "SyncLetter({record} of {template})")
    }
}

/// A named addition of stock.
#[derive(Debug, Clone, Copy)]
pub struct StockLetter<'a> {
    /// Baidu's id of the template.
    pub template: i64,
    /// One name is one operation; the same on every attempt.
    pub name: &'a str,
    /// Above zero.
    pub amount: i64,
    /// When it was added; the same on every attempt.
    pub at: DateTime<Utc>,
}

/// `couponType` of a kind.
pub const fn coupon_type(kind: CouponKind) -> i64 {
    match kind {
        CouponKind::General => 1,
        CouponKind::Cash => 2,
        CouponKind::Discount => 3,
        CouponKind::Exchange => 4,
        CouponKind::GroupBuy => 5,
    }
}

/// The kind of a `couponType`.
pub const fn kind_of(coupon_type: i64) -> Option<CouponKind> {
    Some(match coupon_type {
        1 => CouponKind::General,
        2 => CouponKind::Cash,
        3 => CouponKind::Discount,
        4 => CouponKind::Exchange,
        5 => CouponKind::GroupBuy,
        _ => return None,
    })
}
