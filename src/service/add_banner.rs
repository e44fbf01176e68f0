//! Owes a platform a banner: a picture that leads to a placement. One for each placement at a time.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{
    domain::{
        banner::BannerState,
        id::{BannerId, PlacementId},
        placement::PlacementState,
    },
    store::{
        self,
        banner::Banner,
        delivery::{open::Open, owe::Owed},
        violates,
    },
};

/// The banner to show, checked where it is understood.
#[derive(Debug)]
pub struct NewBanner {
    /// Where it leads.
    pub placement: PlacementId,
    /// Under the picture.
    pub title: String,
    /// A path inside the mini-program.
    pub dest_url: String,
    /// The picture.
    pub image: Vec<u8>,
    /// What it is, as `image/png` is.
    pub image_type: String,
}

/// Why there is no banner.
#[derive(Debug, thiserror::Error)]
pub enum AddBannerError {
    /// There is none of this id.
    #[error("no such placement")]
    NoSuchPlacement,
    /// Its platform keeps no wallet, so it shows no banners.
    #[error("the platform of this placement keeps no coupons")]
    NoWallet,
    /// Its platform has no such thing.
    #[error("the platform of this placement shows no banners")]
    NoBanners,
    /// It was withdrawn.
    #[error("a placement that is withdrawn has no banners")]
    Withdrawn,
    /// The placement has one.
    #[error("the placement has a banner; remove that first")]
    AlreadyThere,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Keeps the banner, and owes it; it waits until the platform knows the placement.
pub async fn add_banner(
    db: &PgPool,
    now: DateTime<Utc>,
    new: NewBanner,
) -> Result<(Banner, Open), AddBannerError> {
    let mut tx = store::begin(db).await?;

    let lock = store::placement::lock(&mut tx, new.placement).await?;
    let placement = lock.ok_or(AddBannerError::NoSuchPlacement)?;
    if !placement.platform.keeps_a_wallet() {
        return Err(AddBannerError::NoWallet);
    }
    if !placement.platform.has_banners() {
        return Err(AddBannerError::NoBanners);
    }
    if placement.state == PlacementState::Withdrawn {
        return Err(AddBannerError::Withdrawn);
    }
    let banner = Banner {
        id: BannerId::new(now),
        placement: new.placement,
        title: new.title,
        dest_url: new.dest_url,
        image_type: new.image_type,
        platform_ref: None,
        pic_url: None,
        state: BannerState::Owed,
        created_at: now,
        updated_at: now,
    };
    store::banner::insert(&mut tx, &banner, &new.image).await.map_err(|error| {
        if violates(&error, "banner_one_per_placement") {
            AddBannerError::AlreadyThere
        } else {
            error.into()
        }
    })?;
    let owed = Owed::create_banner(now, placement.app, placement.id, banner.id);
    store::delivery::owe::owe(&mut tx, now, &owed).await?;
    let open = store::delivery::open::get(&mut tx, owed.id).await?;

    tx.commit().await?;
    tracing::info!(placement.id = %placement.id, banner.id = %banner.id, "banner owed");
    Ok((banner, open))
}
