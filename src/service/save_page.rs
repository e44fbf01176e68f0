//! Lays out a page, or lays it out anew.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool, types::Json};

use crate::{
    domain::{
        id::{PageId, TemplateId},
        page::{self, Floor, Slot},
        problem::{Problem, Problems},
    },
    store::{self, page::StoredPage, violates},
};

/// Why the page is not there, or stayed as it was.
#[derive(Debug, thiserror::Error)]
pub enum SavePageError {
    /// The slot or the floors will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// There is a page for this content code and this sort of front end.
    #[error("there is a page for this content_code and client_type")]
    SlotTaken,
    /// There is none of this id.
    #[error("no such page")]
    NoSuchPage,
    /// Somebody else was faster.
    #[error("changed in the meantime; it is at version {now_at}")]
    VersionConflict {
        /// The version to look at before trying again.
        now_at: i32,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Lays out a page in a slot that has none.
pub async fn create_page(
    db: &PgPool,
    now: DateTime<Utc>,
    slot: Slot,
    floors: Vec<Floor>,
) -> Result<StoredPage, SavePageError> {
    let problems = [slot.check(), page::check_floors(&floors)];
    let problems: Vec<_> = problems.into_iter().filter_map(Result::err).flatten().collect();
    if !problems.is_empty() {
        return Err(SavePageError::Invalid(problems));
    }
    let page = StoredPage {
        id: PageId::new(now),
        content_code: slot.content_code,
        client_type: slot.client_type,
        floors: Json(floors),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let mut tx = store::begin(db).await?;

    expect_templates(&mut tx, &page.floors).await?;
    store::page::insert(&mut tx, &page).await.map_err(|error| {
        if violates(&error, "page_one_per_slot") { SavePageError::SlotTaken } else { error.into() }
    })?;

    tx.commit().await?;
    tracing::info!(page.id = %page.id, "page made");
    Ok(page)
}

/// Gives a page that is still at `version` other floors. Its slot stays.
pub async fn replace_page(
    db: &PgPool,
    now: DateTime<Utc>,
    id: PageId,
    version: i32,
    floors: Vec<Floor>,
) -> Result<StoredPage, SavePageError> {
    page::check_floors(&floors).map_err(SavePageError::Invalid)?;
    let mut tx = store::begin(db).await?;

    let mut page = store::page::lock(&mut tx, id).await?.ok_or(SavePageError::NoSuchPage)?;
    if page.version != version {
        return Err(SavePageError::VersionConflict { now_at: page.version });
    }
    expect_templates(&mut tx, &floors).await?;
    page.floors = Json(floors);
    page.version += 1;
    page.updated_at = now;
    store::page::update(&mut tx, &page).await?;

    tx.commit().await?;
    tracing::info!(page.id = %id, page.version, "page replaced");
    Ok(page)
}

/// A template that is there stays there, so nothing is locked.
async fn expect_templates(conn: &mut PgConnection, floors: &[Floor]) -> Result<(), SavePageError> {
    let named = page::templates(floors);
    let missing = store::page::list_missing_templates(conn, &named).await?;
    let mut problems = Problems::default();
    for template in missing {
        problems.expect(false, "floors", missing_template(template));
    }
    problems.into_result().map_err(SavePageError::Invalid)
}

fn missing_template(template: TemplateId) -> String {
    format!("there is no template {template}")
}
