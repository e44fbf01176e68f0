//! Gives a template new terms for the coupons to come; those already issued keep theirs.

use std::mem::discriminant;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool, types::Json};

use super::{push_placement_update::owe_update, telling::foresee};
use crate::{
    domain::{
        foresight::{Foresight, Lint, Run},
        id::{PlacementId, TemplateId},
        placement::PlacementState,
        problem::Problem,
        template::TemplateState,
        terms::Terms,
    },
    store::{self, template::Template},
};

/// Why the terms stayed as they were.
#[derive(Debug, thiserror::Error)]
pub enum EditTemplateError {
    /// The terms will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// There is none of this id.
    #[error("no such template")]
    NoSuchTemplate,
    /// Somebody else was faster.
    #[error("changed in the meantime; it is at version {now_at}")]
    VersionConflict {
        /// The version to look at before trying again.
        now_at: i32,
    },
    /// It is over.
    #[error("the template has ended")]
    Ended,
    /// Coupons were issued or codes uploaded, so where codes come from is settled.
    #[error("codes were issued or uploaded, so their source stays")]
    CodesInUse,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Adds a version of the terms to a template that is still at `version`. Platforms on which it stands must be able to show
/// them, and are told; what they make of it is told here, and in a dry run nothing else is done.
pub async fn edit_template(
    db: &PgPool,
    now: DateTime<Utc>,
    id: TemplateId,
    version: i32,
    terms: Terms,
    lint: Lint,
    run: Run,
) -> Result<(Template, Vec<(PlacementId, Foresight)>), EditTemplateError> {
    terms.check().map_err(EditTemplateError::Invalid)?;
    let mut tx = store::begin(db).await?;

    let lock = store::template::lock(&mut tx, id).await?;
    let mut template = lock.ok_or(EditTemplateError::NoSuchTemplate)?;
    if template.version != version {
        return Err(EditTemplateError::VersionConflict { now_at: template.version });
    }
    if template.state == TemplateState::Ended {
        return Err(EditTemplateError::Ended);
    }
    let other_source = discriminant(&template.terms.codes) != discriminant(&terms.codes);
    if other_source && store::template::has_used_codes(&mut tx, id).await? {
        return Err(EditTemplateError::CodesInUse);
    }
    template.version += 1;
    let looks_the_same = template.terms.show_the_same_as(&terms);
    template.terms = Json(terms);
    template.updated_at = now;
    store::template::insert_terms(&mut tx, &template).await?;
    store::template::update(&mut tx, &template).await?;
    let foreseen = if looks_the_same {
        store::published::carry(&mut tx, id, template.version).await?;
        Vec::new()
    } else {
        tell_platforms(&mut tx, now, &template, lint).await?
    };

    if run == Run::Dry {
        tx.rollback().await?;
        return Ok((template, foreseen));
    }
    tx.commit().await?;
    tracing::info!(template.id = %id, template.version, "template edited");
    Ok((template, foreseen))
}

async fn tell_platforms(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    template: &Template,
    lint: Lint,
) -> Result<Vec<(PlacementId, Foresight)>, EditTemplateError> {
    let mut all = Vec::new();
    // Locked, and only then looked at: a publication that is being settled right now either sees the new terms or is seen.
    for placement in store::placement::lock_all_of(conn, template.id).await? {
        let stands =
            placement.platform_ref.is_some() && placement.state != PlacementState::Withdrawn;
        if !stands || !placement.platform.keeps_a_wallet() {
            continue;
        }
        let published = store::published::get(conn, placement.id).await?;
        if published.is_connected || published.version.is_some() {
            let foreseen = foresee(conn, &placement, &published, &template.terms, lint).await?;
            let foreseen = foreseen.map_err(EditTemplateError::Invalid)?;
            owe_update(conn, now, &placement).await?;
            all.push((placement.id, foreseen));
        }
    }
    Ok(all)
}
