//! What happened on which day: the statistics are counted from nothing else.

use chrono::{DateTime, NaiveDate, Utc};

use super::day;
use super::state::State;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    View,
    Receive,
    Verify,
    Given,
}

/// One thing that somebody did.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub what: What,
    pub day: NaiveDate,
    pub appid: String,
    pub card_id: String,
    pub openid: String,
}

impl State {
    pub fn note_fact(&mut self, now: DateTime<Utc>, what: What, card_id: &str, openid: &str) {
        let Some(card) = self.cards.get(card_id) else { return };
        self.facts.push(Fact {
            what,
            day: day::of(now),
            appid: card.appid.clone(),
            card_id: card_id.to_owned(),
            openid: openid.to_owned(),
        });
    }
}
