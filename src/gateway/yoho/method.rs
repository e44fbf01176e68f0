//! The operations, by the names that callers use.

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The templates of one type.
    QueryCoupon,
    /// Birthday templates; what is due is issued meanwhile.
    QueryBirthCoupon,
    /// One coupon for a person.
    GetCoupon,
    /// Several.
    GetBatchCoupon,
    /// The coupon centre.
    QueryCouponCenter,
    /// How what it shows stands.
    CouponStatus,
    /// A page of a person's coupons.
    Lists,
    /// The same in its older form.
    Li,
    /// How many there are.
    Total,
    /// One coupon of a campaign.
    CouponSend,
    /// Ours: a coupon is kept for an order.
    UseCoupon,
    /// Ours: what an order keeps is used.
    ConfirmCouponUse,
    /// Ours: what an order keeps or has used is let go.
    CancelOrderCouponUse,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::QueryCoupon,
        Self::QueryBirthCoupon,
        Self::GetCoupon,
        Self::GetBatchCoupon,
        Self::QueryCouponCenter,
        Self::CouponStatus,
        Self::Lists,
        Self::Li,
        Self::Total,
        Self::CouponSend,
        Self::UseCoupon,
        Self::ConfirmCouponUse,
        Self::CancelOrderCouponUse,
    ];

    /// Exact, also in its case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// As callers write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QueryCoupon => "app.promotion.queryCoupon",
            Self::QueryBirthCoupon => "app.promotion.queryBirthCoupon",
            Self::GetCoupon => "app.promotion.getCoupon",
            Self::GetBatchCoupon => "app.promotion.getBatchCoupon",
            Self::QueryCouponCenter => "app.promotion.queryCouponCenter",
            Self::CouponStatus => "app.promotion.couponStatus",
            Self::Lists => "app.coupons.lists",
            Self::Li => "app.coupons.li",
            Self::Total => "app.coupons.total",
            Self::CouponSend => "app.coupons.couponSend",
            Self::UseCoupon => "app.promotion.useCoupon",
            Self::ConfirmCouponUse => "app.promotion.confirmCouponUse",
            Self::CancelOrderCouponUse => "app.promotion.cancelOrderCouponUse",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_known_by_its_exact_name() {
        for method in Method::ALL {
            assert_eq!(Method::parse(method.name()), Some(method));
            let heading = format!("\n### {}\n", method.name());
            assert!(include_str!("../../../docs/yoho.md").contains(&heading), "{heading}");
        }
        for name in ["", "app.promotion.getcoupon", "app.promotion.getCoupon ", "app.coupons.get"] {
            assert_eq!(Method::parse(name), None, "{name}");
        }
    }
}
