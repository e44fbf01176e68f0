//! What is wrong with something a person wrote: all of it at once, each with the place where it stands.

use schemars::JsonSchema;
use serde::Serialize;

/// One thing to mend in an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ProblemItem")]
pub struct Problem {
    /// The field, with dots into nested ones.
    pub param: &'static str,
    /// What is expected there.
    pub message: String,
}

/// Collects problems so that the writer hears of all of them together.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a problem unless `holds`.
    pub fn expect(&mut self, holds: bool, param: &'static str, message: impl Into<String>) {
        if !holds {
            self.0.push(Problem { param, message: message.into() });
        }
    }

    /// Notes what somebody else has found.
    pub fn join(&mut self, found: Result<(), Vec<Problem>>) {
        self.0.extend(found.err().unwrap_or_default());
    }

    /// The problems, or nothing when there are none.
    pub fn into_result(self) -> Result<(), Vec<Problem>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
