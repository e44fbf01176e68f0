//! Who may run a comparison: one server at a time for each app, and one job for each of its days.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use crate::{
    domain::id::{AppId, ReconciliationId},
    store::delivery::lease::interval,
};

/// Leave to run one: to be named when it is finished.
#[derive(Debug, Clone, Copy)]
pub struct Leave {
    /// Which.
    pub id: ReconciliationId,
    /// Whose.
    pub app: AppId,
    /// So many whole days before today.
    pub days: i32,
    /// Whose day's job it is.
    pub job_day: Option<NaiveDate>,
    /// How often it was begun, with this time.
    pub attempts: i32,
    /// Counted up with every start.
    pub fence: i64,
}

/// The apps whose job of the day nobody has taken yet: with a secret, on a platform that tells figures.
pub async fn list_without_job(
    conn: &mut PgConnection,
    job_day: NaiveDate,
) -> sqlx::Result<Vec<AppId>> {
    sqlx::query_scalar!(
        r#"
        select app_id as "app: AppId"
        from app
        where platform in ('baidu', 'wechat')
          and secret_sealed is not null
          and not exists (
              select from reconciliation where reconciliation.app_id = app.app_id and job_day >= $1
          )
        order by app_id
        "#,
        job_day,
    )
    .fetch_all(conn)
    .await
}

/// The last day that a job of the day has compared, of an app.
pub async fn find_last_day(conn: &mut PgConnection, app: AppId) -> sqlx::Result<Option<NaiveDate>> {
    sqlx::query_scalar!(
        r#"
        select max(last_day) as "day"
        from reconciliation
        where app_id = $1 and job_day is not null and state = 'done'
        "#,
        app as _,
    )
    .fetch_one(conn)
    .await
}

/// Asks for a day's job, in place of those of earlier days that failed; `false` when another server was faster.
pub async fn request_job(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    id: ReconciliationId,
    app: AppId,
    (job_day, days): (NaiveDate, i32),
) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        r#"
        with outdated as (
            update reconciliation
            set retry_at = null
            where app_id = $2 and job_day < $3 and state = 'failed'
        )
        insert into reconciliation (reconciliation_id, app_id, job_day, days, state, requested_at)
        values ($1, $2, $3, $4, 'requested', $5)
        on conflict on constraint reconciliation_one_per_day do nothing
        "#,
        id as _,
        app as _,
        job_day,
        days,
        now,
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() > 0)
}

/// Counts those as failed that took too long; most likely their server is gone.
pub async fn give_up(conn: &mut PgConnection, now: Option<DateTime<Utc>>) -> sqlx::Result<u64> {
    let given_up = sqlx::query!(
        r#"
        update reconciliation
        set state = 'failed',
            running_until = null,
            finished_at = clock.now,
            error = 'whoever ran it has gone away',
            retry_at = case when attempts < 5 then clock.now end
        from (select coalesce($1::timestamptz, clock_timestamp()) as now) as clock
        where state = 'running' and running_until <= clock.now
        "#,
        now,
    )
    .execute(conn)
    .await?;
    Ok(given_up.rows_affected())
}

/// Leave to run what waits longest, and is due; breaks `reconciliation_one_running` when another server was faster.
pub async fn start_next(
    conn: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    patience: std::time::Duration,
) -> sqlx::Result<Option<Leave>> {
    sqlx::query_as!(
        Leave,
        r#"
        update reconciliation
        set state = 'running',
            attempts = attempts + 1,
            fence = fence + 1,
            started_at = clock.now,
            running_until = clock.now + $2::interval,
            finished_at = null,
            retry_at = null,
            error = null
        from (select coalesce($1::timestamptz, clock_timestamp()) as now) as clock
        where reconciliation_id = (
            select due.reconciliation_id
            from reconciliation as due
            where (due.state = 'requested' or due.state = 'failed' and due.retry_at <= clock.now)
              and not exists (
                  select
                  from reconciliation as other
                  where other.app_id = due.app_id and other.state = 'running'
              )
            order by due.requested_at
            limit 1
            -- Whoever holds it is about to run it.
            for update skip locked
        )
        returning reconciliation_id as "id: ReconciliationId", app_id as "app: AppId", days, job_day,
            attempts, fence
        "#,
        now,
        interval(patience),
    )
    .fetch_optional(conn)
    .await
}

/// Leave to run one at once; breaks `reconciliation_one_running` while another one of the app runs.
pub async fn start(
    conn: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    id: ReconciliationId,
    (app, days): (AppId, i32),
    patience: std::time::Duration,
) -> sqlx::Result<Leave> {
    sqlx::query_as!(
        Leave,
        r#"
        insert into reconciliation (
            reconciliation_id, app_id, days, state, requested_at, started_at, running_until, attempts, fence
        )
        select $1, $2, $3, 'running', clock.now, clock.now, clock.now + $4::interval, 1, 1
        from (select coalesce($5::timestamptz, clock_timestamp()) as now) as clock
        returning reconciliation_id as "id: ReconciliationId", app_id as "app: AppId", days, job_day,
            attempts, fence
        "#,
        id as _,
        app as _,
        days,
        interval(patience),
        now,
    )
    .fetch_one(conn)
    .await
}

/// It has come to its end; `false` when somebody else has the leave meanwhile.
pub async fn mark_done(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    leave: &Leave,
    (first, last): (NaiveDate, NaiveDate),
    differences: i32,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update reconciliation
        set state = 'done', running_until = null, finished_at = $3, first_day = $4, last_day = $5,
            differences = $6
        where reconciliation_id = $1 and fence = $2 and state = 'running'
        "#,
        leave.id as _,
        leave.fence,
        now,
        first,
        last,
        differences,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// It could not be run; `retry_at` is when it is tried again.
pub async fn mark_failed(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    leave: &Leave,
    error: &str,
    retry_at: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update reconciliation
        set state = 'failed', running_until = null, finished_at = $3, error = $4, retry_at = $5
        where reconciliation_id = $1 and fence = $2 and state = 'running'
        "#,
        leave.id as _,
        leave.fence,
        now,
        error,
        retry_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
