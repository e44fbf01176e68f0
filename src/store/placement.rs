//! Templates as they stand on apps.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::domain::{
    app::PlatformKind,
    id::{AppId, PlacementId, TemplateId},
    placement::{PlacementState, Review},
};

/// One placement as it is stored, with the platform of its app.
#[derive(Debug, Clone)]
pub struct Placement {
    /// Ours.
    pub id: PlacementId,
    /// What is placed.
    pub template: TemplateId,
    /// Where.
    pub app: AppId,
    /// The platform of that app.
    pub platform: PlatformKind,
    /// The platform's id of it; `None` until the platform has it.
    pub platform_ref: Option<String>,
    /// Where it is in its life.
    pub state: PlacementState,
    /// Whether the platform is told of coupons given through us, and of uses, whichever way the coupon came.
    pub tells_claims: bool,
    /// Whether the platform is told of coupons that are taken out of use.
    pub tells_voids: bool,
    /// What only its platform's room understands.
    pub settings: Value,
    /// What the platform's reviewers say; `None` where nobody reviews.
    pub review: Option<Review>,
    /// Why they refused, in their words.
    pub review_note: Option<String>,
    /// When they said so, by the platform's clock.
    pub reviewed_at: Option<DateTime<Utc>>,
    /// Guards concurrent edits.
    pub version: i32,
    /// When it was placed.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Adds a placement; breaks `placement_once`, `placement_one_per_platform_ref` or `placement_template`.
pub async fn insert(conn: &mut PgConnection, placement: &Placement) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into placement
            (placement_id, template_id, app_id, platform_ref, state, tells_claims, tells_voids, settings, version,
             created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        "#,
        placement.id as _,
        placement.template as _,
        placement.app as _,
        placement.platform_ref,
        placement.state as _,
        placement.tells_claims,
        placement.tells_voids,
        placement.settings,
        placement.version,
        placement.created_at,
        placement.updated_at,
    )
    .execute(&mut *conn)
    .await?;
    rearm_cards(conn, placement).await
}

/// One placement.
pub async fn find(conn: &mut PgConnection, id: PlacementId) -> sqlx::Result<Option<Placement>> {
    let rows = read(conn, Some(id), Filter::default(), None, 1).await?;
    Ok(rows.into_iter().next())
}

/// Keeps a placement from changing until the transaction ends.
pub async fn lock(conn: &mut PgConnection, id: PlacementId) -> sqlx::Result<Option<Placement>> {
    sqlx::query_as!(
        Placement,
        r#"
        select placement_id as "id: PlacementId", template_id as "template: TemplateId",
            placement.app_id as "app: AppId", platform as "platform: PlatformKind", platform_ref,
            state as "state: PlacementState", tells_claims, tells_voids, placement.settings,
            review as "review: Review", review_note, reviewed_at, placement.version,
            placement.created_at, placement.updated_at
        from placement
        join app on app.app_id = placement.app_id
        where placement_id = $1
        for no key update of placement
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
}

/// Writes what may change of a placement.
pub async fn update(conn: &mut PgConnection, placement: &Placement) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update placement
        set platform_ref = $2, state = $3, settings = $4, version = $5, updated_at = $6
        where placement_id = $1
        "#,
        placement.id as _,
        placement.platform_ref,
        placement.state as _,
        placement.settings,
        placement.version,
        placement.updated_at,
    )
    .execute(&mut *conn)
    .await?;
    rearm_cards(conn, placement).await
}

/// What a platform that hands coupons out by itself said of an id before anybody knew what it stands for.
async fn rearm_cards(conn: &mut PgConnection, placement: &Placement) -> sqlx::Result<()> {
    let Some(platform_ref) = &placement.platform_ref else { return Ok(()) };
    if placement.platform.gives_by_itself() {
        super::card::push::rearm_foreign(conn, placement.app, platform_ref).await?;
    }
    Ok(())
}

/// Writes down what the platform's reviewers say, unless they have said something since; whether it was written. Within one
/// second, a word of theirs comes after what they were asked. Of what they say at no known time, all else is newer.
pub async fn mark_reviewed(
    conn: &mut PgConnection,
    id: PlacementId,
    review: Review,
    note: Option<&str>,
    at: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update placement
        set review = $2, review_note = $3, reviewed_at = $4
        where placement_id = $1
            and case
                when $4::timestamptz is null then review is null
                else reviewed_at is null or reviewed_at < $4 or reviewed_at = $4 and $2 <> 'pending'
            end
            and (review, review_note) is distinct from ($2, $3)
        "#,
        id as _,
        review as _,
        note,
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Which placements are asked for; `None` does not filter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Of this template only.
    pub template: Option<TemplateId>,
    /// On this app only.
    pub app: Option<AppId>,
}

/// Newest first, older than `before`.
pub async fn list(
    conn: &mut PgConnection,
    filter: Filter,
    before: Option<PlacementId>,
    limit: i64,
) -> sqlx::Result<Vec<Placement>> {
    read(conn, None, filter, before, limit).await
}

async fn read(
    conn: &mut PgConnection,
    id: Option<PlacementId>,
    filter: Filter,
    before: Option<PlacementId>,
    limit: i64,
) -> sqlx::Result<Vec<Placement>> {
    sqlx::query_as!(
        Placement,
        r#"
        select placement_id as "id: PlacementId", template_id as "template: TemplateId",
            placement.app_id as "app: AppId", platform as "platform: PlatformKind", platform_ref,
            state as "state: PlacementState", tells_claims, tells_voids, placement.settings,
            review as "review: Review", review_note, reviewed_at, placement.version,
            placement.created_at, placement.updated_at
        from placement
        join app on app.app_id = placement.app_id
        where ($1::uuid is null or placement_id = $1)
            and ($2::uuid is null or template_id = $2)
            and ($3::uuid is null or placement.app_id = $3)
            and ($4::uuid is null or placement_id < $4)
        order by placement_id desc
        limit $5
        "#,
        id as _,
        filter.template as _,
        filter.app as _,
        before as _,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// All placements of a template, kept from changing until the transaction ends.
pub async fn lock_all_of(
    conn: &mut PgConnection,
    template: TemplateId,
) -> sqlx::Result<Vec<Placement>> {
    sqlx::query_as!(
        Placement,
        r#"
        select placement_id as "id: PlacementId", template_id as "template: TemplateId",
            placement.app_id as "app: AppId", platform as "platform: PlatformKind", platform_ref,
            state as "state: PlacementState", tells_claims, tells_voids, placement.settings,
            review as "review: Review", review_note, reviewed_at, placement.version,
            placement.created_at, placement.updated_at
        from placement
        join app on app.app_id = placement.app_id
        -- Nothing else is asked here: what is asked before the lock is not what is so after it.
        where template_id = $1
        order by placement_id
        for no key update of placement
        "#,
        template as _,
    )
    .fetch_all(conn)
    .await
}

/// The placement that the platform knows by this id.
pub async fn find_by_platform_ref(
    conn: &mut PgConnection,
    app: AppId,
    platform_ref: &str,
) -> sqlx::Result<Option<PlacementId>> {
    sqlx::query_scalar!(
        r#"
        select placement_id as "id: PlacementId"
        from placement
        where app_id = $1 and platform_ref = $2
        "#,
        app as _,
        platform_ref,
    )
    .fetch_optional(conn)
    .await
}
