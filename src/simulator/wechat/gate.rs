//! Every request to WeChat's own surface: faults before, the call, faults after, the journal.

use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::bend::{self, Wire};
use super::dispatch;
use super::fault::CallFault;
use super::journal;
use super::request::Incoming;
use super::turn::Turn;
use super::world::World;

/// Answers any request to WeChat's own surface.
pub(super) async fn serve(Shared(world): Shared<Arc<World>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let mut incoming = Incoming::read(head, body).await;
    // From here to the answer nothing waits, so that a caller who goes away leaves no half effect.
    let (wire, after) = answer(&world, &mut incoming);
    wire.send(after).await
}

/// The call with its effect, its faults and its entry, all under one lock.
fn answer(world: &Arc<World>, incoming: &mut Incoming) -> (Wire, u64) {
    world.act(|state, now| {
        let path = incoming.path().to_owned();
        let fault = if state.down { None } else { state.aims.strike_call(&path) };
        let mut entry = journal::entry(now, incoming, fault);
        let token = incoming.parameter("access_token").unwrap_or_default().to_owned();
        entry.appid = state.app_of_token(&token, now).ok();
        let rid = state.rid(now);
        let wire = if state.down {
            entry.notes.push("WeChat is away".to_owned());
            Wire::never()
        } else if let Some(wire) = fault.and_then(|fault| bend::instead(fault, &rid)) {
            entry.answer.clone_from(&wire.body);
            let said: Option<Value> = serde_json::from_str(&wire.body).ok();
            entry.errcode = said.map_or(0, |said| errcode(&said));
            wire
        } else {
            if fault == Some(CallFault::TokenKilled) {
                state.tokens.remove(&token);
            }
            if fault == Some(CallFault::TicketRotated) {
                state.rotate_tickets(entry.appid.as_deref());
            }
            let call = path.trim_start_matches('/').to_owned();
            let mut turn = Turn { state, now, call, appid: String::new(), notes: Vec::new() };
            let answer = dispatch::answer(&mut turn, incoming);
            entry.appid = entry.appid.or(Some(turn.appid).filter(|appid| !appid.is_empty()));
            entry.notes = turn.notes;
            if let Some(body) = answer {
                entry.answer = journal::answered(&path, &body);
                entry.errcode = errcode(&body);
                bend::bent(fault, body)
            } else {
                Wire::text(StatusCode::NOT_FOUND, "text/html", "<h1>404 Not Found</h1>")
            }
        };
        entry.status = wire.arrives.then(|| wire.status.as_u16());
        state.journal.add(entry, world.settings.most_journal_kept);
        (wire, state.switches.answer_after_ms)
    })
}

fn errcode(body: &Value) -> i64 {
    body.get("errcode").and_then(Value::as_i64).unwrap_or(0)
}
