//! A coupon in somebody's hands.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a coupon is in its life. Whether it has expired is no state: its validity and the clock say so.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum CouponState {
    /// Its holder may use it.
    Issued,
    /// Kept for an order that is being made.
    Locked,
    /// Used.
    Redeemed,
    /// Taken out of use by the merchant.
    Void,
}
