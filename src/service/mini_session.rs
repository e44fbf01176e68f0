//! Opens, recognises and ends the sessions of people who came through a mini-program.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use super::secret::{self, Fresh};
use crate::{
    domain::{
        id::{AppId, HolderId, MemberId, SessionId},
        people::OpenId,
    },
    store::{self, mini_session::NewMiniSession},
};

/// Somebody who came through a mini-program: all they can see is what is theirs.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Their session.
    pub session: SessionId,
    /// Through which app they came.
    pub app: AppId,
    /// Who they are there.
    pub own: HolderId,
    /// As whom they have coupons: the card holder who is the same person, where one is known.
    pub holder: HolderId,
    /// The app whose cards they take, on a mini-program that has one.
    pub cards_app: Option<AppId>,
    /// Who they are, as the app calls them.
    pub open_id: OpenId,
    /// Whom the holder belongs to, if the merchant said.
    pub member: Option<MemberId>,
    /// When the session ends unless it is used.
    pub expires_at: DateTime<Utc>,
    /// When it ends in any case.
    pub ends_at: DateTime<Utc>,
}

/// A session that was opened; the token is shown once.
#[derive(Debug)]
pub struct Opened {
    /// Ours.
    pub id: SessionId,
    /// To be sent with every request.
    pub token: Fresh,
    /// When it ends unless it is used.
    pub expires_at: DateTime<Utc>,
    /// When it ends in any case.
    pub ends_at: DateTime<Utc>,
}

/// Why no session was opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenSessionError {
    /// The operating system has no randomness to give.
    #[error(transparent)]
    Randomness(#[from] rand::rngs::SysError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// How long a session lives.
#[derive(Debug, Clone, Copy)]
pub struct Lifetime {
    /// Unless it is used.
    pub idle: TimeDelta,
    /// In any case.
    pub most: TimeDelta,
}

/// A session is prolonged when so much of its idle time has gone: a busy one is not a write per request.
const PROLONGED_AFTER: i32 = 4;

/// Opens a session for somebody whom the app's platform has named.
pub async fn open(
    db: &PgPool,
    now: DateTime<Utc>,
    lifetime: Lifetime,
    app: AppId,
    open_id: &OpenId,
) -> Result<Opened, OpenSessionError> {
    let token = Fresh::random_checked("ks_")?;
    let holder = HolderId::derive(app, open_id.as_str());
    let ends_at = now + lifetime.most;
    let expires_at = (now + lifetime.idle).min(ends_at);
    let new = NewMiniSession {
        id: SessionId::new(now),
        app,
        holder,
        created_at: now,
        expires_at,
        ends_at,
    };
    let mut tx = store::begin(db).await?;

    store::member::insert_holder(&mut tx, app, open_id.as_str(), now).await?;
    store::mini_session::insert(&mut tx, &new, &token.hash()).await?;

    tx.commit().await?;
    tracing::info!(session.id = %new.id, app.id = %app, "session opened");
    Ok(Opened { id: new.id, token, expires_at, ends_at })
}

/// Whose session this is; `None` for a mistyped, unknown, ended or revoked one alike.
pub async fn recognise(
    db: &PgPool,
    now: DateTime<Utc>,
    lifetime: Lifetime,
    shown: &str,
) -> sqlx::Result<Option<Visitor>> {
    if !secret::is_well_typed(shown) {
        return Ok(None);
    }
    let mut conn = db.acquire().await?;
    let found = store::mini_session::find_live(&mut conn, &secret::hash(shown), now).await?;
    let Some(session) = found else { return Ok(None) };
    let (mut expires_at, ends_at) = (session.expires_at, session.ends_at);
    if session.expires_at - now < lifetime.idle - lifetime.idle / PROLONGED_AFTER
        && session.expires_at < session.ends_at
    {
        expires_at = (now + lifetime.idle).min(session.ends_at);
        store::mini_session::prolong(&mut conn, session.id, expires_at).await?;
    }
    let Ok(open_id) = OpenId::parse(&session.open_id) else { return Ok(None) };
    Ok(Some(Visitor {
        session: session.id,
        app: session.app,
        own: session.own,
        holder: session.holder,
        cards_app: session.cards_app,
        open_id,
        member: session.member,
        expires_at,
        ends_at,
    }))
}

/// Ends a session.
pub async fn close(db: &PgPool, now: DateTime<Utc>, session: SessionId) -> sqlx::Result<()> {
    let mut conn = db.acquire().await?;
    store::mini_session::revoke(&mut conn, session, now).await
}

/// Ends every session of a holder, on all servers from their next request on; how many. `None` when nobody is known by
/// this id.
pub async fn revoke_all(
    db: &PgPool,
    now: DateTime<Utc>,
    holder: HolderId,
) -> sqlx::Result<Option<u64>> {
    let mut conn = db.acquire().await?;
    let revoked = store::mini_session::revoke_all(&mut conn, holder, now).await?;
    if revoked == 0 && !store::member::is_holder(&mut conn, holder).await? {
        return Ok(None);
    }
    tracing::info!(holder.id = %holder, sessions = revoked, "sessions revoked");
    Ok(Some(revoked))
}
