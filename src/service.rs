//! Use cases, one per file; each owns its transaction and happens at one moment.

pub mod route;
pub mod secret;
pub mod source;
