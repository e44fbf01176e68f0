//! What the tests stand on.

pub mod admin;
pub mod audit;
pub mod books;
pub mod database;
pub mod engine;
pub mod log;
pub mod plans;
pub mod plant;
pub mod proxy;
pub mod sabotage;
pub mod volume;
