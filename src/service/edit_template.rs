//! Gives a template new terms for the coupons to come; those already issued keep theirs.

use std::mem::discriminant;

use chrono::{DateTime, Utc};
use sqlx::{PgPool, types::Json};

use crate::{
    domain::{id::TemplateId, problem::Problem, template::TemplateState, terms::Terms},
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

/// Adds a version of the terms to a template that is still at `version`.
pub async fn edit_template(
    db: &PgPool,
    now: DateTime<Utc>,
    id: TemplateId,
    version: i32,
    terms: Terms,
) -> Result<Template, EditTemplateError> {
    terms.check().map_err(EditTemplateError::Invalid)?;
    let mut tx = db.begin().await?;

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
    template.terms = Json(terms);
    template.updated_at = now;
    store::template::insert_terms(&mut tx, &template).await?;
    store::template::update(&mut tx, &template).await?;

    tx.commit().await?;
    tracing::info!(template.id = %id, template.version, "template edited");
    Ok(template)
}
