//! Asks for a comparison with the platform's figures; the delivery worker makes it.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{
    domain::{
        app::PlatformKind,
        id::{AppId, ReconciliationId},
        problem::{Problem, Problems},
    },
    store::{self, reconciliation::Reconciliation},
};

/// Why nothing was asked for.
#[derive(Debug, thiserror::Error)]
pub enum RequestReconciliationError {
    /// Some values will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// There is none of this id.
    #[error("no such app")]
    NoSuchApp,
    /// Its platform tells nobody what it counts.
    #[error("the platform of this app tells no figures")]
    NoFigures,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// The comparison that is going to be made; the one that waits already, if there is one.
pub async fn request_reconciliation(
    db: &PgPool,
    now: DateTime<Utc>,
    app: AppId,
    days: i32,
) -> Result<Reconciliation, RequestReconciliationError> {
    let mut problems = Problems::default();
    problems.expect((1..=31).contains(&days), "days", "1 to 31");
    problems.into_result().map_err(RequestReconciliationError::Invalid)?;
    let mut tx = store::begin(db).await?;

    let there = store::app::find(&mut tx, app).await?;
    match there.ok_or(RequestReconciliationError::NoSuchApp)?.platform {
        PlatformKind::Baidu | PlatformKind::Wechat => {}
        PlatformKind::WechatMini | PlatformKind::Own => {
            return Err(RequestReconciliationError::NoFigures);
        }
    }
    let id = ReconciliationId::new(now);
    let id = store::reconciliation::request(&mut tx, now, id, app, days).await?;
    store::reconciliation::announce(&mut tx).await?;
    let requested = store::reconciliation::find(&mut tx, id).await?;

    tx.commit().await?;
    tracing::info!(app.id = %app, reconciliation.id = %id, "reconciliation requested");
    Ok(requested.ok_or(sqlx::Error::RowNotFound)?)
}
