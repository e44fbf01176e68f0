//! A request as it came, read whole.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::request::Parts;
use axum::http::{Method, header};
use bytes::Bytes;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::simulator::serve::Peer;

/// A body is read a little past every limit, so that its sender lives to see the refusal.
const MOST_READ: usize = 8 * 1024 * 1024;

/// One request, read whole.
pub(super) struct Incoming {
    pub head: Parts,
    pub query: Vec<(String, String)>,
    /// `None` when it was too large or broke off.
    pub body: Option<Bytes>,
    /// The JSON object in the body, once it was understood.
    pub json: Map<String, Value>,
    /// The parts of a multipart body; none when it was unreadable.
    pub files: Vec<FilePart>,
}

/// One part of a multipart body.
#[derive(Debug)]
pub(super) struct FilePart {
    pub name: String,
    pub file_name: Option<String>,
    pub bytes: Bytes,
}

impl Incoming {
    pub async fn read(head: Parts, body: Body) -> Self {
        let body = to_bytes(body, MOST_READ).await.ok();
        let query = head.uri.query().unwrap_or_default();
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut incoming = Self { head, query, body, json: Map::new(), files: Vec::new() };
        let kind = incoming.head.headers.get(header::CONTENT_TYPE);
        if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data")) {
            incoming.files = incoming.parts().await.unwrap_or_default();
        }
        incoming
    }

    pub fn path(&self) -> &str {
        self.head.uri.path()
    }

    pub fn is_post(&self) -> bool {
        self.head.method == Method::POST
    }

    /// A parameter of the query that says something.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The address from which it came.
    pub fn address(&self) -> String {
        let peer = self.head.extensions.get::<Peer>();
        peer.map_or_else(|| "127.0.0.1".to_owned(), |Peer(address)| address.to_string())
    }

    async fn parts(&self) -> Option<Vec<FilePart>> {
        let body = self.body.clone()?;
        let request = Request::from_parts(self.head.clone(), Body::from(body));
        let mut multipart = Multipart::from_request(request, &()).await.ok()?;
        let mut files = Vec::new();
        while let Some(part) = multipart.next_field().await.ok()? {
            let name = part.name().unwrap_or_default().to_owned();
            let file_name = part.file_name().map(str::to_owned);
            files.push(FilePart { name, file_name, bytes: part.bytes().await.ok()? });
        }
        Some(files)
    }
}
