//! Logs people at work in, recognises them, and logs them out.
//!
//! Who tries a login learns nothing of whether it exists: the answer is the same, and so is what it costs.

use chrono::{DateTime, TimeDelta, Utc};
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;

use super::{
    password::{HashError, Passwords},
    secret::{self, Fresh},
};
use crate::{
    domain::{
        id::{OperatorId, SessionId},
        password::{check_shown, parse_login},
        problem::Problem,
    },
    store::{
        self,
        operator::Operator,
        operator_session::{NewOperatorSession, OperatorSession},
    },
};

/// What somebody shows of themselves.
#[derive(Debug)]
pub struct Shown<'a> {
    /// Who they say they are.
    pub login: &'a str,
    /// What only they know.
    pub password: &'a SecretString,
    /// One address of IPv4, or a /64 of IPv6.
    pub from: IpNet,
}

/// A session that was opened; the token is shown once.
#[derive(Debug)]
pub struct OpenedWork {
    /// Ours.
    pub id: SessionId,
    /// To be sent with every request.
    pub token: Fresh,
    /// Whose.
    pub operator: Operator,
    /// When it ends unless it is used.
    pub expires_at: DateTime<Utc>,
    /// When it ends in any case.
    pub ends_at: DateTime<Utc>,
}

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub enum LogInError {
    /// What was shown cannot be a password.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// Nobody has this login, or not with this password, or there were too many wrong ones just now.
    #[error("login or password is wrong, or was wrong too often; wait a while before the next try")]
    Refused,
    /// No hash could be made.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The operating system has no randomness to give.
    #[error(transparent)]
    Randomness(#[from] rand::rngs::SysError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Unless it is used.
const IDLE: TimeDelta = TimeDelta::minutes(30);
/// In any case.
const MOST: TimeDelta = TimeDelta::hours(12);
/// A session is prolonged when so much of its idle time has gone: a busy one is not a write per request.
const PROLONGED_AFTER: TimeDelta = TimeDelta::minutes(5);

/// Opens a session for whoever shows the right password.
pub async fn log_in(
    db: &PgPool,
    passwords: &Passwords,
    now: DateTime<Utc>,
    shown: &Shown<'_>,
) -> Result<OpenedWork, LogInError> {
    let (operator, hash) = prove(db, passwords, now, shown).await?;
    let mut tx = store::begin(db).await?;
    if !store::operator::mark_logged_in(&mut tx, operator, &hash, now).await? {
        return Err(LogInError::Refused);
    }
    store::operator_network::mark_logged_in(&mut tx, operator, &shown.from.to_string(), now)
        .await?;
    let operator = store::operator::find(&mut tx, operator).await?.ok_or(LogInError::Refused)?;
    let token = Fresh::random_checked("ko_")?;
    let (expires_at, ends_at) = (now + IDLE, now + MOST);
    let id = SessionId::new(now);
    let new =
        NewOperatorSession { id, operator: operator.id, created_at: now, expires_at, ends_at };
    store::operator_session::insert(&mut tx, &new, &token.hash()).await?;
    tx.commit().await?;
    tracing::info!(session.id = %id, operator.id = %operator.id, "operator logged in");
    Ok(OpenedWork { id, token, operator, expires_at, ends_at })
}

/// Whose login this is, and the hash that the password fits. A wrong one is counted, and keeps the account from being
/// tried again for a while from where it came.
pub(super) async fn prove(
    db: &PgPool,
    passwords: &Passwords,
    now: DateTime<Utc>,
    shown: &Shown<'_>,
) -> Result<(OperatorId, String), LogInError> {
    check_shown(shown.password.expose_secret()).map_err(LogInError::Invalid)?;
    // Looked up within the turn, so that those who tried together do not all slip past the pause that one of them earns.
    let turn = passwords.turn().await?;
    let network = shown.from.to_string();
    let known = match parse_login(shown.login) {
        Some(login) => {
            let mut conn = db.acquire().await?;
            store::operator::find_credentials(&mut conn, &login, &network).await?
        }
        None => None,
    };
    let open = known.filter(|known| known.disabled_at.is_none() && known.tries.may_try(now));
    let hash = open.as_ref().map(|known| known.password_hash.as_str());
    let right = turn.verify(shown.password, hash).await?;
    let Some(known) = open else { return Err(LogInError::Refused) };
    if right {
        return Ok((known.id, known.password_hash));
    }
    count_failure(db, now, known.id, &network).await?;
    drop(turn);
    Err(LogInError::Refused)
}

async fn count_failure(
    db: &PgPool,
    now: DateTime<Utc>,
    id: OperatorId,
    network: &str,
) -> sqlx::Result<()> {
    let mut tx = store::begin(db).await?;
    // First, so that what is read next is what the last one who held it has written.
    store::operator::lock(&mut tx, id).await?;
    let tries = store::operator_network::find_tries(&mut tx, id, network).await?;
    let Some(tries) = tries.map(|tries| tries.after_failure(now)) else { return Ok(()) };
    store::operator::close_until(&mut tx, id, tries.closed_until).await?;
    store::operator_network::set_failures(&mut tx, id, network, &tries, now).await?;
    tx.commit().await?;
    tracing::warn!(operator.id = %id, network, failures = tries.failures, "wrong password");
    Ok(())
}

/// Whose session this is; `None` for a mistyped, unknown, ended or revoked one alike.
pub async fn recognise(
    db: &PgPool,
    now: DateTime<Utc>,
    shown: &str,
) -> sqlx::Result<Option<OperatorSession>> {
    let mut conn = db.acquire().await?;
    let found = store::operator_session::find_live(&mut conn, &secret::hash(shown), now).await?;
    let Some(mut session) = found else { return Ok(None) };
    if session.expires_at < now + IDLE - PROLONGED_AFTER && session.expires_at < session.ends_at {
        session.expires_at = (now + IDLE).min(session.ends_at);
        store::operator_session::prolong(&mut conn, session.id, session.expires_at).await?;
    }
    Ok(Some(session))
}

/// Ends a session.
pub async fn log_out(db: &PgPool, now: DateTime<Utc>, session: SessionId) -> sqlx::Result<()> {
    let mut conn = db.acquire().await?;
    store::operator_session::revoke(&mut conn, session, now).await
}
