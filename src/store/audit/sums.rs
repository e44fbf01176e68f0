//! The daily sums recounted from the rows that they are about.

use chrono::NaiveDate;
use sqlx::PgConnection;

use crate::domain::id::{AppId, TemplateId};

/// A sum that is not what the rows say.
#[derive(Debug, Clone)]
pub struct Miscounted {
    /// Of which template.
    pub template: TemplateId,
    /// On which app.
    pub app: AppId,
    /// On which day in China.
    pub day: NaiveDate,
    /// Of what.
    pub measure: String,
    /// The sum with the notes that still lie beside it.
    pub noted: i64,
    /// How many the rows show.
    pub counted: i64,
    /// How many sums are wrong, listed or not.
    pub total: i64,
}

/// Sums that disagree with the rows; refusals for now leave no rows to count.
pub async fn list_miscounted(conn: &mut PgConnection, most: i64) -> sqlx::Result<Vec<Miscounted>> {
    sqlx::query_file_as!(Miscounted, "src/store/sql/list_miscounted_sums.sql", most)
        .fetch_all(conn)
        .await
}
