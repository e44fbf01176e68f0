//! Rows other than coupons: what they name, and when they say things happened.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// What kind of row an id belongs to; rows without an id of their own go by the one that says most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum RowKind {
    /// A platform account.
    App,
    /// A template.
    Template,
    /// A placement.
    Placement,
    /// A callback token.
    Token,
    /// An upload of codes.
    Import,
    /// An uploaded code.
    Code,
    /// A holder.
    Holder,
    /// A refusal, by the holder who was refused.
    Refusal,
    /// An API key.
    Key,
    /// Something owed to a platform.
    Delivery,
    /// A try, by the delivery that was tried.
    Attempt,
    /// A client of a gateway.
    GatewayClient,
    /// A grant of a gateway.
    GatewayGrant,
    /// A page laid out by the merchant.
    Page,
    /// The number of a coupon, by the coupon.
    CouponNumber,
}

/// One row that breaks a promise.
#[derive(Debug, Clone)]
pub struct RowFinding {
    /// Which table.
    pub kind: RowKind,
    /// Which row.
    pub id: Uuid,
    /// How many there are over all kinds, listed or not.
    pub total: i64,
}

/// Rows that name what does not exist or does not belong together, where no foreign key stands guard.
pub async fn list_dangling(conn: &mut PgConnection, most: i64) -> sqlx::Result<Vec<RowFinding>> {
    sqlx::query_file_as!(RowFinding, "src/store/sql/list_dangling.sql", most).fetch_all(conn).await
}

/// Rows that end before they begin, and refusals in the future.
pub async fn list_with_strange_times(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    most: i64,
) -> sqlx::Result<Vec<RowFinding>> {
    sqlx::query_as!(
        RowFinding,
        r#"
        select
            kind as "kind!: RowKind",
            id as "id!",
            count(*) over () as "total!"
        from (
            select 'app' as kind, app_id as id from app where updated_at < created_at
            union all
            select 'template', template_id from template where updated_at < created_at
            union all
            select 'placement', placement_id from placement where updated_at < created_at
            union all
            select 'token', token_id from callback_token where retires_at < created_at
            union all
            select 'import', import_id from code_import where finished_at < started_at
            union all
            select 'page', page_id from page where updated_at < created_at
            union all
            select 'key', key_id from api_key where revoked_at < created_at
            union all
            select 'delivery', delivery_id from delivery where settled_at < created_at
            union all
            select 'gateway_client', client_id
            from gateway_client
            where least(updated_at, old_secret_until, disabled_at) < created_at
            union all
            select 'gateway_grant', grant_id from gateway_grant where revoked_at < created_at
            union all
            select 'refusal', holder_id from refusal where $1::timestamptz + interval '5 seconds' < refused_at
        ) as strange
        order by kind, id
        limit $2
        "#,
        now,
        most,
    )
    .fetch_all(conn)
    .await
}
