//! What a platform would say of what it is about to be told: asked before anything is owed to it.

use serde_json::Value;

use super::{app::PlatformKind, problem::Problem, terms::Terms};

/// A placement as its platform is to show it.
#[derive(Debug, Clone, Copy)]
pub struct Showing<'a> {
    /// What is placed.
    pub terms: &'a Terms,
    /// The settings of the app.
    pub app: &'a Value,
    /// The settings of the placement.
    pub placement: &'a Value,
}

/// What a platform is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Which.
    pub platform: PlatformKind,
    /// What it is about to be told.
    pub now: Showing<'a>,
    /// What it was told last; `None` while it was told nothing, or nobody knows.
    pub told: Option<Showing<'a>>,
    /// For a placement that it does not know yet: how many could be taken.
    pub left: Option<i64>,
}

/// Whether a change is made, or only what it would come to is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// It is made.
    Real,
    /// Nothing is kept.
    Dry,
}

/// What telling it will come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Foresight {
    /// What its reviewers will look at anew; until they have, nobody can take any.
    pub review: Vec<&'static str>,
    /// What it would not take any more, because it never changes once it is there.
    pub untellable: Vec<Problem>,
}

/// The platform's answer; an error when it could not show this at all.
pub type Lint = fn(&Question<'_>) -> Result<Foresight, Vec<Problem>>;
