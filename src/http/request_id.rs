//! A name for each request: in its reply, in its problem document and on its log lines.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use http::HeaderValue;
use tokio::task::JoinError;
use tracing::Instrument;
use uuid::Uuid;

use super::language::{self, Language};

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that is being answered, if one is.
pub fn current() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Runs `work` as a part of the request that is being answered, also when it outlives the task that began it.
fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let (id, language) = (current().unwrap_or_default(), language::current());
    CURRENT.scope(id, language.scope(work)).in_current_span()
}

/// Brings `work` to its end, also when the caller hangs up meanwhile; it stays a part of the request.
pub async fn to_its_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(carry(work)).await.map_err(JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The runtime is going away, and whoever waits here goes with it.
        Err(Err(_)) => std::future::pending().await,
    }
}

/// Middleware: names the request, ours whatever the caller sends, and opens its span.
///
/// The span has the route's pattern and never the URI, because callback addresses are secrets.
pub async fn name(request: Request, next: Next) -> Response {
    let id = format!("req_{}", Uuid::new_v4().simple());
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let span = tracing::info_span!(
        "http",
        request.id = id,
        http.method = %request.method(),
        http.route = route,
        actor = tracing::field::Empty,
        holder.id = tracing::field::Empty,
    );
    let header = HeaderValue::from_str(&id).ok();
    let language = Language::wanted(request.headers());
    let answering = async {
        let began = Instant::now();
        let response = next.run(request).await;
        let duration_ms = began.elapsed().as_millis();
        tracing::debug!(status = response.status().as_u16(), duration_ms, "answered");
        response
    };
    let mut response = CURRENT.scope(id, language.scope(answering).instrument(span)).await;
    if let Some(header) = header {
        response.headers_mut().insert("x-request-id", header);
    }
    response
}
