//! Statements, surfaces and stories on a real Postgres. Run with `make test`, which brings the database.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the helpers here are not test functions, and a test that cannot go on should stop"
)]

mod api_access;
mod api_app;
mod api_code_import;
mod api_input;
mod api_member;
mod api_placement;
mod api_stock_addition;
mod api_template;
mod audit;
mod callback_corpus;
mod callback_privacy;
mod callback_tokens;
mod crash_kill;
mod delivery_basics;
mod delivery_claims;
mod delivery_doubts;
mod delivery_faults;
mod delivery_kill;
mod delivery_order;
mod delivery_retries;
mod delivery_secrets;
mod delivery_tokens;
mod delivery_workers;
mod flow_baidu_take;
mod flow_two_servers;
mod front_page;
mod issuing_cancel;
mod issuing_commits;
mod issuing_faults;
mod issuing_model;
mod issuing_outages;
mod issuing_plans;
mod issuing_poison;
mod issuing_pressure;
mod issuing_promises;
mod secrets_apps;
mod secrets_privacy;
mod secrets_rotation;
mod secrets_start;
mod support;
