//! One request and its reply: the address is checked, the reply is read up to a limit, and looked at twice: whether it is a
//! success, and whether it shows what was asked for.

use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, header};
use reqwest::{Response, multipart::Form};
use serde_json::Value;

use super::{Account, Client, patience::patiently};
use crate::{
    outgoing::{
        address,
        answer::{Answer, Heard, retry_after},
        parameters::Parameters,
        secret::AccessToken,
        transport::{NoAnswer, Unsent},
    },
    platform::wechat::{
        call::Call,
        envelope::{self, Opened},
        error::{CallError, Failure, Garble},
        private,
    },
};

/// More than any reply needs.
const MOST_REPLY: usize = 1024 * 1024;
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What goes out.
pub(super) struct Request<'a> {
    pub call: Call,
    pub account: Account<'a>,
    pub query: Parameters,
    pub body: Body,
    /// What is blanked in the answer before anybody keeps it.
    pub secrets: &'a [&'a str],
}

pub(super) enum Body {
    Empty,
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
    /// A call that carries a token and a body of JSON, made again while WeChat is busy, and what is read of its reply.
    /// Besides the token, `people` is what the answer must not keep.
    pub(super) async fn ask<T>(
        &self,
        call: Call,
        account: Account<'_>,
        token: &AccessToken,
        body: Value,
        people: &[&str],
        look: impl Fn(&Opened) -> Result<T, Garble>,
    ) -> Result<Heard<T>, CallError> {
        let secrets = &[&[token.expose()], people].concat();
        patiently(call, || {
            let (query, body) = (of_token(token), Body::Json(body.clone()));
            self.exchange(Request { call, account, query, body, secrets }, &look)
        })
        .await
    }

    /// Sends the request once and reads what comes back; what does not fit is an answer that cannot be understood.
    pub(super) async fn exchange<T>(
        &self,
        request: Request<'_>,
        look: impl FnOnce(&Opened) -> Result<T, Garble>,
    ) -> Result<Heard<T>, CallError> {
        let (call, secrets) = (request.call, request.secrets);
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
        tracing::debug!(?call, status = raw.status, ?took, "WeChat answered");
        let heard = hear(call, secrets, &raw, took)?;
        match look(&heard.value) {
            Ok(value) => Ok(heard.map(|_| value)),
            Err(garble) => Err(CallError::of_heard(call, garble, &heard)),
        }
    }

    async fn send(&self, request: Request<'_>) -> Result<Raw, Failure> {
        let Request { call, account, query, body, .. } = request;
        let refused = |refusal| Failure::NotSent(Unsent::Address(refusal));
        address::check_base(account.api).map_err(refused)?;
        let mut url = account.api.clone();
        url.set_path(&format!("{}{}", url.path().trim_end_matches('/'), call.path()));
        let query = query.into_text();
        url.set_query((!query.is_empty()).then_some(query.as_str()));

        let builder = if call.is_get() { self.http.get(url) } else { self.http.post(url) };
        let builder = match body {
            Body::Empty => builder.timeout(self.call_timeout),
            // Chinese goes out as it is: WeChat's reader stumbles over escapes.
            Body::Json(json) => builder
                .timeout(self.call_timeout)
                .header(header::CONTENT_TYPE, JSON)
                .body(json.to_string()),
            Body::Upload(form) => builder.timeout(self.upload_timeout).multipart(form),
        };
        let reply = builder.send().await.map_err(NoAnswer::from)?;
        read(reply).await
    }
}

/// The query of a call about the account itself.
pub(super) fn of_token(token: &AccessToken) -> Parameters {
    Parameters::default().with("access_token", token.expose())
}

/// What is read of a call that only says "done".
pub(super) const fn is_done(opened: &Opened) -> Result<(), Garble> {
    if opened.says_done { Ok(()) } else { Err(Garble::Silent) }
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
    secrets: &[&str],
    raw: &Raw,
    took: Duration,
) -> Result<Heard<Opened>, CallError> {
    let status = raw.status;
    let opened = match &raw.body {
        Ok(body) => envelope::open(status, body),
        // A status that is an answer by itself still is one.
        Err(_) if !(200..300).contains(&status) => Err(Failure::Http { status }),
        Err(garble) => Err(Failure::Decode(*garble)),
    };
    let answer = match (&raw.body, &opened) {
        (Ok(body), Err(Failure::Business { .. })) => Answer::keep(body, secrets),
        (Ok(_), _) if call.answers_with_a_secret() => Answer::withheld(),
        (Ok(body), Ok(opened)) => {
            let people = private::find(&opened.reply);
            let people = people.iter().map(String::as_str);
            Answer::keep(body, &people.chain(secrets.iter().copied()).collect::<Vec<_>>())
        }
        (Ok(body), Err(_)) => Answer::keep(body, secrets),
        (Err(_), _) => Answer::default(),
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
