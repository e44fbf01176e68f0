//! Use cases, one per file; each owns its transaction and happens at one moment.

pub mod secret;
