//! One call under way: the state it may change, the moment it came, and what was odd about it.

use chrono::{DateTime, Utc};

use super::Settings;
use super::effects::{Came, EffectKind, Identity};
use super::reply::Trouble;
use super::report::Violation;
use super::state::State;

/// Everything a call may see and change; the lock is held for exactly one call.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    pub state: &'a mut State,
    pub settings: &'a Settings,
    pub now: DateTime<Utc>,
    /// Whose token it is; empty until that is known.
    pub app_key: String,
    /// What the journal says about the call besides its parameters and its answer.
    pub notes: Vec<String>,
}

impl<'a> Turn<'a> {
    pub fn new(state: &'a mut State, settings: &'a Settings, now: DateTime<Utc>) -> Self {
        Self { state, settings, now, app_key: String::new(), notes: Vec::new() }
    }

    /// Counts a departure from the documents, and refuses it when strict.
    pub fn depart(&mut self, what: &str) -> Result<(), Trouble> {
        self.tolerate(what);
        if self.state.switches.strict {
            return Err(Trouble::parameter(format!("strict: {what}")));
        }
        Ok(())
    }

    /// Counts a departure from the documents that a switch lets through or that is refused anyway.
    pub fn tolerate(&mut self, what: &str) {
        self.state.report.deviation(what);
        self.notes.push(what.to_owned());
    }

    /// Tells the journal where the documents are silent and a choice was made; no departure.
    pub fn undocumented(&mut self, what: &str) {
        self.notes.push(format!("undocumented: {what}"));
    }

    /// Whether the app is one of the record's, the template's or the banner's.
    pub fn owns(&self, app_key: &str) -> bool {
        self.app_key == app_key
    }

    /// Enters what came of a thing that must happen once.
    pub fn tally(&mut self, kind: EffectKind, name: &str, came: &Result<Came, Trouble>) {
        let came = came.as_ref().copied().unwrap_or(Came::Refused);
        let identity = Identity { kind, app_key: self.app_key.clone(), name: name.to_owned() };
        let applied = self.state.effects.note(identity.clone(), came);
        // A template may be made again once the earlier one is gone; `create` looks after that.
        if came == Came::Applied && applied > 1 && kind != EffectKind::Template {
            self.happened_twice(identity);
        }
    }

    /// Enters the broken promise.
    pub fn happened_twice(&mut self, identity: Identity) {
        let Identity { kind, app_key, name } = identity;
        self.state.report.violations.push(Violation::AppliedTwice { effect: kind, app_key, name });
    }
}
