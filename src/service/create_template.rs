//! Makes a template.

use chrono::{DateTime, Utc};
use sqlx::{PgPool, types::Json};

use crate::{
    domain::{id::TemplateId, problem::Problem, template::TemplateState, terms::Terms},
    store::{self, template::Template},
};

/// Why no template was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateTemplateError {
    /// The terms will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Whether a new template can be claimed at once.
#[derive(Debug, Clone, Copy)]
pub enum Opening {
    /// Not before somebody opens it.
    Draft,
    /// As soon as its window and its stock allow.
    Active,
}

/// Makes a template with the first version of its terms.
pub async fn create_template(
    db: &PgPool,
    now: DateTime<Utc>,
    terms: Terms,
    opening: Opening,
) -> Result<Template, CreateTemplateError> {
    terms.check().map_err(CreateTemplateError::Invalid)?;
    let template = Template {
        id: TemplateId::new(now),
        version: 1,
        state: match opening {
            Opening::Draft => TemplateState::Draft,
            Opening::Active => TemplateState::Active,
        },
        terms: Json(terms),
        created_at: now,
        updated_at: now,
    };
    let mut tx = store::begin(db).await?;
    store::template::insert(&mut tx, &template).await?;
    tx.commit().await?;
    tracing::info!(template.id = %template.id, "template made");
    Ok(template)
}
