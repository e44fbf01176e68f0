//! Every SQL statement, one file per table family. Functions take a connection, so that the caller sees how long it is held.

pub mod api_key;
pub mod app;
pub mod audit;
pub mod banner;
mod begin;
pub mod bench;
pub mod callback_token;
pub mod card;
pub mod card_bond;
pub mod card_claim;
pub mod card_push;
pub mod card_result;
pub mod channel;
pub mod code;
pub mod code_import;
pub mod coupon;
pub mod delivery;
pub mod deposited_code;
pub mod doctor;
pub mod event;
pub mod export;
pub mod gateway_client;
pub mod gateway_grant;
pub mod holding;
pub mod idempotency;
pub mod issuing;
pub mod life;
pub mod member;
pub mod mini_session;
pub mod nonce;
pub mod number;
pub mod offer;
pub mod operator;
pub mod operator_network;
pub mod operator_session;
pub mod page;
pub mod placement;
pub mod platform_figure;
pub mod platform_template;
pub mod platform_token;
pub mod published;
pub mod push_address;
pub mod reconciliation;
pub mod redemption;
pub mod route;
pub mod sealed;
pub mod shelf;
pub mod source;
pub mod statistics;
pub mod stock;
pub mod stock_addition;
pub mod tally;
pub mod template;
pub mod upkeep;
pub mod wallet;
pub mod webhook_endpoint;

use std::time::Duration;

use sqlx::{
    Connection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub use begin::begin;

/// All migrations, embedded; run at start.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// Whether a statement failed because it would have broken this constraint.
pub fn violates(error: &sqlx::Error, constraint: &str) -> bool {
    error.as_database_error().and_then(|error| error.constraint()) == Some(constraint)
}

/// How connections are shared.
pub fn pool() -> PgPoolOptions {
    PgPoolOptions::new()
        .acquire_timeout(Duration::from_secs(3))
        // A connection that was in use a moment ago is as good as one that was just asked, and spares a way there and back.
        .test_before_acquire(false)
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                if meta.idle_for > Duration::from_secs(1) {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
}

/// Options for connections that do a few statements all day.
///
/// Those are written so that they use their indexes on any table. The planner is told so once more, and keeps one plan for
/// each of them: a new one for every batch costs more than the batch, and one that was made while a table was small reads
/// all of it when it has grown.
pub fn planned_once(options: PgConnectOptions) -> PgConnectOptions {
    options.options([
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("jit", "off"),
    ])
}

/// Whether the database answers.
pub async fn ping(db: &PgPool) -> sqlx::Result<()> {
    let mut conn = db.acquire().await?;
    sqlx::query_scalar!(r#"select 1 as "one!""#).fetch_one(&mut *conn).await?;
    Ok(())
}

/// The database's time.
pub async fn now(db: &PgPool) -> sqlx::Result<chrono::DateTime<chrono::Utc>> {
    let mut conn = db.acquire().await?;
    sqlx::query_scalar!(r#"select clock_timestamp() as "now!""#).fetch_one(&mut *conn).await
}
