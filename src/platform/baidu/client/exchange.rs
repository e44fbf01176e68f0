//! One request and its reply: the address is checked, the reply is read up to a limit, and its envelope is opened.

use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, Method, header};
use reqwest::{Response, multipart::Form};
use serde_json::Value;
use url::Url;

use super::Client;
use crate::{
    outgoing::{
        address,
        answer::{Answer, Heard, retry_after},
        parameters::Parameters,
        transport::{NoAnswer, Unsent},
    },
    platform::baidu::{
        call::Call,
        envelope::{self, Shape},
        error::{CallError, Failure, Garble},
    },
};

/// More than any reply needs; a page of fifty templates has a tenth of it.
const MOST_REPLY: usize = 1024 * 1024;
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What goes out.
pub(super) struct Request<'a> {
    pub call: Call,
    pub method: Method,
    pub base: &'a Url,
    pub query: Parameters,
    pub body: Body,
    pub shape: Shape<'a>,
    /// What is blanked in the answer before anybody keeps it.
    pub secrets: &'a [&'a str],
}

pub(super) enum Body {
    Empty,
    /// No body either, but the content type of a form, as documented for `getsessionkey`.
    EmptyForm,
    Form(Parameters),
    Json(Value),
    Upload(Form),
}

/// A reply as it came.
struct Raw {
    status: u16,
    headers: HeaderMap,
    body: Result<Vec<u8>, Garble>,
}

impl Client {
    /// Sends the request once and opens what comes back.
    pub(super) async fn exchange(&self, request: Request<'_>) -> Result<Heard<Value>, CallError> {
        let (call, shape, secrets) = (request.call, request.shape, request.secrets);
        let begun = Instant::now();
        let sent = self.send(request).await;
        let took = begun.elapsed();
        let raw = match sent {
            Ok(raw) => raw,
            Err(failure) => {
                tracing::debug!(?call, "A call brought no answer: {failure}");
                return Err(CallError::new(call, failure, took));
            }
        };
        tracing::debug!(?call, status = raw.status, ?took, "Baidu answered");
        hear(call, shape, secrets, &raw, took)
    }

    async fn send(&self, request: Request<'_>) -> Result<Raw, Failure> {
        let refused = |refusal| Failure::NotSent(Unsent::Address(refusal));
        address::check_base(request.base).map_err(refused)?;
        let mut url = request.base.clone();
        url.set_path(&format!("{}{}", url.path().trim_end_matches('/'), request.call.path()));
        let query = request.query.into_text();
        url.set_query((!query.is_empty()).then_some(query.as_str()));

        let patience = match request.body {
            Body::Upload(_) => self.upload_timeout,
            Body::Empty | Body::EmptyForm | Body::Form(_) | Body::Json(_) => self.call_timeout,
        };
        let is_post = request.method == Method::POST;
        let builder = self.http.request(request.method, url).timeout(patience);
        let builder = match request.body {
            Body::Empty if is_post => builder.header(header::CONTENT_LENGTH, 0),
            Body::Empty => builder,
            Body::EmptyForm => {
                builder.header(header::CONTENT_LENGTH, 0).header(header::CONTENT_TYPE, FORM)
            }
            Body::Form(form) => builder.header(header::CONTENT_TYPE, FORM).body(form.into_text()),
            Body::Json(json) => builder.header(header::CONTENT_TYPE, JSON).body(json.to_string()),
            Body::Upload(form) => builder.multipart(form),
        };
        let reply = builder.send().await.map_err(NoAnswer::from)?;
        read(reply).await
    }
}

/// Reads a reply chunk by chunk, so that one without end is let go at its limit.
async fn read(mut reply: Response) -> Result<Raw, Failure> {
    let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
    let plain = headers.get(header::CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
    if !plain {
        return Ok(Raw { status, headers, body: Err(Garble::Compressed) });
    }
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(NoAnswer::from)? {
        if body.len() + chunk.len() > MOST_REPLY {
            return Ok(Raw { status, headers, body: Err(Garble::TooLong) });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Raw { status, headers, body: Ok(body) })
}

fn hear(
    call: Call,
    shape: Shape<'_>,
    secrets: &[&str],
    raw: &Raw,
    took: Duration,
) -> Result<Heard<Value>, CallError> {
    let status = raw.status;
    let opened = match &raw.body {
        Ok(body) => envelope::open(shape, status, body),
        // A status that is an answer by itself still is one.
        Err(_) if !(200..300).contains(&status) => Err(Failure::Http { status }),
        Err(garble) => Err(Failure::Decode(*garble)),
    };
    let is_error_envelope = matches!(
        opened,
        Err(Failure::Gateway { .. } | Failure::OAuth { .. } | Failure::Business { .. })
    );
    let answer = match &raw.body {
        Ok(_) if call.answers_with_a_secret() && !is_error_envelope => Answer::withheld(),
        Ok(body) => Answer::keep(body, secrets),
        Err(_) => Answer::default(),
    };
    match opened {
        Ok(value) => Ok(Heard { value, status, answer, took }),
        Err(failure) => {
            let asked = raw.headers.get(header::RETRY_AFTER).and_then(|asked| asked.to_str().ok());
            let asked = asked.and_then(retry_after);
            Err(CallError::new(call, failure, took).with_answer(status, asked, answer))
        }
    }
}

/// Takes a second look at a success; what does not fit is an answer that cannot be understood.
pub(super) fn read_as<T>(
    call: Call,
    heard: Heard<Value>,
    look: impl FnOnce(Value) -> Result<T, Garble>,
) -> Result<Heard<T>, CallError> {
    let Heard { value, status, answer, took } = heard;
    let rest = Heard { value: (), status, answer, took };
    match look(value) {
        Ok(value) => Ok(rest.map(|()| value)),
        Err(garble) => Err(CallError::of_heard(call, garble, &rest)),
    }
}
