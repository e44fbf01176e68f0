//! The edge that api, console, platforms and gateways share: listener, extractors, errors.

pub mod arrival;
pub mod client_address;
pub mod code;
pub mod error;
pub mod extract;
pub mod language;
pub mod listener;
pub mod page;
pub mod request_id;
pub mod strict_json;
