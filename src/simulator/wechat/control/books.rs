//! What is read under `/__sim`: apps, people, cards, wallets, effects, pushes, calls, the report.

use axum::extract::{RawQuery, State as Shared};
use serde_json::json;

use super::super::card::Card;
use super::{Answer, Sim, parameter, said, wrong};

/// How many people the page is offered.
const MOST_PEOPLE: usize = 500;

/// Every app with what a developer needs to use it.
pub(super) async fn apps(Shared(world): Sim) -> Answer {
    said(&world.lock().apps.values().collect::<Vec<_>>())
}

pub(super) async fn people(Shared(world): Sim) -> Answer {
    said(&world.lock().people.values().take(MOST_PEOPLE).collect::<Vec<_>>())
}

/// Every card, oldest first.
pub(super) async fn cards(Shared(world): Sim) -> Answer {
    let state = world.lock();
    let mut cards: Vec<&Card> = state.cards.values().collect();
    cards.sort_by_key(|card| (card.created, &card.card_id));
    said(&cards.into_iter().map(Card::inside).collect::<Vec<_>>())
}

/// `?person=…`.
pub(super) async fn wallet(Shared(world): Sim, query: RawQuery) -> Answer {
    let person = parameter(&query, "person").ok_or_else(|| wrong("person is missing"))?;
    said(&world.act(|state, now| state.held(Some(&person), now)))
}

/// Everybody's coupons in one list.
pub(super) async fn wallets(Shared(world): Sim) -> Answer {
    said(&world.act(|state, now| state.held(None, now)))
}

/// The effects ledger as a list: JSON names must be texts.
pub(super) async fn effects(Shared(world): Sim) -> Answer {
    let all = world.lock().effects.all();
    let rows = all.into_iter().map(|(identity, tally)| {
        json!({
            "kind": identity.kind, "appid": identity.appid, "name": identity.name,
            "applied": tally.applied, "refused": tally.refused,
        })
    });
    said(&rows.collect::<Vec<_>>())
}

fn number(query: &RawQuery, name: &str) -> Option<u64> {
    parameter(query, name)?.parse().ok()
}

/// `?after=…&last=…&event=…`.
pub(super) async fn pushes(Shared(world): Sim, query: RawQuery) -> Answer {
    let after = number(&query, "after").unwrap_or(0);
    let event = parameter(&query, "event");
    let state = world.lock();
    let wanted = state.outbox.all.iter().filter(|push| {
        push.number > after && event.as_ref().is_none_or(|event| push.event == *event)
    });
    said(&last(wanted.collect(), &query))
}

/// `?after=…&last=…&path=…`.
pub(super) async fn calls(Shared(world): Sim, query: RawQuery) -> Answer {
    let after = number(&query, "after").unwrap_or(0);
    let path = parameter(&query, "path");
    said(&last(world.lock().journal.after(after, path.as_deref()), &query))
}

fn last<T>(mut entries: Vec<T>, query: &RawQuery) -> Vec<T> {
    if let Some(last) = number(query, "last").and_then(|last| usize::try_from(last).ok()) {
        entries.drain(..entries.len().saturating_sub(last));
    }
    entries
}

/// What was not as documented.
pub(super) async fn report(Shared(world): Sim) -> Answer {
    said(&world.lock().report)
}
