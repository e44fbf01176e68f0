//! What stands before every handler, from the outside in: who calls (`auth`), how often (`limits`), what behind the
//! question mark nobody reads, whether the same was asked before (`repetition`), and what is written down (`history`).

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};

use super::{ApiState, route::Route};
use crate::{
    domain::access::Actor,
    http::{code::Code, error::ApiError},
    service::{authenticate::Caller, mini_session::Visitor},
};

/// One route with what the handlers share.
#[derive(Clone)]
pub struct Door {
    /// The same for all.
    pub state: ApiState,
    /// The one that is asked.
    pub route: &'static Route,
}

/// Who the guard has found at the door; nobody where it asks nothing.
pub fn actor(request: &Request) -> Option<Actor> {
    let extensions = request.extensions();
    let caller = extensions.get::<Caller>().map(|caller| caller.actor);
    caller.or_else(|| extensions.get::<Visitor>().map(|visitor| Actor::Holder(visitor.own)))
}

/// Middleware: refuses parameters where the handler reads none.
pub async fn refuse_unread_query(
    State(door): State<Door>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let query = request.uri().query().unwrap_or_default();
    let first = url::form_urlencoded::parse(query.as_bytes()).next();
    if let Some((name, _)) = first
        && !door.route.takes_query()
    {
        let detail = format!("`{name}` is not a parameter of this address");
        return Err(ApiError::refused(Code::InvalidQuery, detail).at(name.into_owned()));
    }
    Ok(next.run(request).await)
}
