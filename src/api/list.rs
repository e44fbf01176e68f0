//! A page of all that there are of one thing, newest first.

use sqlx::PgConnection;
use uuid::Uuid;

use super::ApiState;
use crate::http::{
    error::ApiError,
    extract::Json,
    page::{ListQuery, Page},
};

/// Answers with what `read` finds before an id, as many as it is asked for.
pub async fn newest_first<Id: From<Uuid>, Row, View: From<Row>>(
    state: &ApiState,
    query: &ListQuery,
    read: impl AsyncFnOnce(&mut PgConnection, Option<Id>, i64) -> sqlx::Result<Vec<Row>>,
    id: impl Fn(&Row) -> Uuid,
) -> Result<Json<Page<View>>, ApiError> {
    let slice = query.slice()?;
    let mut conn = state.db.acquire().await?;
    let rows = read(&mut conn, slice.before.map(Id::from), slice.to_read()).await?;
    Ok(Json(slice.page(rows, id)))
}
