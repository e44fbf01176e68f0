//! Statements, surfaces and stories on a real Postgres. Run with `make test`, which brings the database.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the helpers here are not test functions, and a test that cannot go on should stop"
)]

mod api_access;
mod api_app;
mod api_claim;
mod api_code_import;
mod api_delivery;
mod api_delivery_by_hand;
mod api_delivery_channel;
mod api_input;
mod api_limits;
mod api_member;
mod api_placement;
mod api_publishing;
mod api_redemption;
mod api_repetition;
mod api_stock_addition;
mod api_template;
mod audit;
mod audit_violations;
mod baidu_client;
mod baidu_client_replies;
mod baidu_client_simulated;
mod baidu_client_transport;
mod callback_corpus;
mod callback_privacy;
mod callback_tokens;
mod cli_deliveries;
mod cli_placement;
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
mod flow_importing;
mod flow_publishing;
mod flow_reply_in_doubt;
mod flow_rotation;
mod flow_stock_and_banners;
mod flow_two_servers;
mod flow_withdrawing;
mod front_page;
mod issuing_cancel;
mod issuing_commits;
mod issuing_faults;
mod issuing_model;
mod issuing_outages;
mod issuing_owed;
mod issuing_plans;
mod issuing_poison;
mod issuing_pressure;
mod issuing_promises;
mod reconcile_api;
mod reconcile_cli;
mod reconcile_figures;
mod reconcile_jobs;
mod reconcile_plan;
mod reconcile_templates;
mod secrets_apps;
mod secrets_privacy;
mod secrets_rotation;
mod secrets_start;
mod store_delivery_owe;
mod store_delivery_presence;
mod store_delivery_reads;
mod support;
