//! Recognises those at work for the merchant: servers by their keys, people by their sessions.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use ipnet::IpNet;
use sqlx::PgPool;
use tokio::time::timeout;

use super::{
    operator_session,
    secret::{self, SecretHash},
    together::{LONGEST, Late, Together, give_up},
};
use crate::{
    domain::{
        access::{Actor, Grant},
        id::{KeyId, SessionId},
    },
    store::{self, api_key::ApiKey, operator_session::OperatorSession},
};

/// Somebody at work for the merchant.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who, as history names them.
    pub actor: Actor,
    /// For people.
    pub name: String,
    /// What they may do.
    pub grant: Grant,
    /// The shop of a person at work, if it is known.
    pub store: Option<String>,
    /// The session of a person at work.
    pub session: Option<WorkSession>,
}

/// A session of a person at work.
#[derive(Debug, Clone, Copy)]
pub struct WorkSession {
    /// Ours.
    pub id: SessionId,
    /// When it ends unless it is used.
    pub expires_at: DateTime<Utc>,
    /// When it ends in any case.
    pub ends_at: DateTime<Utc>,
}

/// Why nobody was recognised.
#[derive(Debug, thiserror::Error)]
pub enum NotRecognised {
    /// Mistyped, unknown, over and revoked alike.
    #[error("this key or session is mistyped, unknown, over or revoked")]
    Unknown,
    /// A good key in a strange place.
    #[error("this key may not be used from this address")]
    SourceNotAllowed(KeyId),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// How exact the time of last use is: a busy key is not a write per request.
const USE_IS_NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Who reads keys; cheap to clone.
///
/// Those that are shown at one moment are read together, after they were shown: what was revoked is refused at once
/// everywhere, and a busy key is still no read per request.
#[derive(Debug, Clone)]
pub struct Keys {
    db: PgPool,
    together: Together<SecretHash, sqlx::Result<Option<ApiKey>>>,
}

impl Keys {
    /// Begins to wait for keys, on the present runtime, until the last clone is dropped.
    pub fn start(db: PgPool) -> Self {
        let pool = db.clone();
        let read = move |hashes: Vec<SecretHash>| {
            let db = pool.clone();
            async move {
                match list(&db, &hashes).await {
                    Ok(keys) => keys.into_iter().map(Ok).collect(),
                    Err(sqlx::Error::PoolTimedOut) => {
                        hashes.iter().map(|_| Err(sqlx::Error::PoolTimedOut)).collect()
                    }
                    // What failed is heard by each one from his own try.
                    Err(_) => Vec::new(),
                }
            }
        };
        Self { db, together: Together::start(read) }
    }

    /// Who shows this, calling from there.
    pub async fn authenticate(
        &self,
        now: DateTime<Utc>,
        shown: &str,
        from: Option<IpAddr>,
    ) -> Result<Caller, NotRecognised> {
        if !secret::is_well_typed(shown) {
            return Err(NotRecognised::Unknown);
        }
        if shown.starts_with("ko_") {
            let session = operator_session::recognise(&self.db, now, shown).await?;
            return session.map(Caller::from).ok_or(NotRecognised::Unknown);
        }
        let key = self.find(secret::hash(shown)).await?.filter(|key| key.counts_at(now));
        let key = key.ok_or(NotRecognised::Unknown)?;
        if !is_allowed(&key.sources, from) {
            return Err(NotRecognised::SourceNotAllowed(key.id));
        }
        let before = now - USE_IS_NOTED_EVERY;
        if key.last_used_at.is_none_or(|last| last <= before) {
            store::api_key::mark_used(&mut *self.db.acquire().await?, key.id, now, before).await?;
        }
        let actor = Actor::Key(key.id);
        Ok(Caller { actor, name: key.name, grant: key.grant, store: None, session: None })
    }

    async fn find(&self, hash: SecretHash) -> sqlx::Result<Option<ApiKey>> {
        match self.together.ask(hash).await {
            Ok(Some(key)) => key,
            Ok(None) => Ok(list(&self.db, &[hash]).await?.pop().flatten()),
            Err(Late) => Err(sqlx::Error::PoolTimedOut),
        }
    }
}

/// The keys with these hashes, in their order.
async fn list(db: &PgPool, hashes: &[SecretHash]) -> sqlx::Result<Vec<Option<ApiKey>>> {
    let mut conn = db.acquire().await?;
    let reading = timeout(LONGEST, store::api_key::list_by_hash(&mut conn, hashes));
    let Ok(keys) = reading.await else {
        return Err(give_up(conn));
    };
    let keys = keys?;
    let of = |hash: &SecretHash| keys.iter().find(|(of, _)| of == hash).map(|(_, key)| key.clone());
    Ok(hashes.iter().map(of).collect())
}

/// A source that cannot be read, and a caller whose address nobody knows, are strange.
fn is_allowed(sources: &[String], from: Option<IpAddr>) -> bool {
    let mut networks = sources.iter().filter_map(|source| source.parse::<IpNet>().ok());
    sources.is_empty() || from.is_some_and(|from| networks.any(|network| network.contains(&from)))
}

impl From<OperatorSession> for Caller {
    fn from(session: OperatorSession) -> Self {
        let OperatorSession { id, operator, name, role, store, expires_at, ends_at } = session;
        Self {
            actor: Actor::Operator(operator),
            name,
            grant: Grant::Role(role),
            store,
            session: Some(WorkSession { id, expires_at, ends_at }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_sources_is_good_there_and_nowhere_else() {
        let sources = ["10.1.0.0/16".to_owned(), "2001:db8::/32".to_owned()];
        for (from, allowed) in [
            (Some("10.1.2.3"), true),
            (Some("2001:db8::1"), true),
            (Some("10.2.0.1"), false),
            (Some("::1"), false),
            (None, false),
        ] {
            let from = from.map(|from| from.parse().unwrap());
            assert_eq!(is_allowed(&sources, from), allowed, "{from:?}");
        }
        assert!(is_allowed(&[], None));
        assert!(!is_allowed(&["nowhere".to_owned()], Some("10.1.2.3".parse().unwrap())));
    }
}
