//! What operators run beside the server.

pub mod bench;
