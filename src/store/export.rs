//! Coupons as they are exported: all of them, a portion at a time, in the order of their ids.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    card::Suspension,
    code::CouponCode,
    coupon::CouponState,
    id::{AppId, CouponId, PlacementId, TemplateId},
    people::Record,
    stock::Way,
};

/// Which coupons.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Of one template only.
    pub template: Option<TemplateId>,
    /// On one app only.
    pub app: Option<AppId>,
    /// Issued from here on.
    pub from: Option<DateTime<Utc>>,
    /// Issued before.
    pub before: Option<DateTime<Utc>>,
}

/// One coupon with its use that stands.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "columns of the same names")]
pub struct Exported {
    pub id: CouponId,
    pub template: TemplateId,
    pub terms_version: i32,
    pub app: AppId,
    pub placement: PlacementId,
    pub record: Record,
    pub way: Way,
    pub code: CouponCode,
    pub state: CouponState,
    pub locked_until: Option<DateTime<Utc>>,
    pub suspended: Option<Suspension>,
    pub issued_at: DateTime<Utc>,
    pub valid_from: DateTime<Utc>,
    pub valid_until: DateTime<Utc>,
    pub order_no: Option<String>,
    pub store: Option<String>,
    pub redeemed_at: Option<DateTime<Utc>>,
    pub discount_fen: Option<i64>,
}

/// The last id of the portion of `most` coupons after `after`; `None` when fewer are left.
pub async fn find_end(
    conn: &mut PgConnection,
    after: Option<CouponId>,
    most: i64,
) -> sqlx::Result<Option<CouponId>> {
    sqlx::query_scalar!(
        r#"
        select coupon_id as "id: CouponId"
        from coupon
        where coupon_id > coalesce($1, '00000000-0000-0000-0000-000000000000'::uuid)
        order by coupon_id
        limit 1
        offset $2
        "#,
        after as _,
        most - 1,
    )
    .fetch_optional(conn)
    .await
}

/// Those of a portion that are wanted. How many are looked at does not depend on the filter, so no statement takes long.
pub async fn list(
    conn: &mut PgConnection,
    after: Option<CouponId>,
    end: Option<CouponId>,
    filter: Filter,
) -> sqlx::Result<Vec<Exported>> {
    sqlx::query_file_as!(
        Exported,
        "src/store/sql/export_coupons.sql",
        after as _,
        end as _,
        filter.template as _,
        filter.app as _,
        filter.from,
        filter.before,
    )
    .fetch_all(conn)
    .await
}

/// The title of one version of a template's terms.
pub async fn find_title(
    conn: &mut PgConnection,
    template: TemplateId,
    version: i32,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        r#"
        select coalesce(document ->> 'title', '') as "title!"
        from template_terms
        where template_id = $1 and version = $2
        "#,
        template as _,
        version,
    )
    .fetch_optional(conn)
    .await
}
