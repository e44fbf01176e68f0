//! Pages laid out by the merchant.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::domain::{
    id::{PageId, TemplateId},
    page::{Floor, Slot},
};

/// A page as it is kept.
#[derive(Debug, Clone)]
pub struct StoredPage {
    /// Ours.
    pub id: PageId,
    /// By which front ends ask for it.
    pub content_code: String,
    /// For which sort of front end it is; empty for every sort that has none of its own.
    pub client_type: String,
    /// From the top downwards.
    pub floors: Json<Vec<Floor>>,
    /// Rises with every change.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Adds a page; breaks `page_one_per_slot` when there is one in its slot.
pub async fn insert(conn: &mut PgConnection, page: &StoredPage) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into page (page_id, content_code, client_type, document, version, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        page.id as _,
        page.content_code,
        page.client_type,
        &page.floors as _,
        page.version,
        page.created_at,
        page.updated_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One page.
pub async fn find(conn: &mut PgConnection, id: PageId) -> sqlx::Result<Option<StoredPage>> {
    let rows = read(conn, Some(id), None, 1).await?;
    Ok(rows.into_iter().next())
}

/// One page, kept from changing until the transaction ends.
pub async fn lock(conn: &mut PgConnection, id: PageId) -> sqlx::Result<Option<StoredPage>> {
    sqlx::query_as!(
        StoredPage,
        r#"
        select page_id as "id: PageId", content_code, client_type, document as "floors: Json<Vec<Floor>>",
            version, created_at, updated_at
        from page
        where page_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
}

/// Newest first, older than `before`.
pub async fn list(
    conn: &mut PgConnection,
    before: Option<PageId>,
    limit: i64,
) -> sqlx::Result<Vec<StoredPage>> {
    read(conn, None, before, limit).await
}

async fn read(
    conn: &mut PgConnection,
    id: Option<PageId>,
    before: Option<PageId>,
    limit: i64,
) -> sqlx::Result<Vec<StoredPage>> {
    sqlx::query_as!(
        StoredPage,
        r#"
        select page_id as "id: PageId", content_code, client_type, document as "floors: Json<Vec<Floor>>",
            version, created_at, updated_at
        from page
        where ($1::uuid is null or page_id = $1)
            and ($2::uuid is null or page_id < $2)
        order by page_id desc
        limit $3
        "#,
        id as _,
        before as _,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// The floors for this sort of front end: those of its own page or, where it has none, of the page for every sort.
pub async fn find_floors(conn: &mut PgConnection, slot: &Slot) -> sqlx::Result<Option<Vec<Floor>>> {
    let floors = sqlx::query_scalar!(
        r#"
        select document as "floors: Json<Vec<Floor>>"
        from page
        where content_code = $1
            and client_type in ($2, '')
        -- Nothing sorts before the empty one.
        order by client_type desc
        limit 1
        "#,
        slot.content_code,
        slot.client_type,
    )
    .fetch_optional(conn)
    .await?;
    Ok(floors.map(|Json(floors)| floors))
}

/// Writes what may change of a page.
pub async fn update(conn: &mut PgConnection, page: &StoredPage) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update page
        set document = $2, version = $3, updated_at = $4
        where page_id = $1
        "#,
        page.id as _,
        &page.floors as _,
        page.version,
        page.updated_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a page away; `false` when it is not there.
pub async fn delete(conn: &mut PgConnection, id: PageId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        delete from page
        where page_id = $1
        "#,
        id as _,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Those of the templates that are not there, in the order in which they are named.
pub async fn list_missing_templates(
    conn: &mut PgConnection,
    named: &[TemplateId],
) -> sqlx::Result<Vec<TemplateId>> {
    let named: Vec<Uuid> = named.iter().map(|template| template.uuid()).collect();
    sqlx::query_scalar!(
        r#"
        select named.template_id as "template!: TemplateId"
        from unnest($1::uuid[]) with ordinality as named (template_id, place)
        where not exists (select from template where template.template_id = named.template_id)
        order by place
        "#,
        &named,
    )
    .fetch_all(conn)
    .await
}
