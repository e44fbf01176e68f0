//! What came of the cases.

use std::fmt;

use serde::Serialize;

/// All of them.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// In the order in which they were run.
    pub cases: Vec<Verdict>,
}

/// One case.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// The case.
    pub name: String,
    /// Where its rule stands.
    pub rule: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a case.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "outcome", content = "detail", rename_all = "snake_case")]
pub enum Outcome {
    /// The server does as the rule says.
    Passed,
    /// It could not be run, for this reason.
    Skipped(String),
    /// The server does something else.
    Differs(Difference),
}

/// The first step in which something differed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Difference {
    /// From 1; 0 when it was not begun.
    pub step: usize,
    /// The request, as it was sent.
    pub sent: String,
    /// The answer that the rule asks for.
    pub expected: String,
    /// The answer.
    pub came: String,
    /// Where the two are not the same.
    pub told: Vec<String>,
}

impl Difference {
    /// Something went wrong before there was an answer.
    pub fn of_case(error: &anyhow::Error) -> Self {
        Self { told: vec![format!("{error:#}")], ..Self::default() }
    }
}

impl Report {
    /// Whether the server does as every rule says that was tried.
    pub fn conforms(&self) -> bool {
        self.count(|outcome| matches!(outcome, Outcome::Differs(_))) == 0
    }

    fn count(&self, is: impl Fn(&Outcome) -> bool) -> usize {
        self.cases.iter().filter(|verdict| is(&verdict.outcome)).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let passed = self.count(|outcome| matches!(outcome, Outcome::Passed));
        let skipped = self.count(|outcome| matches!(outcome, Outcome::Skipped(_)));
        let differ = self.cases.len() - passed - skipped;
        write!(f, "{passed} as the rules say, {differ} not, {skipped} not tried")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, rule, outcome } = self;
        match outcome {
            Outcome::Passed => write!(f, "ok    {name} ({rule})"),
            Outcome::Skipped(why) => write!(f, "skip  {name} ({rule}): {why}"),
            Outcome::Differs(difference) => {
                write!(f, "DIFF  {name} ({rule}), step {}", difference.step)?;
                for told in &difference.told {
                    write!(f, "\n        {told}")?;
                }
                let Difference { sent, expected, came, .. } = difference;
                for (word, text) in [("sent", sent), ("expected", expected), ("came", came)] {
                    if !text.is_empty() {
                        write!(f, "\n      {word}: {text}")?;
                    }
                }
                Ok(())
            }
        }
    }
}
