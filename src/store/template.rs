//! Templates and the versions of their terms.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::domain::{
    id::TemplateId, number::TemplateNumber, template::TemplateState, terms::Terms,
};

/// A template with its current terms.
#[derive(Debug, Clone)]
pub struct Template {
    /// Ours.
    pub id: TemplateId,
    /// The version of the terms that the next coupon is issued with.
    pub version: i32,
    /// Where it is in its life.
    pub state: TemplateState,
    /// The current terms.
    pub terms: Json<Terms>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its terms or state last changed.
    pub updated_at: DateTime<Utc>,
}

/// A template and what became of it, over all its placements.
#[derive(Debug)]
pub struct CountedTemplate {
    /// The template.
    pub template: Template,
    /// By which protocols know it that have no room for its id.
    pub number: TemplateNumber,
    /// Coupons issued.
    pub issued: i64,
    /// Coupons that may still be issued.
    pub left: i64,
}

/// Adds a template. Its terms are written in the same transaction, with [`insert_terms`].
pub async fn insert(conn: &mut PgConnection, template: &Template) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into template (template_id, version, state, created_at, updated_at)
        values ($1, $2, $3, $4, $5)
        "#,
        template.id as _,
        template.version,
        template.state as _,
        template.created_at,
        template.updated_at,
    )
    .execute(&mut *conn)
    .await?;
    insert_terms(conn, template).await
}

/// Adds the version of the terms that `template` has now; an earlier one is never touched.
pub async fn insert_terms(conn: &mut PgConnection, template: &Template) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into template_terms (template_id, version, document, created_at)
        values ($1, $2, $3, $4)
        "#,
        template.id as _,
        template.version,
        &template.terms as _,
        template.updated_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Kept from changing, and from issuing, until the transaction ends.
pub async fn lock(conn: &mut PgConnection, id: TemplateId) -> sqlx::Result<Option<Template>> {
    // The lock is a statement of its own: one that also joined the terms would, after having waited for an edit, look for
    // the terms of the new version as they were before the wait, and find nothing.
    let locked = sqlx::query!(
        r#"
        select
        from template
        where template_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(&mut *conn)
    .await?;
    if locked.is_none() {
        return Ok(None);
    }
    sqlx::query_as!(
        Template,
        r#"
        select template_id as "id: TemplateId", version, template.state as "state: TemplateState",
            document as "terms: Json<Terms>", template.created_at, template.updated_at
        from template
        join template_terms using (template_id, version)
        where template_id = $1
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
}

/// Writes version, state and time of change.
pub async fn update(conn: &mut PgConnection, template: &Template) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update template
        set version = $2, state = $3, updated_at = $4
        where template_id = $1
        "#,
        template.id as _,
        template.version,
        template.state as _,
        template.updated_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a coupon was issued or an upload of codes was begun, so that the source of codes is settled.
pub async fn has_used_codes(conn: &mut PgConnection, id: TemplateId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select
            exists (select from code_import where template_id = $1)
            or exists (select from coupon where template_id = $1)
            as "used!"
        "#,
        id as _,
    )
    .fetch_one(conn)
    .await
}

/// One version of the terms.
pub async fn find_terms(
    conn: &mut PgConnection,
    id: TemplateId,
    version: i32,
) -> sqlx::Result<Option<Terms>> {
    let document = sqlx::query_scalar!(
        r#"
        select document as "terms: Json<Terms>"
        from template_terms
        where template_id = $1 and version = $2
        "#,
        id as _,
        version,
    )
    .fetch_optional(conn)
    .await?;
    Ok(document.map(|Json(terms)| terms))
}

/// One template with its counts.
pub async fn find(
    conn: &mut PgConnection,
    id: TemplateId,
) -> sqlx::Result<Option<CountedTemplate>> {
    let rows = read(conn, Some(id), None, 1).await?;
    Ok(rows.into_iter().next())
}

/// Newest first, older than `before`.
pub async fn list(
    conn: &mut PgConnection,
    before: Option<TemplateId>,
    limit: i64,
) -> sqlx::Result<Vec<CountedTemplate>> {
    read(conn, None, before, limit).await
}

async fn read(
    conn: &mut PgConnection,
    id: Option<TemplateId>,
    before: Option<TemplateId>,
    limit: i64,
) -> sqlx::Result<Vec<CountedTemplate>> {
    let rows = sqlx::query!(
        r#"
        select template.template_id as "id: TemplateId", template.version,
            template.state as "state: TemplateState", document as "terms: Json<Terms>",
            template.created_at, template.updated_at,
            template.number as "number: TemplateNumber",
            counts.issued as "issued!", counts.left_over as "left!"
        from template
        join template_terms using (template_id, version)
        cross join lateral (
            select coalesce(sum(issued), 0)::bigint as issued,
                coalesce(sum(total - issued), 0)::bigint as left_over
            from placement
            join stock using (placement_id)
            where placement.template_id = template.template_id
        ) as counts
        where ($1::uuid is null or template.template_id = $1)
            and ($2::uuid is null or template.template_id < $2)
        order by template.template_id desc
        limit $3
        "#,
        id as _,
        before as _,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let counted = rows.into_iter().map(|row| CountedTemplate {
        template: Template {
            id: row.id,
            version: row.version,
            state: row.state,
            terms: row.terms,
            created_at: row.created_at,
            updated_at: row.updated_at,
        },
        number: row.number,
        issued: row.issued,
        left: row.left,
    });
    Ok(counted.collect())
}

/// These versions of terms; one that is not there is left out.
pub async fn list_terms(
    conn: &mut PgConnection,
    versions: &[(TemplateId, i32)],
) -> sqlx::Result<Vec<((TemplateId, i32), Terms)>> {
    let templates: Vec<Uuid> = versions.iter().map(|(template, _)| template.uuid()).collect();
    let numbers: Vec<i32> = versions.iter().map(|(_, version)| *version).collect();
    let rows = sqlx::query!(
        r#"
        select
            terms.template_id as "template!: TemplateId",
            terms.version as "version!",
            terms.document as "document!: Json<Terms>"
        from unnest($1::uuid[], $2::int[]) as asked (template_id, version)
        cross join lateral (
            select t.template_id, t.version, t.document
            from template_terms t
            where t.template_id = asked.template_id and t.version = asked.version
            offset 0
        ) terms
        "#,
        &templates,
        &numbers,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| ((row.template, row.version), row.document.0)).collect())
}
