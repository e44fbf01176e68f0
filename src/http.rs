//! What every surface shares: how errors look, how inputs are read, how requests are told apart in logs.

pub mod error;
pub mod extract;
pub mod page;
pub mod request_id;
pub mod strict_json;
