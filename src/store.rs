//! Every SQL statement, one file per table family. Functions take a connection, so that the caller sees how long it is held.

pub mod audit;

/// All migrations, embedded; run at start.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
