//! A request as it came, read whole, and its parameters as a call sees them.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header;
use axum::http::request::Parts;
use bytes::Bytes;
use serde_json::Value;

use super::fields::Fields;
use super::reply::Trouble;

/// More than this is "file too large", picture or not.
const MOST_BODY: usize = 1024 * 1024;
/// A body is read a little past its limit, so that its sender lives to see the refusal.
const MOST_READ: usize = 8 * MOST_BODY;

/// One request, read whole.
pub(super) struct Incoming {
    pub head: Parts,
    /// `None` when it was too large or broke off.
    pub body: Option<Bytes>,
    /// The parts of a multipart body; none when it was unreadable.
    pub files: Vec<FilePart>,
}

/// One part of a multipart body.
#[derive(Debug)]
pub(super) struct FilePart {
    pub name: String,
    pub bytes: Bytes,
}

/// What a call is given: everything its page documents, found where it was sent.
pub(super) struct Sent<'a> {
    pub fields: Fields,
    /// The body of a call that takes JSON, with its types.
    pub json: Value,
    pub files: &'a [FilePart],
}

impl Incoming {
    /// Reads the body to its end or to the limit.
    pub async fn read(head: Parts, body: Body) -> Self {
        let body = to_bytes(body, MOST_READ).await.ok().filter(|bytes| bytes.len() <= MOST_BODY);
        let mut incoming = Self { head, body, files: Vec::new() };
        if incoming.is_kind("multipart/form-data") {
            incoming.files = incoming.parts().await.unwrap_or_default();
        }
        incoming
    }

    /// What follows the question mark.
    pub fn query(&self) -> &str {
        self.head.uri.query().unwrap_or_default()
    }

    /// Whether the content type is this one, whatever follows the semicolon.
    pub fn is_kind(&self, kind: &str) -> bool {
        let sent = self.head.headers.get(header::CONTENT_TYPE);
        let sent = sent.and_then(|value| value.to_str().ok()).unwrap_or_default();
        sent.split(';').next().is_some_and(|sent| sent.trim().eq_ignore_ascii_case(kind))
    }

    /// The body read as a form.
    pub fn form(&self) -> Result<Fields, Trouble> {
        let body = self.body.as_deref().unwrap_or_default();
        let text =
            std::str::from_utf8(body).map_err(|_| Trouble::parameter("the form is not UTF-8"))?;
        Fields::from_form(text)
    }

    async fn parts(&self) -> Option<Vec<FilePart>> {
        let body = self.body.clone()?;
        let request = Request::from_parts(self.head.clone(), Body::from(body));
        let mut multipart = Multipart::from_request(request, &()).await.ok()?;
        let mut files = Vec::new();
        while let Some(part) = multipart.next_field().await.ok()? {
            let name = part.name().unwrap_or_default().to_owned();
            files.push(FilePart { name, bytes: part.bytes().await.ok()? });
        }
        Some(files)
    }
}
