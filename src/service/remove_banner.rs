//! Takes a banner away.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{banner::BannerState, delivery::DeliveryKind, id::BannerId},
    store::{
        self,
        banner::Banner,
        delivery::{open::Open, owe::Owed},
    },
};

/// Why the banner stayed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveBannerError {
    /// There is none of this id.
    #[error("no such banner")]
    NoSuchBanner,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Removes a banner; answers with what its platform is owed now, if anything. A second time changes nothing.
pub async fn remove_banner(
    db: &PgPool,
    now: DateTime<Utc>,
    id: BannerId,
) -> Result<(Banner, Option<Open>), RemoveBannerError> {
    let mut tx = store::begin(db).await?;

    let found = store::banner::find(&mut tx, id).await?;
    let placement = found.ok_or(RemoveBannerError::NoSuchBanner)?.placement;
    let placement = store::placement::lock(&mut tx, placement).await?;
    let placement = placement.ok_or(RemoveBannerError::NoSuchBanner)?;
    let banner = store::banner::lock(&mut tx, id).await?;
    let mut banner = banner.ok_or(RemoveBannerError::NoSuchBanner)?;
    match banner.state {
        BannerState::Removed => return Ok((banner, None)),
        BannerState::Removing => {
            let unsettled = store::delivery::open::list_unsettled(&mut tx, &[id.uuid()]).await?;
            let open = unsettled.into_iter().find(|owed| owed.kind == DeliveryKind::DeleteBanner);
            return Ok((banner, open));
        }
        BannerState::Owed | BannerState::Live => {}
    }
    let never_sent = banner.state == BannerState::Owed && take_back(&mut tx, now, id).await?;
    banner.state = if never_sent { BannerState::Removed } else { BannerState::Removing };
    banner.updated_at = now;
    store::banner::update(&mut tx, &banner).await?;
    let mut open = None;
    if !never_sent {
        let owed = Owed::delete_banner(now, placement.app, placement.id, id);
        store::delivery::owe::owe(&mut tx, now, &owed).await?;
        open = Some(store::delivery::open::get(&mut tx, owed.id).await?);
    }

    tx.commit().await?;
    tracing::info!(banner.id = %id, state = ?banner.state, "banner removed");
    Ok((banner, open))
}

/// Whether the creation could be cancelled before it may have taken effect.
async fn take_back(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    id: BannerId,
) -> sqlx::Result<bool> {
    let mut certain = true;
    for earlier in store::delivery::open::list_unsettled(conn, &[id.uuid()]).await? {
        // One that a worker holds is not cancelled; the removal follows behind it.
        let gone = store::delivery::cancel::mark_cancelled(conn, now, earlier.id).await?;
        certain &= gone && !earlier.doubt;
    }
    Ok(certain)
}
