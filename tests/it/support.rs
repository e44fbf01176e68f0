//! What the tests stand on.

pub mod campaign_offer;
pub mod corpus;
pub mod crash_load;
pub mod crash_scene;
pub mod database;
pub mod engine;
pub mod letter;
pub mod plant;
pub mod raw_http;
pub mod recount;
pub mod serve;
pub mod test_app;
