//! What is owed: against what it is about, and against its attempts.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{CouponFault, CouponFinding};
use crate::domain::{
    delivery::MOST_ATTEMPTS,
    id::{CouponId, DeliveryId},
};

/// One delivery that breaks a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryFinding {
    /// What is wrong with it.
    pub fault: DeliveryFault,
    /// Which one.
    pub delivery: DeliveryId,
    /// How many deliveries have this fault, listed or not.
    pub total: i64,
}

/// What can be wrong with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum DeliveryFault {
    /// About a coupon that is not there, or of which this platform need not hear.
    Unfounded,
    /// Done without exactly one success, or not done in spite of one.
    WrongEnd,
    /// Its attempts are not numbered 1, 2, 3, …, or are not as many as it says.
    Miscounted,
    /// An attempt was made with a fence that was not newer, or was never given out.
    Unfenced,
    /// Left to a person without a clear "no" and before its last try.
    GivenUp,
    /// Nobody works on it though it is time.
    Stuck,
    /// A use that the platform heard of before it heard of the coupon.
    TooSoon,
}

/// Coupons that were given or used in another way than was told, or out of their time.
pub async fn list_untold_coupons(
    conn: &mut PgConnection,
    most: i64,
) -> sqlx::Result<Vec<CouponFinding>> {
    sqlx::query_file_as!(CouponFinding, "src/store/sql/list_untold_coupons.sql", most)
        .fetch_all(conn)
        .await
}

/// Everything that one look at a delivery and its attempts can tell.
pub async fn list_faulty(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    most: i64,
) -> sqlx::Result<Vec<DeliveryFinding>> {
    sqlx::query_file_as!(
        DeliveryFinding,
        "src/store/sql/list_faulty_deliveries.sql",
        now,
        i64::from(MOST_ATTEMPTS),
        most,
    )
    .fetch_all(conn)
    .await
}
