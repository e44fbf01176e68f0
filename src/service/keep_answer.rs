//! Answers a request once, however often it is sent under the same name: the first answer is kept and given again.
//!
//! A name is leased while its request is being answered, so that a server that dies does not hold it for ever.

use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    clock::Clock,
    store::{
        self,
        idempotency::{KeptAnswer, KeptBody},
    },
    vault::{Place, Vault, VaultError},
};

pub use crate::store::idempotency::NamedRequest;

/// What stands in the way of a request, or does not.
#[derive(Debug)]
pub enum Begun {
    /// It is to be answered, under this lease.
    First(Lease),
    /// It was answered, with a body in the clear.
    Again(Answer),
    /// The name was used for another request.
    Taken,
    /// The same request is being answered.
    InFlight,
    /// It was answered with a secret that no master key at hand opens.
    Lost,
}

/// The right to answer.
#[derive(Debug)]
pub struct Lease {
    request: NamedRequest,
    until: DateTime<Utc>,
}

/// An answer in the clear.
#[derive(Clone)]
pub struct Answer {
    /// Of HTTP.
    pub status: u16,
    /// Of the body.
    pub content_type: Option<String>,
    /// Of what people read in it.
    pub content_language: Option<String>,
    /// Where to look for what was made.
    pub location: Option<String>,
    /// Byte for byte.
    pub body: Vec<u8>,
}

/// Longer than any request takes: statements end after half of it.
const LEASE: Duration = Duration::from_mins(1);
/// How often a name may be let go by others between our two looks at it.
const LOOKS: u32 = 3;

/// Asks for the right to answer a request.
pub async fn begin(
    db: &PgPool,
    vault: &Vault,
    clock: &dyn Clock,
    request: NamedRequest,
) -> sqlx::Result<Begun> {
    let mut conn = db.acquire().await?;
    for _ in 0..LOOKS {
        let now = clock.instead_of_database();
        if let Some(until) = store::idempotency::take(&mut conn, now, &request, LEASE).await? {
            return Ok(Begun::First(Lease { request, until }));
        }
        let known = store::idempotency::find(&mut conn, request.owner, &request.key).await?;
        let Some(known) = known else { continue };
        if known.request_hash != request.hash {
            return Ok(Begun::Taken);
        }
        return Ok(known.answer.map_or(Begun::InFlight, |answer| open(vault, answer)));
    }
    Ok(Begun::InFlight)
}

/// Keeps the answer for those who ask again; sealed when it shows a secret.
///
/// Without a master key such an answer is not kept, and the same request can be made again.
pub async fn keep(
    db: &PgPool,
    vault: &Vault,
    lease: Lease,
    answer: Answer,
    is_secret: bool,
) -> sqlx::Result<()> {
    let body = if is_secret {
        match seal(vault, &answer.body) {
            Ok(body) => body,
            Err(error) => {
                tracing::warn!(%error, "an answer with a secret is not kept: {error}");
                return put_off(db, lease).await;
            }
        }
    } else {
        KeptBody::Plain(answer.body)
    };
    let kept = KeptAnswer {
        status: answer.status.cast_signed(),
        content_type: answer.content_type,
        content_language: answer.content_language,
        location: answer.location,
        body,
    };
    let mut conn = db.acquire().await?;
    if !store::idempotency::settle(&mut conn, &lease.request, lease.until, &kept).await? {
        tracing::warn!("an answer took longer than its lease, and another one is kept");
    }
    Ok(())
}

/// Lets the same request be answered anew, and no other one under its name: something may have been done.
pub async fn put_off(db: &PgPool, lease: Lease) -> sqlx::Result<()> {
    let mut conn = db.acquire().await?;
    store::idempotency::put_off(&mut conn, &lease.request, lease.until).await
}

/// Lets the next one who asks try, with whatever request.
pub async fn give_up(db: &PgPool, lease: Lease) -> sqlx::Result<()> {
    let mut conn = db.acquire().await?;
    store::idempotency::give_up(&mut conn, &lease.request, lease.until).await
}

fn seal(vault: &Vault, body: &[u8]) -> Result<KeptBody, VaultError> {
    let text = std::str::from_utf8(body).map_err(|_| VaultError::NotOurs)?;
    let id = Uuid::new_v4();
    let sealed = vault.seal(Place::kept_answer(id), text)?;
    Ok(KeptBody::Sealed { id, sealed })
}

fn open(vault: &Vault, answer: KeptAnswer) -> Begun {
    let body = match answer.body {
        KeptBody::Plain(body) => body,
        KeptBody::Sealed { id, sealed } => match vault.unseal(Place::kept_answer(id), &sealed) {
            Ok(text) => text.expose_secret().as_bytes().to_vec(),
            Err(error) => {
                tracing::error!(%error, "a kept answer does not open: {error}");
                return Begun::Lost;
            }
        },
    };
    Begun::Again(Answer {
        status: answer.status.cast_unsigned(),
        content_type: answer.content_type,
        content_language: answer.content_language,
        location: answer.location,
        body,
    })
}

/// Bodies may show secrets and codes.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}
