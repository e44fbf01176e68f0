//! What has to hold before a platform is told of a placement: of all of it, or of what has changed.

use sqlx::PgConnection;

use crate::{
    domain::{
        foresight::{Foresight, Lint, Question, Showing},
        id::{DeliveryId, PlacementId},
        placement::PlacementState,
        problem::Problem,
        stock::Way,
        terms::Terms,
    },
    store::{self, placement::Placement, published::Published},
};

/// Why a platform is not to be told.
#[derive(Debug, thiserror::Error)]
pub enum TellingError {
    /// There is none of this id.
    #[error("no such placement")]
    NoSuchPlacement,
    /// Its platform keeps no wallet, so there is nothing to tell it.
    #[error("the platform of this placement keeps no coupons")]
    NoWallet,
    /// It was withdrawn.
    #[error("a placement that is withdrawn is neither published nor changed on its platform")]
    Withdrawn,
    /// It was to be published, and the platform knows it already.
    #[error("the platform knows this placement already; changes are told by themselves")]
    AlreadyPublished,
    /// It was to be changed, and the platform does not know it.
    #[error("the platform does not know this placement; publish it first")]
    NotPublished,
    /// The platform cannot be called.
    #[error("the app has no secret, so its platform cannot be called")]
    AppHasNoSecret,
    /// The platform would not take the terms.
    #[error("some values are not acceptable to the platform")]
    Invalid(Vec<Problem>),
    /// An earlier publication was given up without anybody knowing whether it took effect.
    #[error("{delivery} was given up; look at it, then replay or cancel it")]
    GivenUp {
        /// The one to look at.
        delivery: DeliveryId,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// What the platform is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    /// All of a placement that it does not know.
    Publish,
    /// What has changed of one that it knows.
    Update,
}

/// A placement of which its platform can be told, locked behind its template.
pub(super) async fn lock_to_tell(
    conn: &mut PgConnection,
    id: PlacementId,
    telling: Telling,
    lint: Lint,
) -> Result<(Placement, Foresight), TellingError> {
    let found = store::placement::find(conn, id).await?;
    let template = found.ok_or(TellingError::NoSuchPlacement)?.template;
    let template = store::template::lock(conn, template).await?;
    let template = template.ok_or(TellingError::NoSuchPlacement)?;
    let placement = store::placement::lock(conn, id).await?;
    let placement = placement.ok_or(TellingError::NoSuchPlacement)?;
    if !placement.platform.keeps_a_wallet() {
        return Err(TellingError::NoWallet);
    }
    if placement.state == PlacementState::Withdrawn {
        return Err(TellingError::Withdrawn);
    }
    match (telling, &placement.platform_ref) {
        (Telling::Publish, Some(_)) => return Err(TellingError::AlreadyPublished),
        (Telling::Update, None) => return Err(TellingError::NotPublished),
        (Telling::Publish, None) | (Telling::Update, Some(_)) => {}
    }
    let published = store::published::get(conn, id).await?;
    if !published.is_connected {
        return Err(TellingError::AppHasNoSecret);
    }
    let foreseen = foresee(conn, &placement, &published, &template.terms, lint).await?;
    let foreseen = foreseen.map_err(TellingError::Invalid)?;
    let Foresight { untellable, .. } = &foreseen;
    if !untellable.is_empty() {
        return Err(TellingError::Invalid(untellable.clone()));
    }
    Ok((placement, foreseen))
}

/// What the platform would say of these terms on a placement.
pub(super) async fn foresee(
    conn: &mut PgConnection,
    placement: &Placement,
    published: &Published,
    terms: &Terms,
    lint: Lint,
) -> sqlx::Result<Result<Foresight, Vec<Problem>>> {
    let before = match published.version {
        Some(version) => store::template::find_terms(conn, placement.template, version).await?,
        None => None,
    };
    let settings = |key| published.settings.as_ref().and_then(|told| told.get(key));
    let told = before.as_ref().map(|terms| Showing {
        terms,
        app: settings("app").unwrap_or(&published.app_settings),
        placement: settings("placement").unwrap_or(&published.current_settings),
    });
    let left = if placement.platform_ref.is_none() {
        let stocks = store::stock::list(conn, &[placement.id]).await?;
        let take = stocks.iter().find(|stock| stock.way == Way::Take);
        Some(take.map_or(0, |stock| stock.total - stock.issued))
    } else {
        None
    };
    let (app, placed) = (&published.app_settings, &placement.settings);
    let now = Showing { terms, app, placement: placed };
    let question = Question { platform: placement.platform, now, told, left };
    Ok(lint(&question))
}
