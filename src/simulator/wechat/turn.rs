//! One call under way: the state it may change, the moment it came, and what was odd about it.

use chrono::{DateTime, Utc};

use super::card::{Card, CardStatus};
use super::effects::EffectKind;
use super::fields::Fields;
use super::state::State;
use super::trouble::Trouble;

/// Everything a call may see and change; the lock is held for exactly one call.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    pub state: &'a mut State,
    pub now: DateTime<Utc>,
    /// How reports, faults and the journal name the call: its path without the first slash.
    pub call: String,
    /// Whose token it is; empty until that is known.
    pub appid: String,
    /// What the journal says about the call besides its parameters and its answer.
    pub notes: Vec<String>,
}

impl Turn<'_> {
    pub fn is_strict(&self) -> bool {
        self.state.switches.strict
    }

    /// Counts a departure from the documents that is let through.
    pub fn tolerate(&mut self, what: &str) {
        self.state.report.deviation(&format!("{}: {what}", self.call));
        self.notes.push(what.to_owned());
    }

    /// Counts the fields that no document names.
    pub fn note_undocumented(&mut self, fields: &Fields<'_>, known: &[&str]) {
        for name in fields.map.keys().filter(|name| !known.contains(&name.as_str())) {
            let path = fields.path_of(name);
            self.state.report.undocumented(&self.call, &path);
            self.notes.push(format!("undocumented field {path}"));
        }
    }

    /// A card of this account; deleted ones too.
    pub fn card(&self, card_id: &str) -> Result<&Card, Trouble> {
        let card = self.state.cards.get(card_id);
        card.filter(|card| card.appid == self.appid).ok_or_else(Trouble::no_card)
    }

    pub fn card_mut(&mut self, card_id: &str) -> Result<&mut Card, Trouble> {
        let card = self.state.cards.get_mut(card_id);
        card.filter(|card| card.appid == self.appid).ok_or_else(Trouble::no_card)
    }

    /// A card of this account that is not deleted.
    pub fn living_card(&self, card_id: &str) -> Result<&Card, Trouble> {
        self.card(card_id)
            .ok()
            .filter(|c| c.status != CardStatus::Delete)
            .ok_or_else(Trouble::no_card)
    }

    /// Enters what came of a thing that cannot be undone.
    pub fn tally<T>(&mut self, kind: EffectKind, name: &str, came: &Result<T, Trouble>) {
        let appid = self.appid.clone();
        self.state.effects.note(kind, &appid, name, came.is_ok());
    }
}
