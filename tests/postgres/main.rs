//! The embedded Postgres on real clusters: starts, stops, and every way of being killed.
//!
//! Each test has a data folder of its own. Whatever is killed is a process that the test started,
//! or a child of one, found by its process id.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the helpers of a test are not test functions"
)]

mod demo;
mod kills;
mod measure;
mod owner;
mod scene;
mod starts;
mod strangers;
