//! Pauses, resumes and ends a template, on all its apps at once.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{
    domain::{id::TemplateId, template::TemplateState},
    store,
};

/// Why a template stayed as it was.
#[derive(Debug, thiserror::Error)]
pub enum SetTemplateStateError {
    /// There is none of this id.
    #[error("no such template")]
    NoSuchTemplate,
    /// There is no way from here to there.
    #[error("a template that is {from:?} cannot become {to:?}")]
    WrongState {
        /// Where it is.
        from: TemplateState,
        /// Where it was to go.
        to: TemplateState,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Moves a template to `next`. The engine reads the state under the same lock: nothing is issued after a pause returned.
pub async fn set_template_state(
    db: &PgPool,
    now: DateTime<Utc>,
    id: TemplateId,
    next: TemplateState,
) -> Result<(), SetTemplateStateError> {
    let mut tx = store::begin(db).await?;

    let lock = store::template::lock(&mut tx, id).await?;
    let mut template = lock.ok_or(SetTemplateStateError::NoSuchTemplate)?;
    if !template.state.may_become(next) {
        return Err(SetTemplateStateError::WrongState { from: template.state, to: next });
    }
    if template.state == next {
        return Ok(());
    }
    template.state = next;
    template.updated_at = now;
    store::template::update(&mut tx, &template).await?;

    tx.commit().await?;
    tracing::info!(template.id = %id, state = ?next, "template moved");
    Ok(())
}
