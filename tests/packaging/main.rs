//! The packaging tells the truth: what the container files, the set-up and the front pages name
//! exists, in the program, in the configuration and in the repository.
//!
//! Nothing here needs a database or changes the machine.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

mod cli;
mod config;
mod containers;
mod documents;
mod setup;

use std::fs;
use std::path::{Path, PathBuf};

/// A path inside the repository.
fn at(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The text of a file of the repository.
fn read(name: &str) -> String {
    fs::read_to_string(at(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
