//! What an audit says: for people, for scripts, and as an exit code.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_with::{DurationMilliSeconds, serde_as};

use super::{MOST_EXAMPLES, check::Check};

/// The whole answer of one audit.
#[derive(Debug, Clone)]
pub struct AuditReport {
    /// One result for each check that was made.
    pub checks: Vec<CheckResult>,
    /// The moment that was judged by.
    pub snapshot_at: DateTime<Utc>,
    /// How many coupons were looked at.
    pub coupons: u64,
    /// From the first question to the last answer.
    pub took: Duration,
}

/// Whether one promise holds.
#[serde_as]
#[derive(Debug, Clone, Serialize)]
pub struct CheckResult {
    /// Stays the same over versions.
    #[serde(rename = "check")]
    pub name: &'static str,
    /// What holds when there are no violations.
    pub promise: &'static str,
    /// How many rows break it.
    pub violations: u64,
    /// Some of them, in words; never a code, an open id or a record.
    pub examples: Vec<String>,
    /// Why nobody looked; then nothing is known of the promise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed_over: Option<String>,
    /// How long the look at the data took, with all checks that shared it.
    #[serde(rename = "took_ms")]
    #[serde_as(as = "DurationMilliSeconds<u64>")]
    pub took: Duration,
}

/// How an audit ended; the number is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every promise holds.
    Clean = 0,
    /// At least one does not.
    Violations = 2,
    /// Nothing is known.
    CouldNotCheck = 3,
}

/// The last of the JSON lines.
#[serde_as]
#[derive(Serialize)]
struct Summary {
    outcome: Outcome,
    violations: u64,
    coupons: u64,
    snapshot_at: DateTime<Utc>,
    #[serde_as(as = "DurationMilliSeconds<u64>")]
    took_ms: Duration,
}

impl AuditReport {
    /// Whether every promise that was checked holds.
    pub fn is_clean(&self) -> bool {
        self.checks.iter().all(|check| check.violations == 0)
    }

    /// The names of the checks that found something.
    pub fn broken(&self) -> Vec<&'static str> {
        self.checks.iter().filter(|check| check.violations > 0).map(|check| check.name).collect()
    }

    /// One JSON object a line: each check, then how it all ended.
    ///
    /// # Errors
    /// Never for what an audit makes; the signature is that of the encoder.
    pub fn to_json_lines(&self) -> serde_json::Result<String> {
        let mut lines = String::new();
        for check in &self.checks {
            lines.push_str(&serde_json::to_string(check)?);
            lines.push('\n');
        }
        let summary = Summary {
            outcome: Outcome::of(&Ok::<_, ()>(self)),
            violations: self.checks.iter().map(|check| check.violations).sum(),
            coupons: self.coupons,
            snapshot_at: self.snapshot_at,
            took_ms: self.took,
        };
        lines.push_str(&serde_json::to_string(&summary)?);
        lines.push('\n');
        Ok(lines)
    }
}

impl Outcome {
    /// How an audit that answered like this ended.
    pub fn of<E>(answer: &Result<impl std::borrow::Borrow<AuditReport>, E>) -> Self {
        match answer {
            Ok(report) if report.borrow().is_clean() => Self::Clean,
            Ok(_) => Self::Violations,
            Err(_) => Self::CouldNotCheck,
        }
    }

    /// What the process ends with.
    pub const fn exit_code(self) -> u8 {
        self as u8
    }
}

/// One line for each check, its examples below it, and one line for the whole.
impl fmt::Display for AuditReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            if let Some(why) = &check.passed_over {
                writeln!(f, "? {:<30} Not looked at: {why}.", check.name)?;
                continue;
            }
            let mark = if check.violations == 0 { '✓' } else { '✗' };
            writeln!(f, "{mark} {:<30} {}", check.name, check.promise)?;
            for example in &check.examples {
                writeln!(f, "    {example}")?;
            }
            let hidden = check.violations.saturating_sub(check.examples.len() as u64);
            if hidden > 0 {
                writeln!(f, "    … and {hidden} more")?;
            }
        }
        let broken = self.broken().len();
        let verdict = if broken == 0 && self.checks.iter().any(|check| check.passed_over.is_some())
        {
            "every promise that was looked at holds".to_owned()
        } else if broken == 0 {
            "every promise holds".to_owned()
        } else {
            format!("{broken} of {} promises broken", self.checks.len())
        };
        write!(f, "{} coupons in {:.1} s: {verdict}", self.coupons, self.took.as_secs_f64())?;
        f.write_char('\n')
    }
}

/// What was found so far, while an audit runs.
#[derive(Debug)]
pub(super) struct Findings(BTreeMap<Check, CheckResult>);

impl Findings {
    /// Nothing found yet, for these checks.
    pub(super) fn of(checks: impl Iterator<Item = Check>) -> Self {
        let nothing = |check: Check| CheckResult {
            name: check.name(),
            promise: check.promise(),
            violations: 0,
            examples: Vec::new(),
            passed_over: None,
            took: Duration::ZERO,
        };
        Self(checks.map(|check| (check, nothing(check))).collect())
    }

    /// One more violation.
    pub(super) fn add(&mut self, check: Check, example: String) {
        self.add_all(check, Some(1), std::iter::once(example));
    }

    /// Nobody could look.
    pub(super) fn pass_over(&mut self, check: Check, why: String) {
        if let Some(result) = self.0.get_mut(&check) {
            result.passed_over = Some(why);
        }
    }

    /// `total` more violations, some of them in words.
    pub(super) fn add_all(
        &mut self,
        check: Check,
        total: Option<i64>,
        examples: impl Iterator<Item = String>,
    ) {
        let Some(result) = self.0.get_mut(&check) else {
            return;
        };
        result.violations += total.map_or(0, i64::unsigned_abs);
        let room = MOST_EXAMPLES.saturating_sub(result.examples.len());
        result.examples.extend(examples.take(room));
    }

    /// The look that these checks shared ends now.
    pub(super) fn time(&mut self, checks: &[Check], began: Instant) {
        for check in checks {
            if let Some(result) = self.0.get_mut(check) {
                result.took += began.elapsed();
            }
        }
    }

    /// The results, in the order of the checks.
    pub(super) fn into_results(self) -> Vec<CheckResult> {
        self.0.into_values().collect()
    }
}
