//! Comparisons with the platform's figures: who asked for one, and what it found. Who may run one is in `leave`.

pub mod leave;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use crate::domain::{
    app::PlatformKind,
    id::{AppId, PlacementId, ReconciliationId},
    reconciliation::{Difference, DifferenceKind, RunState},
};

/// One comparison.
#[derive(Debug, Clone)]
pub struct Reconciliation {
    /// Ours.
    pub id: ReconciliationId,
    /// Whose figures.
    pub app: AppId,
    /// Whose day's job it is; `None` for one that somebody asked for.
    pub job_day: Option<NaiveDate>,
    /// So many whole days before today.
    pub days: i32,
    /// What was looked at; `None` until it has begun.
    pub first_day: Option<NaiveDate>,
    /// What was looked at; `None` until it has begun.
    pub last_day: Option<NaiveDate>,
    /// Where it is in its life.
    pub state: RunState,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it last began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it came to its end.
    pub finished_at: Option<DateTime<Utc>>,
    /// How often it was begun.
    pub attempts: i32,
    /// When it is tried again, after a failure.
    pub retry_at: Option<DateTime<Utc>>,
    /// How many differences nothing explains; `None` until it is done.
    pub differences: Option<i32>,
    /// Why it failed, for people.
    pub error: Option<String>,
}

/// A difference as it was written down.
#[derive(Debug, Clone)]
pub struct StoredDifference {
    /// What it most likely means.
    pub kind: DifferenceKind,
    /// Whose; `None` where it is none of ours.
    pub placement: Option<PlacementId>,
    /// The platform's id of it.
    pub platform_ref: String,
    /// In China; `None` for what is not about a day.
    pub day: Option<NaiveDate>,
    /// The nearest figure that would have been no difference.
    pub ours: Option<i64>,
    /// The platform's.
    pub theirs: Option<i64>,
    /// What differs of a template.
    pub fields: Vec<String>,
    /// How many deliveries about it were still owed.
    pub owed: i64,
    /// Whether those account for it.
    pub explained: bool,
    /// For people, in Chinese.
    pub meaning_zh: String,
    /// For people, in English.
    pub meaning_en: String,
}

/// Asks for one; the id of the one that waits already, if there is one.
pub async fn request(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    id: ReconciliationId,
    app: AppId,
    days: i32,
) -> sqlx::Result<ReconciliationId> {
    sqlx::query_scalar!(
        r#"
        insert into reconciliation (reconciliation_id, app_id, days, state, requested_at)
        values ($1, $2, $3, 'requested', $4)
        on conflict (app_id) where state = 'requested' and job_day is null do update
        set days = greatest(reconciliation.days, excluded.days)
        returning reconciliation_id as "id: ReconciliationId"
        "#,
        id as _,
        app as _,
        days,
        now,
    )
    .fetch_one(conn)
    .await
}

/// Tells workers that there is one to run; heard when the transaction is over.
pub async fn announce(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select pg_notify('kaquan_delivery', 'reconciliation')").fetch_one(conn).await?;
    Ok(())
}

/// Writes down what a comparison found.
pub async fn insert_differences(
    conn: &mut PgConnection,
    (id, platform): (ReconciliationId, PlatformKind),
    differences: &[Difference],
) -> sqlx::Result<()> {
    for (number, difference) in (1..).zip(differences) {
        sqlx::query!(
            r#"
            insert into reconciliation_difference (
                reconciliation_id, number, kind, placement_id, platform_ref, day, ours, theirs, fields, owed,
                explained, meaning_zh, meaning_en
            )
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            "#,
            id as _,
            number,
            difference.kind.as_str(),
            difference.placement as _,
            difference.platform_ref,
            difference.day,
            difference.ours,
            difference.theirs,
            &difference.fields,
            difference.owed,
            difference.explained,
            difference.in_chinese(platform),
            difference.in_english(platform),
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// One of them.
pub async fn find(
    conn: &mut PgConnection,
    id: ReconciliationId,
) -> sqlx::Result<Option<Reconciliation>> {
    Ok(read(conn, Some(id), None, None, 1).await?.pop())
}

/// Newest first, older than `before`.
pub async fn list(
    conn: &mut PgConnection,
    app: Option<AppId>,
    before: Option<ReconciliationId>,
    limit: i64,
) -> sqlx::Result<Vec<Reconciliation>> {
    read(conn, None, app, before, limit).await
}

async fn read(
    conn: &mut PgConnection,
    id: Option<ReconciliationId>,
    app: Option<AppId>,
    before: Option<ReconciliationId>,
    limit: i64,
) -> sqlx::Result<Vec<Reconciliation>> {
    sqlx::query_as!(
        Reconciliation,
        r#"
        select reconciliation_id as "id: ReconciliationId", app_id as "app: AppId", job_day, days, first_day,
            last_day, state as "state: RunState", requested_at, started_at, finished_at, attempts, retry_at,
            differences, error
        from reconciliation
        where ($1::uuid is null or reconciliation_id = $1)
            and ($2::uuid is null or app_id = $2)
            and ($3::uuid is null or reconciliation_id < $3)
        order by reconciliation_id desc
        limit $4
        "#,
        id as _,
        app as _,
        before as _,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// What one found, in the order in which it was found.
pub async fn list_differences(
    conn: &mut PgConnection,
    id: ReconciliationId,
) -> sqlx::Result<Vec<StoredDifference>> {
    sqlx::query_as!(
        StoredDifference,
        r#"
        select kind as "kind: DifferenceKind", placement_id as "placement: PlacementId", platform_ref, day,
            ours, theirs, fields, owed, explained, meaning_zh, meaning_en
        from reconciliation_difference
        where reconciliation_id = $1
        order by number
        "#,
        id as _,
    )
    .fetch_all(conn)
    .await
}
