//! What commands print. A reader that goes away early is no reason to fail.

use std::{
    fmt::Display,
    io::{self, Write},
};

use serde::Serialize;

use crate::domain::problem::Problem;

/// A line for the caller.
pub fn say(line: impl Display) {
    let _reader_gone = writeln!(io::stdout().lock(), "{line}");
}

/// A line for the person at the terminal, when the output may be read by a machine.
pub fn note(line: impl Display) {
    let _reader_gone = writeln!(io::stderr().lock(), "{line}");
}

/// What went wrong.
pub fn complain(line: &impl Display) {
    let _reader_gone = writeln!(io::stderr().lock(), "kaquan: {line}");
}

/// One JSON document on a line.
pub fn say_json(value: &impl Serialize) -> anyhow::Result<()> {
    say(serde_json::to_string(value)?);
    Ok(())
}

/// What is wrong with an input, on one line.
pub fn listed(problems: &[Problem]) -> String {
    let problems = problems.iter().map(|one| format!("{}: {}", one.param, one.message));
    problems.collect::<Vec<_>>().join("; ")
}
