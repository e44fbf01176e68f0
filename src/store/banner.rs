//! Pictures that lead to a coupon on a platform.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    banner::BannerState,
    id::{BannerId, PlacementId},
};

/// One banner without its picture.
#[derive(Debug, Clone)]
pub struct Banner {
    /// Ours.
    pub id: BannerId,
    /// Where it leads.
    pub placement: PlacementId,
    /// Under the picture.
    pub title: String,
    /// A path inside the mini-program.
    pub dest_url: String,
    /// `image/png` or `image/jpeg`.
    pub image_type: String,
    /// The platform's id of it.
    pub platform_ref: Option<String>,
    /// The platform's address of the picture.
    pub pic_url: Option<String>,
    /// How far it has come.
    pub state: BannerState,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Adds a banner with its picture; breaks `banner_one_per_placement` when one is there.
pub async fn insert(conn: &mut PgConnection, banner: &Banner, image: &[u8]) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into banner (banner_id, placement_id, title, dest_url, image, image_type, state, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        "#,
        banner.id as _,
        banner.placement as _,
        banner.title,
        banner.dest_url,
        image,
        banner.image_type,
        banner.state as _,
        banner.created_at,
        banner.updated_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One banner.
pub async fn find(conn: &mut PgConnection, id: BannerId) -> sqlx::Result<Option<Banner>> {
    sqlx::query_as!(
        Banner,
        r#"
        select banner_id as "id: BannerId", placement_id as "placement: PlacementId", title, dest_url,
            image_type, platform_ref, pic_url, state as "state: BannerState", created_at, updated_at
        from banner
        where banner_id = $1
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
}

/// One banner, kept from changing until the transaction ends.
pub async fn lock(conn: &mut PgConnection, id: BannerId) -> sqlx::Result<Option<Banner>> {
    sqlx::query_as!(
        Banner,
        r#"
        select banner_id as "id: BannerId", placement_id as "placement: PlacementId", title, dest_url,
            image_type, platform_ref, pic_url, state as "state: BannerState", created_at, updated_at
        from banner
        where banner_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
}

/// The picture, while it is kept.
pub async fn find_image(conn: &mut PgConnection, id: BannerId) -> sqlx::Result<Option<Vec<u8>>> {
    let image = sqlx::query_scalar!("select image from banner where banner_id = $1", id as _);
    Ok(image.fetch_optional(conn).await?.flatten())
}

/// The banners of a placement, newest first, older than `before`.
pub async fn list(
    conn: &mut PgConnection,
    placement: PlacementId,
    before: Option<BannerId>,
    limit: i64,
) -> sqlx::Result<Vec<Banner>> {
    sqlx::query_as!(
        Banner,
        r#"
        select banner_id as "id: BannerId", placement_id as "placement: PlacementId", title, dest_url,
            image_type, platform_ref, pic_url, state as "state: BannerState", created_at, updated_at
        from banner
        where placement_id = $1 and ($2::uuid is null or banner_id < $2)
        order by banner_id desc
        limit $3
        "#,
        placement as _,
        before as _,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Writes what may change of a banner. The picture is dropped as soon as nobody has to send it any more.
pub async fn update(conn: &mut PgConnection, banner: &Banner) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update banner
        set platform_ref = $2, pic_url = $3, state = $4, updated_at = $5,
            image = case when $4 = 'owed' then image end
        where banner_id = $1
        "#,
        banner.id as _,
        banner.platform_ref,
        banner.pic_url,
        banner.state.as_str(),
        banner.updated_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Those whose creation was cancelled before it could have taken effect; to be called right after that.
pub async fn remove_unsent(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: PlacementId,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update banner
        set state = 'removed', image = null, updated_at = $2
        from delivery
        where banner.placement_id = $1
            and banner.state = 'owed'
            and delivery.subject_id = banner.banner_id
            and delivery.kind = 'create_banner'
            and delivery.state = 'cancelled'
        "#,
        placement as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The placement leaves the platform, and its banner with it.
pub async fn remove_all_of(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: PlacementId,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update banner
        set state = 'removed', image = null, updated_at = $2
        where placement_id = $1 and state <> 'removed'
        "#,
        placement as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
