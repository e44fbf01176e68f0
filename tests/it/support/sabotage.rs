//! Faults inside Postgres: triggers that raise, locks that are held.

use sqlx::{AssertSqlSafe, PgExecutor, PgPool, Postgres, Transaction};

use super::{plant::Campaign, until::until};

/// What a new coupon meets.
#[derive(Debug, Clone, Copy)]
pub enum Trap {
    /// The first one raises; a sequence counts, which no rollback undoes.
    RaisesOnce,
    /// Each whose record begins with `poison` raises.
    RaisesForPoison,
    /// Each whose record begins with `poison` is given a code that a coupon has already.
    CollidesForPoison,
    /// Each takes a millisecond.
    Dawdles,
    /// The first one ends its own session.
    EndsSessionOnce,
}

pub async fn set_trap(pool: &PgPool, trap: Trap) {
    let body = match trap {
        Trap::RaisesOnce => "if nextval('sprung') = 1 then raise exception 'sprung'; end if;",
        Trap::RaisesForPoison => {
            "if new.record like 'poison%' then
                 perform nextval('sprung');
                 raise exception 'sprung';
             end if;"
        }
        Trap::CollidesForPoison => {
            "if new.record like 'poison%' then
                 perform nextval('sprung');
                 new.code := (select min(code) from coupon);
             end if;"
        }
        Trap::Dawdles => "perform pg_sleep(0.001);",
        Trap::EndsSessionOnce => {
            "if nextval('sprung') = 1 then perform pg_terminate_backend(pg_backend_pid()); end if;"
        }
    };
    sqlx::raw_sql(AssertSqlSafe(format!(
        "create sequence sprung;
         create function trap() returns trigger language plpgsql
         as $$ begin {body} return new; end $$;
         create trigger trap before insert on coupon for each row execute function trap()"
    )))
    .execute(pool)
    .await
    .unwrap();
}

/// How many coupons met the trap.
pub async fn times_sprung(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select case when is_called then last_value else 0 end from sprung")
        .fetch_one(pool)
        .await
        .unwrap()
}

/// Locks the campaign's template as an engine does, until the transaction ends.
pub async fn hold(pool: &PgPool, campaign: &Campaign) -> Transaction<'static, Postgres> {
    let mut holding = kaquan::store::begin(pool).await.unwrap();
    sqlx::query("select from template where template_id = $1 for no key update")
        .bind(campaign.template.uuid())
        .execute(&mut *holding)
        .await
        .unwrap();
    holding
}

/// Waits until that many of the engine's sessions wait for a lock.
pub async fn until_blocked(pool: &PgPool, sessions: i64) {
    let waiting = "select count(*) from pg_stat_activity
         where datname = current_database() and application_name = 'kaquan-issuing'
           and wait_event_type = 'Lock'";
    until_counted(pool, waiting, sessions).await;
}

/// Waits until no session of the engine is in a transaction.
pub async fn until_idle(pool: &PgPool) {
    let busy = "select count(*) from pg_stat_activity
         where datname = current_database() and application_name = 'kaquan-issuing'
           and state <> 'idle'";
    until_counted(pool, busy, 0).await;
}

async fn until_counted(pool: &PgPool, question: &'static str, wanted: i64) {
    let count = async || -> i64 { sqlx::query_scalar(question).fetch_one(pool).await.unwrap() };
    until(question, async || count().await == wanted).await;
}

/// Ends the engine's sessions that wait for a lock.
pub async fn end_blocked_sessions(conn: impl PgExecutor<'_>) {
    sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'kaquan-issuing'
           and wait_event_type = 'Lock'",
    )
    .execute(conn)
    .await
    .unwrap();
}
