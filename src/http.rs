//! The edge that api, console, platforms and gateways share: listener, extractors, errors.

pub mod client_address;
pub mod listener;
