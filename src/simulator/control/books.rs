//! What the platform knows, to be read: wallets, records, figures, effects, journal, report.

use std::collections::BTreeSet;

use axum::extract::{RawQuery, State as Shared};
use serde_json::json;

use super::{Answer, Sim, Wrong, said};
use crate::simulator::fields::Fields;
use crate::simulator::state::RecordKey;

/// How many people the page is offered.
const MOST_PEOPLE: usize = 500;

fn fields(query: Option<String>) -> Result<Fields, Wrong> {
    Fields::from_form(&query.unwrap_or_default()).map_err(|_| Wrong::input("unreadable query"))
}

/// `?open_id=…`, and `&app_key=…` for one app alone.
pub(super) async fn wallet(Shared(world): Sim, RawQuery(query): RawQuery) -> Answer {
    let query = fields(query)?;
    let open_id = query.find("open_id").ok_or_else(|| Wrong::input("open_id is missing"))?;
    let mut wallet = world.wallet(open_id);
    if let Some(app_key) = query.find("app_key") {
        wallet.retain(|held| held.app_key == app_key);
    }
    said(&wallet)
}

/// Everybody's coupons by open id.
pub(super) async fn wallets(Shared(world): Sim) -> Answer {
    said(&world.wallets())
}

/// `?app_key=…`: some of the people who signed in to the app, took, or hold something of it.
pub(super) async fn people(Shared(world): Sim, RawQuery(query): RawQuery) -> Answer {
    let query = fields(query)?;
    let app_key = query.find("app_key").ok_or_else(|| Wrong::input("app_key is missing"))?;
    let state = world.lock();
    let known = state.people.get(app_key).into_iter().flatten();
    let theirs = |keys: &Vec<RecordKey>| keys.iter().any(|(app, _)| app == app_key);
    let holders = state.records_of.iter().filter(|(_, keys)| theirs(keys)).map(|(id, _)| id);
    let all: BTreeSet<&String> = known.chain(holders).collect();
    said(&all.into_iter().take(MOST_PEOPLE).collect::<Vec<_>>())
}

/// Every record, with or without a coupon.
pub(super) async fn records(Shared(world): Sim) -> Answer {
    said(&world.records())
}

/// Every banner, deleted ones included.
pub(super) async fn banners(Shared(world): Sim) -> Answer {
    said(&world.banners())
}

/// What happened to each template on each day.
pub(super) async fn figures(Shared(world): Sim) -> Answer {
    said(&world.figures())
}

/// The effects ledger as a list: JSON names must be texts.
pub(super) async fn effects(Shared(world): Sim) -> Answer {
    let all = world.lock().effects.all();
    let rows = all.into_iter().map(|(identity, tally)| {
        json!({
            "kind": identity.kind, "app_key": identity.app_key, "name": identity.name,
            "applied": tally.applied, "repeated": tally.repeated, "refused": tally.refused,
        })
    });
    said(&rows.collect::<Vec<_>>())
}

/// `?call=…&after=…&last=…`: one kind of call, after an entry's number, only so many of the last.
pub(super) async fn journal(Shared(world): Sim, RawQuery(query): RawQuery) -> Answer {
    let query = fields(query)?;
    let number = |name: &str| match query.find(name).map(str::parse::<u64>) {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => Err(Wrong::input(format!("{name} is not a number"))),
    };
    let (after, last) = (number("after")?.unwrap_or(0), number("last")?);
    let mut entries = world.lock().journal.after(after, query.find("call"));
    if let Some(last) = last.and_then(|last| usize::try_from(last).ok()) {
        entries.drain(..entries.len().saturating_sub(last));
    }
    said(&entries)
}

/// Every call to a developer.
pub(super) async fn transcript(Shared(world): Sim) -> Answer {
    said(&world.lock().transcript)
}

/// What was not as documented.
pub(super) async fn report(Shared(world): Sim) -> Answer {
    said(&world.lock().report)
}
