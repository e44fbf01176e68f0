//! The daily sums as they are read: with the notes that were not folded yet, so that they are never old.

use chrono::NaiveDate;
use sqlx::PgConnection;

use crate::domain::id::{AppId, TemplateId};

/// Which sums are added up, and which are kept apart.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The first day in China.
    pub first: NaiveDate,
    /// The last one, included.
    pub last: NaiveDate,
    /// Of one template only.
    pub template: Option<TemplateId>,
    /// On one app only.
    pub app: Option<AppId>,
    /// Each day for itself.
    pub by_day: bool,
    /// Each template for itself.
    pub by_template: bool,
    /// Each app for itself.
    pub by_app: bool,
}

/// One sum.
#[derive(Debug, Clone)]
pub struct Sum {
    /// Of this day.
    pub day: Option<NaiveDate>,
    /// Of this template.
    pub template: Option<TemplateId>,
    /// On this app.
    pub app: Option<AppId>,
    /// Of what.
    pub measure: String,
    /// How many.
    pub count: i64,
}

/// What templates and apps are called.
#[derive(Debug, Clone)]
pub struct Named {
    /// Its id, bare.
    pub id: uuid::Uuid,
    /// Its name.
    pub name: String,
}

/// The sums, those of one day, template and app beside one another.
pub async fn list(conn: &mut PgConnection, wanted: Wanted) -> sqlx::Result<Vec<Sum>> {
    sqlx::query_file_as!(
        Sum,
        "src/store/sql/list_sums.sql",
        wanted.first,
        wanted.last,
        wanted.template as _,
        wanted.app as _,
        wanted.by_day,
        wanted.by_template,
        wanted.by_app,
    )
    .fetch_all(conn)
    .await
}

/// What the titles of templates are now.
pub async fn list_titles(
    conn: &mut PgConnection,
    templates: &[TemplateId],
) -> sqlx::Result<Vec<Named>> {
    let ids: Vec<_> = templates.iter().map(|id| id.uuid()).collect();
    sqlx::query_as!(
        Named,
        r#"
        select template.template_id as "id!", coalesce(terms.document ->> 'title', '') as "name!"
        from unnest($1::uuid[]) as wanted (template_id)
        join template on template.template_id = wanted.template_id
        join template_terms as terms
            on terms.template_id = template.template_id and terms.version = template.version
        "#,
        &ids,
    )
    .fetch_all(conn)
    .await
}

/// What apps are called.
pub async fn list_app_names(conn: &mut PgConnection, apps: &[AppId]) -> sqlx::Result<Vec<Named>> {
    let ids: Vec<_> = apps.iter().map(|id| id.uuid()).collect();
    sqlx::query_as!(
        Named,
        r#"
        select app.app_id as "id!", app.name as "name!"
        from unnest($1::uuid[]) as wanted (app_id)
        join app on app.app_id = wanted.app_id
        "#,
        &ids,
    )
    .fetch_all(conn)
    .await
}
