//! The merchant's own systems, told of what happens in the form of the Standard Webhooks specification.

pub mod address;
pub mod client;
pub mod sign;
pub mod target;
