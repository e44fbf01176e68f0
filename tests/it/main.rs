//! Statements, surfaces and stories on a real Postgres. Run with `make test`, which brings the database.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are not test functions")]

mod callback_corpus;
mod callback_privacy;
mod callback_tokens;
mod crash_kill;
mod flow_baidu_take;
mod flow_two_servers;
mod issuing_promises;
mod support;
