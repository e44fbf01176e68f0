//! What the tests stand on.

pub mod books;
pub mod database;
pub mod engine;
pub mod plans;
pub mod plant;
pub mod proxy;
pub mod sabotage;
pub mod volume;
