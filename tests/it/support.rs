//! What the tests stand on.

pub mod books;
pub mod database;
pub mod engine;
pub mod plant;
pub mod proxy;
pub mod sabotage;
