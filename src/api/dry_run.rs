//! Changes that are asked about before they are made.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::foresight::Run;

/// The query of a change that platforms hear of.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DryRunQuery {
    /// Whether only what would come of it is told: the answer is that of the change, and nothing is kept.
    #[serde(default)]
    dry_run: bool,
}

impl DryRunQuery {
    /// What is to be done.
    pub const fn run(&self) -> Run {
        if self.dry_run { Run::Dry } else { Run::Real }
    }
}
