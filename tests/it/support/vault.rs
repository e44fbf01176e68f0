//! The master key of the tests.

use kaquan::{config::secrets::Secrets, vault::Vault};

/// A line of a file of keys; nobody else has this one.
pub const KEYS: &str = "1 a2FxdWFuLWthcXVhbi1rYXF1YW4ta2FxdWFuLWthcXU=";

pub fn secrets() -> Secrets {
    Secrets { master_keys: Some(KEYS.into()), ..Secrets::default() }
}

pub fn vault() -> Vault {
    Vault::open(&secrets(), None).unwrap()
}
