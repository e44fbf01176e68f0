//! kaquan (卡券): the coupon backend that a merchant runs on its own server.
//!
//! The rooms and the direction of imports are described in `docs/architecture.md`;
//! `tests/architecture` checks them.

pub mod api;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod domain;
pub mod gateway;
pub mod http;
pub mod issuing;
pub mod ops;
pub mod outgoing;
pub mod platform;
pub mod postgres;
pub mod service;
pub mod simulator;
pub mod store;
pub mod telemetry;
pub mod vault;
