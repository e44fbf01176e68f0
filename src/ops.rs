//! What operators run beside the server: proofs and measurements.

pub mod audit;
pub mod bench;
pub mod conform;
pub mod demo;
pub mod doctor;
