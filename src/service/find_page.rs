//! Finds the page that a front end asks for.

use sqlx::PgPool;

use crate::{
    domain::page::{Page, Slot},
    store,
};

/// The page of this code for this sort of front end or, where it has none of its own or can have none, the page for every
/// sort.
pub async fn find_page(
    db: &PgPool,
    content_code: &str,
    client_type: &str,
) -> sqlx::Result<Option<Page>> {
    let mut slot = Slot { content_code: content_code.into(), client_type: client_type.into() };
    // What no page can be called may hold what the database does not even read.
    if slot.check().is_err() {
        slot.client_type = String::new();
    }
    if slot.check().is_err() {
        return Ok(None);
    }
    let mut conn = db.acquire().await?;
    let floors = store::page::find_floors(&mut conn, &slot).await?;
    Ok(floors.map(|floors| Page { content_code: slot.content_code, floors }))
}
