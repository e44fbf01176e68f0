//! Requests as they go over the wire, and answers as they come.

use std::{fmt::Write, time::Duration};

use reqwest::{Client, Method, Url, redirect::Policy};

/// A request.
#[derive(Debug)]
pub struct Letter {
    /// `GET`, `POST` or another.
    pub method: Method,
    /// Where to, with the query.
    pub url: Url,
    /// The kind of body; none is said when there is none.
    pub content_type: Option<String>,
    /// To the letter.
    pub body: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// Empty where none was said.
    pub content_type: String,
    /// To the letter.
    pub body: String,
}

/// So much of a body is shown.
const SHOWN: usize = 2000;
const PATIENCE: Duration = Duration::from_secs(30);

/// Who sends.
pub fn client() -> reqwest::Result<Client> {
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(PATIENCE).redirect(Policy::none()).no_proxy().build()
}

/// Sends it and waits for the whole answer.
pub async fn send(client: &Client, letter: &Letter) -> reqwest::Result<Answer> {
    let mut request = client.request(letter.method.clone(), letter.url.clone());
    if let Some(kind) = &letter.content_type {
        request = request.header("content-type", kind);
    }
    let response = request.body(letter.body.clone()).send().await?;
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type");
    let content_type = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let body = String::from_utf8_lossy(&response.bytes().await?).into_owned();
    Ok(Answer { status, content_type, body })
}

impl Letter {
    /// As a person reads it.
    pub fn show(&self) -> String {
        let mut shown = format!("{} {}", self.method, self.url);
        if let Some(kind) = &self.content_type {
            let _never_fails = write!(shown, " ({kind})");
        }
        if !self.body.is_empty() {
            let _never_fails = write!(shown, " {}", cut(&String::from_utf8_lossy(&self.body)));
        }
        shown
    }
}

impl Answer {
    /// As a person reads it.
    pub fn show(&self) -> String {
        format!("{} ({}) {}", self.status, self.content_type, cut(&self.body))
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}
