//! What the tests stand on.

pub mod admin;
pub mod audit;
pub mod books;
pub mod call;
pub mod campaign_offer;
pub mod corpus;
pub mod counter;
pub mod crash_load;
pub mod crash_scene;
pub mod database;
pub mod engine;
pub mod letter;
pub mod log;
pub mod plans;
pub mod plant;
pub mod proxy;
pub mod raw_http;
pub mod recount;
pub mod sabotage;
pub mod serve;
pub mod test_app;
pub mod volume;
