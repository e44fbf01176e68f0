//! Uploaded codes.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    code::CouponCode,
    id::{CodeId, ImportId, TemplateId},
};

/// How many uploaded codes a template has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeCounts {
    /// Waiting to be issued.
    pub free: i64,
    /// Issued.
    pub taken: i64,
}

/// Where a code came from that could not be added.
#[derive(Debug)]
pub struct KnownCode {
    /// The code.
    pub value: CouponCode,
    /// The upload that added it.
    pub import: ImportId,
}

/// Adds those codes that nobody has yet, neither as an upload nor as an issued coupon, and returns them.
///
/// Give them sorted: two uploads of the same file then wait for each other instead of deadlocking.
pub async fn insert_new(
    conn: &mut PgConnection,
    template: TemplateId,
    import: ImportId,
    codes: &[(CodeId, CouponCode)],
) -> sqlx::Result<Vec<CouponCode>> {
    let ids: Vec<Uuid> = codes.iter().map(|(id, _)| id.uuid()).collect();
    let values: Vec<&str> = codes.iter().map(|(_, value)| value.as_str()).collect();
    sqlx::query_scalar!(
        r#"
        insert into code (code_id, template_id, import_id, value)
        select line.code_id, $1, $2, line.value
        from unnest($3::uuid[], $4::text[]) with ordinality as line (code_id, value, place)
        where not exists (select from coupon where coupon.code = line.value)
        order by line.place
        on conflict on constraint code_value_once do nothing
        returning value as "value: CouponCode"
        "#,
        template as _,
        import as _,
        &ids,
        &values as _,
    )
    .fetch_all(conn)
    .await
}

/// Those of `values` that were uploaded, by this upload or another.
pub async fn list_known(
    conn: &mut PgConnection,
    values: &[&CouponCode],
) -> sqlx::Result<Vec<KnownCode>> {
    let values: Vec<&str> = values.iter().map(|value| value.as_str()).collect();
    sqlx::query_as!(
        KnownCode,
        r#"
        select value as "value: CouponCode", import_id as "import: ImportId"
        from code
        where value = any($1)
        "#,
        &values as _,
    )
    .fetch_all(conn)
    .await
}

/// Counts the codes of a template.
pub async fn count(conn: &mut PgConnection, template: TemplateId) -> sqlx::Result<CodeCounts> {
    sqlx::query_as!(
        CodeCounts,
        r#"
        select
            count(*) filter (where state = 'free') as "free!",
            count(*) filter (where state = 'taken') as "taken!"
        from code
        where template_id = $1
        "#,
        template as _,
    )
    .fetch_one(conn)
    .await
}
