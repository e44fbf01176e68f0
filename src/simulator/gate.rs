//! Every request to the platform's own surface: faults before, the call, faults after, the journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use chrono::{DateTime, Utc};

use super::bend::{self, Wire};
use super::calls;
use super::dispatch;
use super::fault::CallFault;
use super::fields::Fields;
use super::journal::{self, Entry};
use super::reply::Shape;
use super::sent::Incoming;
use super::state::World;
use super::turn::Turn;

const MOST_LINE: usize = 16 * 1024;

/// Answers any request to the platform's own surface.
pub(super) async fn serve(Shared(world): Shared<Arc<World>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let call = dispatch::name_of(head.uri.path());
    let line = head.method.as_str().len() + head.uri.to_string().len() + " \u{20}HTTP/1.1".len();
    let (down, fault) = world.met(call);
    if down || fault == Some(CallFault::Refuse) {
        let why = if down { "the platform is away" } else { "closed unread" };
        world.turned_away(&head, call, fault, why, &Wire::never());
        return Wire::never().send(0).await;
    }
    if line > MOST_LINE {
        world.lock().report.deviation("request line over 16 KiB");
        let wire = Wire::text(StatusCode::URI_TOO_LONG, "request line too long");
        world.turned_away(&head, call, fault, "request line over 16 KiB", &wire);
        return wire.send(0).await;
    }
    let incoming = Incoming::read(head, body).await;
    // From here to the answer nothing waits, so that a caller who goes away leaves no half effect.
    let (wire, after) = world.answer(call, fault, &incoming);
    wire.send(after).await
}

impl World {
    /// Whether the platform is away, and what goes wrong with this call otherwise.
    fn met(&self, call: &str) -> (bool, Option<CallFault>) {
        let mut state = self.lock();
        if state.down {
            return (true, None);
        }
        (false, state.aims.strike(call))
    }

    /// The call with its effect, its faults and its entry, all under one lock.
    fn answer(&self, call: &str, fault: Option<CallFault>, incoming: &Incoming) -> (Wire, u64) {
        let now = self.now();
        let mut guard = self.lock();
        let state = &mut *guard;
        let parameters = journal::parameters(incoming, call, &state.apps.values());
        let mut entry = entry(now, &incoming.head, call, fault, parameters);
        let token = Fields::only(incoming.query(), "access_token").unwrap_or_default();
        entry.app_key = state.app_of_token(&token, now).ok();
        if fault == Some(CallFault::TokenExpired) {
            state.tokens.remove(&token);
        }
        let shape = calls::at(incoming.head.uri.path()).map_or(Shape::DATA, |call| call.shape);
        let shape = shape.switched(&state.switches, call);
        let wire = if let Some(wire) = fault.and_then(|fault| bend::instead(fault, shape)) {
            entry.answer = String::from_utf8_lossy(&wire.body).into_owned();
            wire
        } else {
            let mut turn = Turn::new(state, &self.settings, now);
            let answer = dispatch::answer(&mut turn, incoming);
            entry.app_key = entry.app_key.or(Some(turn.app_key).filter(|key| !key.is_empty()));
            entry.notes = turn.notes;
            entry.answer = journal::answered(call, &answer);
            bend::bent(fault, answer)
        };
        entry.status = wire.arrives().then(|| wire.status.as_u16());
        state.journal.add(entry, self.settings.most_journal_kept);
        (wire, state.switches.answer_after_ms)
    }

    /// Enters a request whose body was never read.
    fn turned_away(
        &self,
        head: &Parts,
        call: &str,
        fault: Option<CallFault>,
        why: &str,
        wire: &Wire,
    ) {
        let now = self.now();
        let mut state = self.lock();
        let mut entry = entry(now, head, call, fault, BTreeMap::new());
        entry.notes.push(why.to_owned());
        entry.status = wire.arrives().then(|| wire.status.as_u16());
        state.journal.add(entry, self.settings.most_journal_kept);
    }
}

fn entry(
    at: DateTime<Utc>,
    head: &Parts,
    call: &str,
    fault: Option<CallFault>,
    parameters: BTreeMap<String, String>,
) -> Entry {
    let path: String = head.uri.path().chars().take(200).collect();
    Entry {
        number: 0,
        at,
        call: call.to_owned(),
        line: format!("{} {path}", head.method),
        app_key: None,
        parameters,
        status: None,
        answer: String::new(),
        fault,
        notes: Vec::new(),
    }
}
