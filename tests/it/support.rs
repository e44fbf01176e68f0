//! What the tests stand on.

pub mod admin;
pub mod audit;
pub mod books;
pub mod campaign_offer;
pub mod command;
pub mod corpus;
pub mod crash_load;
pub mod crash_scene;
pub mod database;
pub mod delivery_chaos;
pub mod delivery_scene;
pub mod delivery_servers;
pub mod delivery_stub;
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
pub mod vault;
pub mod volume;
