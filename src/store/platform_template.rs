//! What stands on the platform, as last seen, and what should stand there.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, types::Json};

use crate::domain::{
    id::{AppId, PlacementId},
    placement::PlacementState,
    reconciliation::Owed,
    terms::Terms,
};

/// A template as it was last seen on the platform.
#[derive(Debug, Clone)]
pub struct PlatformTemplate {
    /// The platform's id.
    pub platform_ref: String,
    /// What people see of it, by the names of our terms.
    pub fields: Value,
    /// When it was last seen.
    pub seen_at: DateTime<Utc>,
    /// When it was first missed; `None` while it stands.
    pub gone_at: Option<DateTime<Utc>>,
    /// Ours, if it is.
    pub placement: Option<PlacementId>,
}

/// One placement that the platform knows, as it should be there.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Ours.
    pub placement: PlacementId,
    /// The platform's id of it.
    pub platform_ref: String,
    /// Where it is in its life.
    pub state: PlacementState,
    /// The title of now.
    pub title: String,
    /// The version of the terms of now.
    pub version: i32,
    /// The version that the platform was last told; `None` when it was told none.
    pub published_version: Option<i32>,
    /// When that was.
    pub published_at: Option<DateTime<Utc>>,
    /// What the platform was told then.
    pub told: Option<Json<Terms>>,
    /// With which settings of app and placement, where these matter.
    pub told_settings: Option<Value>,
    /// How many may still be taken.
    pub left: i64,
    /// How many were ever given through us.
    pub claims: i64,
    /// What is still owed about it.
    pub owed: Owed,
}

/// Keeps what stands on the platform. With a list that came to its end, what is not in it is gone.
pub async fn store(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    app: AppId,
    seen: &[(String, Value)],
    complete: bool,
) -> sqlx::Result<()> {
    let (refs, fields): (Vec<_>, Vec<_>) = seen.iter().cloned().unzip();
    sqlx::query!(
        r#"
        insert into platform_template (app_id, platform_ref, fields, seen_at)
        select $1, s.platform_ref, s.fields, $2
        from unnest($3::text[], $4::jsonb[]) as s (platform_ref, fields)
        on conflict on constraint platform_template_once do update
        set fields = excluded.fields, seen_at = excluded.seen_at, gone_at = null
        "#,
        app as _,
        now,
        &refs,
        &fields,
    )
    .execute(&mut *conn)
    .await?;
    if complete {
        sqlx::query!(
            r#"
            update platform_template
            set gone_at = $2
            where app_id = $1 and gone_at is null and platform_ref <> all($3)
            "#,
            app as _,
            now,
            &refs,
        )
        .execute(conn)
        .await?;
    }
    Ok(())
}

/// What was last seen on the platform, with our placement of each.
pub async fn list(conn: &mut PgConnection, app: AppId) -> sqlx::Result<Vec<PlatformTemplate>> {
    sqlx::query_as!(
        PlatformTemplate,
        r#"
        select platform_template.platform_ref, fields, seen_at, gone_at,
            placement_id as "placement?: PlacementId"
        from platform_template
        left join placement
            on placement.app_id = platform_template.app_id
            and placement.platform_ref = platform_template.platform_ref
        where platform_template.app_id = $1
        order by platform_template.platform_ref
        "#,
        app as _,
    )
    .fetch_all(conn)
    .await
}

/// Every placement of an app that the platform knows, with what is owed about it.
pub async fn list_placed(conn: &mut PgConnection, app: AppId) -> sqlx::Result<Vec<Placed>> {
    let rows = sqlx::query_file!("src/store/sql/list_placed.sql", app as _).fetch_all(conn).await?;
    let placed = rows.into_iter().map(|row| Placed {
        placement: row.placement,
        platform_ref: row.platform_ref,
        state: row.state,
        title: row.title,
        version: row.version,
        published_version: row.published_version,
        published_at: row.published_at,
        told: row.told,
        told_settings: row.told_settings,
        left: row.left,
        claims: row.claims,
        owed: Owed {
            syncs: row.syncs,
            updates: row.updates,
            withdrawals: row.withdrawals,
            additions: row.additions,
            pieces: row.pieces,
        },
    });
    Ok(placed.collect())
}

/// How many templates of an app are about to be published or imported, one of which a stranger may be.
pub async fn count_arrivals(conn: &mut PgConnection, app: AppId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from (
            select kind from delivery where app_id = $1 and state = 'pending'
            union all
            select kind from delivery where app_id = $1 and state = 'leased'
        ) as delivery
        where kind in ('publish', 'import')
        "#,
        app as _,
    )
    .fetch_one(conn)
    .await
}
