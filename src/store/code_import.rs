//! Uploads of codes and how far each has come.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::id::{ImportId, TemplateId};

/// One upload.
#[derive(Debug, Clone)]
pub struct CodeImport {
    /// Ours.
    pub id: ImportId,
    /// Whose codes.
    pub template: TemplateId,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// `None` while it runs, and for ever if it was cut off.
    pub finished_at: Option<DateTime<Utc>>,
    /// How many lines it found what on.
    pub counts: ImportCounts,
}

/// What was found on the lines of an upload; blank lines and a header are lines and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportCounts {
    /// Lines read.
    pub lines: i64,
    /// Codes added.
    pub new: i64,
    /// Codes that stand in the file more than once.
    pub duplicate_in_file: i64,
    /// Codes that were there before.
    pub already_there: i64,
    /// Lines that are no code.
    pub malformed: i64,
}

/// Adds an upload that has read nothing yet.
pub async fn insert(
    conn: &mut PgConnection,
    id: ImportId,
    template: TemplateId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into code_import (import_id, template_id, started_at)
        values ($1, $2, $3)
        "#,
        id as _,
        template as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes how far an upload has come, for whoever watches.
pub async fn update(
    conn: &mut PgConnection,
    id: ImportId,
    counts: ImportCounts,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update code_import
        set line_count = $2, new_count = $3, repeated_count = $4, existing_count = $5,
            malformed_count = $6
        where import_id = $1
        "#,
        id as _,
        counts.lines,
        counts.new,
        counts.duplicate_in_file,
        counts.already_there,
        counts.malformed,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that an upload has read its last line.
pub async fn mark_finished(
    conn: &mut PgConnection,
    id: ImportId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update code_import
        set finished_at = $2
        where import_id = $1
        "#,
        id as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One upload of a template.
pub async fn find(
    conn: &mut PgConnection,
    template: TemplateId,
    id: ImportId,
) -> sqlx::Result<Option<CodeImport>> {
    let rows = read(conn, template, Some(id), None, 1).await?;
    Ok(rows.into_iter().next())
}

/// Newest first, older than `before`.
pub async fn list(
    conn: &mut PgConnection,
    template: TemplateId,
    before: Option<ImportId>,
    limit: i64,
) -> sqlx::Result<Vec<CodeImport>> {
    read(conn, template, None, before, limit).await
}

async fn read(
    conn: &mut PgConnection,
    template: TemplateId,
    id: Option<ImportId>,
    before: Option<ImportId>,
    limit: i64,
) -> sqlx::Result<Vec<CodeImport>> {
    let rows = sqlx::query!(
        r#"
        select import_id as "id: ImportId", template_id as "template: TemplateId", started_at,
            finished_at, line_count, new_count, repeated_count, existing_count, malformed_count
        from code_import
        where template_id = $1
            and ($2::uuid is null or import_id = $2)
            and ($3::uuid is null or import_id < $3)
        order by import_id desc
        limit $4
        "#,
        template as _,
        id as _,
        before as _,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let imports = rows.into_iter().map(|row| CodeImport {
        id: row.id,
        template: row.template,
        started_at: row.started_at,
        finished_at: row.finished_at,
        counts: ImportCounts {
            lines: row.line_count,
            new: row.new_count,
            duplicate_in_file: row.repeated_count,
            already_there: row.existing_count,
            malformed: row.malformed_count,
        },
    });
    Ok(imports.collect())
}
