//! Every SQL statement, one file per table family. Functions take a connection, so that the caller sees how long it is held.

pub mod api_key;
pub mod app;
pub mod callback_token;
pub mod code;
pub mod code_import;
pub mod member;
pub mod placement;
pub mod route;
pub mod stock;
pub mod stock_addition;
pub mod template;

/// All migrations, embedded; run at start.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// Whether a statement failed because it would have broken this constraint.
pub fn violates(error: &sqlx::Error, constraint: &str) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.constraint())
        == Some(constraint)
}
