//! The terms that coupons are judged by.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::id::TemplateId;

/// One version of a template's terms, as it is stored.
#[derive(Debug, Clone)]
pub struct StoredTerms {
    /// Whose terms.
    pub template: TemplateId,
    /// Which version.
    pub version: i32,
    /// To be read by whoever knows the format.
    pub document: serde_json::Value,
}

/// What one version of terms asks of a coupon, flat, to be joined with coupons by the database.
#[derive(Debug, Clone, Serialize)]
pub struct Rule {
    /// Whose terms.
    pub template_id: Uuid,
    /// Which version.
    pub version: i32,
    /// The first moment at which it could be claimed.
    pub claim_from: DateTime<Utc>,
    /// The first moment at which it no longer could.
    pub claim_until: DateTime<Utc>,
    /// How many one person may have.
    pub per_person_limit: i64,
    /// The month of a birthday coupon, of which one person may have one a year instead.
    pub birthday: Option<u8>,
    /// Whether codes come from the merchant.
    pub uploaded: bool,
    /// The span of every coupon, if it is the same for all.
    pub fixed_from: Option<DateTime<Utc>>,
    /// Present when `fixed_from` is.
    pub fixed_until: Option<DateTime<Utc>>,
    /// Calendar days from the claim to the first day of use, if the span follows the claim.
    pub first_day: Option<i64>,
    /// Calendar days from the claim to the midnight that ends the span, if the span follows the claim.
    pub end_day: Option<i64>,
}

/// Every version of every template's terms.
pub async fn list(conn: &mut PgConnection) -> sqlx::Result<Vec<StoredTerms>> {
    sqlx::query_as!(
        StoredTerms,
        r#"
        select
            template_id as "template: TemplateId",
            version,
            document
        from template_terms
        order by template_id, version
        "#,
    )
    .fetch_all(conn)
    .await
}
