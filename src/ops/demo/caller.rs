//! Somebody who calls kaquan over HTTP, as a merchant's server or a mini-program does.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

/// A client of the API with what it shows of itself.
#[derive(Clone)]
pub struct Caller {
    http: reqwest::Client,
    base: String,
    /// A key or a session's token.
    bearer: Option<String>,
}

/// How often an answer is waited for, ten times a second.
pub const LOOKS: u32 = 600;

impl Caller {
    /// Nobody yet, at a server.
    pub fn nobody(http: reqwest::Client, base: String) -> Self {
        Self { http, base, bearer: None }
    }

    /// The same client, for whoever has this key or token.
    pub fn with(&self, bearer: String) -> Self {
        Self { bearer: Some(bearer), ..self.clone() }
    }

    /// What is there.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let (status, answer) = self.ask(self.request(Method::GET, path)).await?;
        fine(path, status, answer)
    }

    /// A call that must succeed.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let (status, answer) = self.ask(self.request(method, path).json(body)).await?;
        fine(path, status, answer)
    }

    /// A call whose "no" is of interest too.
    pub async fn try_post(
        &self,
        path: &str,
        idempotency_key: Option<&str>,
        body: &Value,
    ) -> anyhow::Result<(StatusCode, Value)> {
        for _ in 0..LOOKS {
            let mut request = self.request(Method::POST, path).json(body);
            if let Some(key) = idempotency_key {
                request = request.header("Idempotency-Key", key);
            }
            let (status, answer) = self.ask(request).await?;
            // "Try again", and that is safe.
            if status != StatusCode::SERVICE_UNAVAILABLE {
                return Ok((status, answer));
            }
            pause().await;
        }
        bail!("{path}: busy for a minute")
    }

    /// A request that is not yet sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.bearer {
            Some(bearer) => request.bearer_auth(bearer),
            None => request,
        }
    }

    /// Sends it.
    pub async fn ask(&self, request: RequestBuilder) -> anyhow::Result<(StatusCode, Value)> {
        let response = request.send().await?;
        Ok((response.status(), response.json().await?))
    }
}

/// The answer, if it is one of success.
pub fn fine(path: &str, status: StatusCode, answer: Value) -> anyhow::Result<Value> {
    if status.is_success() {
        return Ok(answer);
    }
    bail!("{path}: {status}: {answer}")
}

/// A field that must be there.
pub fn text(answer: &Value, field: &str) -> anyhow::Result<String> {
    let text = answer[field].as_str().map(str::to_owned);
    text.with_context(|| format!("an answer without `{field}`"))
}

/// A moment before the next look.
#[expect(clippy::disallowed_methods, reason = "the merchant asks again a little later")]
pub async fn pause() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}
