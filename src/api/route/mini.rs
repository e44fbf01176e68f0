//! What people ask through a mini-program: everything under `/v1/mini`.

use super::Route;
use crate::api::redemption;

/// For people.
pub const MINI: &[Route] = super::routes! {
    post "/v1/mini/redemptions" [Holder] => redemption::create_own, "Uses one of my coupons for an order", takes redemption::OwnRedemptionBody, gives 201 redemption::RedemptionView;
};
