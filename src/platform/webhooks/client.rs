//! Calls endpoints: no redirect is followed, no proxy asked, and only what a name stands for at the moment is dialled,
//! after it was looked at.

use std::{error::Error, io, net::SocketAddr, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode, header};
use reqwest::{
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};

use super::{
    sign::{Message, Secret, signature},
    target::{NotAllowed, Reach},
};
use crate::config::webhooks::Webhooks;

/// Makes the calls. Cheap to clone: all clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    reach: Reach,
}

/// Finds what a name stands for.
pub type Lookup =
    Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// What an endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Of HTTP.
    pub status: StatusCode,
    /// How long it wants to be left alone.
    pub retry_after: Option<TimeDelta>,
    /// The beginning of the body.
    pub body: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nothing was sent, and must not be.
    #[error("the address is not allowed: {0}")]
    NotAllowed(#[from] NotAllowed),
    /// Nothing was sent, for nobody could be reached.
    #[error("not reached: {0}")]
    NotSent(String),
    /// It may have arrived.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

/// More of an answer is not read.
const MOST_READ: usize = 64 * 1024;
/// More of it is not kept.
const MOST_KEPT: usize = 2048;

impl Client {
    /// Built once; fails only where the machine has no certificates to trust.
    pub fn new(settings: &Webhooks) -> reqwest::Result<Self> {
        Self::asking(settings, Arc::new(|name| Box::pin(look_up(name))))
    }

    /// The same, with another way to find what a name stands for.
    pub fn asking(settings: &Webhooks, lookup: Lookup) -> reqwest::Result<Self> {
        let _already_installed = rustls::crypto::ring::default_provider().install_default();
        let reach = Reach::new(settings.allow_private);
        let http = reqwest::Client::builder()
            .user_agent("kaquan")
            // A redirect would lead past all that was looked at.
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .retry(reqwest::retry::never())
            .dns_resolver(Arc::new(Guarded { lookup, reach }))
            // Shorter than the whole, so that what was never sent is told from what was never answered.
            .connect_timeout(settings.call_timeout * 2 / 3)
            .timeout(settings.call_timeout)
            .build()?;
        Ok(Self { http, reach })
    }

    /// Sends one message, signed with each of the secrets.
    pub async fn send(
        &self,
        url: &str,
        message: Message<'_>,
        secrets: &[Secret],
    ) -> Result<Heard, CallError> {
        // A number in the address is dialled without a look-up, so it is judged here, whenever it was saved.
        let url = self.reach.read(url)?;
        let request = self
            .http
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.timestamp.timestamp())
            .header("webhook-signature", signature(secrets, &message))
            .body(message.body.to_vec());
        let mut response = request.send().await?;
        let (status, retry_after) =
            (response.status(), retry_after(response.headers(), message.timestamp));
        let mut body = Vec::new();
        // The status has said it all; a body that breaks off takes nothing back.
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() >= MOST_READ {
                break;
            }
        }
        Ok(Heard { status, retry_after, body: beginning(&body) })
    }
}

/// Looks at what a name stands for, and gives on what was looked at: it is dialled without another look-up.
struct Guarded {
    lookup: Lookup,
    reach: Reach,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, reach) = ((self.lookup)(name.as_str().to_owned()), self.reach);
        Box::pin(async move {
            let found = found.await?;
            // One that is not allowed among others is a trap.
            if found.iter().all(|address| reach.covers(address.ip())) {
                return Ok(Box::new(found.into_iter()) as Addrs);
            }
            let why = NotAllowed("the name stands for an address in a private network");
            Err(Box::new(why) as Box<dyn Error + Send + Sync>)
        })
    }
}

async fn look_up(name: String) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}

/// In seconds or as a moment, as HTTP allows.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<TimeDelta> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(TimeDelta::seconds(seconds.into()));
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?;
    Some(until.with_timezone(&Utc) - now)
}

/// What can be kept of an answer.
fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(MOST_KEPT)]);
    // A text in Postgres has no such character.
    text.replace('\0', "\u{fffd}")
}

impl From<reqwest::Error> for CallError {
    fn from(error: reqwest::Error) -> Self {
        // The address may hold what only the endpoint and the merchant know.
        let error = error.without_url();
        let mut cause: &dyn Error = &error;
        while let Some(deeper) = cause.source() {
            if let Some(refused) = deeper.downcast_ref::<NotAllowed>() {
                return Self::NotAllowed(*refused);
            }
            cause = deeper;
        }
        let why = format!("{error}: {cause}");
        if error.is_connect() || error.is_builder() {
            Self::NotSent(why)
        } else {
            Self::NoAnswer(why)
        }
    }
}
