//! The simulator against a small developer of its own: every fault, every refusal, no database.
#![expect(clippy::unwrap_used, reason = "a stage that cannot be set fails its test")]

mod control;
mod developer;
mod faults;
mod stage;
mod surface;
mod takes;
mod token;
