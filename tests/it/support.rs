//! What the tests stand on.

pub mod audit;
pub mod database;
