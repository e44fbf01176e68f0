//! The rules: pure and synchronous. No I/O, no clock, no logging; time and randomness come in as arguments.

pub mod access;
pub mod app;
pub mod audience;
pub mod banner;
pub mod benefit;
pub mod channel;
pub mod claim;
pub mod code;
pub mod coupon;
pub mod csv;
pub mod day;
pub mod delivery;
pub mod event;
pub mod id;
pub mod imported_terms;
pub mod people;
pub mod placement;
pub mod problem;
pub mod reconciliation;
pub mod redemption;
pub mod statistics;
pub mod stock;
pub mod template;
pub mod terms;
pub mod validity;
