//! Takes a page away.

use sqlx::PgPool;

use crate::{domain::id::PageId, store};

/// Takes a page away; `false` when it is not there. Front ends are then told that there is none, or get the one for all.
pub async fn remove_page(db: &PgPool, id: PageId) -> sqlx::Result<bool> {
    let mut tx = store::begin(db).await?;

    let was_there = store::page::delete(&mut tx, id).await?;

    tx.commit().await?;
    if was_there {
        tracing::info!(page.id = %id, "page removed");
    }
    Ok(was_there)
}
