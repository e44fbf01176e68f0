//! Sessions of people who work for the merchant.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    access::Role,
    id::{OperatorId, SessionId},
};

/// A session that counts, and whose it is.
#[derive(Debug, Clone)]
pub struct OperatorSession {
    /// Ours.
    pub id: SessionId,
    /// Whose.
    pub operator: OperatorId,
    /// For people.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Their shop.
    pub store: Option<String>,
    /// When it ends unless it is used.
    pub expires_at: DateTime<Utc>,
    /// When it ends in any case.
    pub ends_at: DateTime<Utc>,
}

/// A session that begins.
#[derive(Debug)]
pub struct NewOperatorSession {
    /// Ours.
    pub id: SessionId,
    /// Whose.
    pub operator: OperatorId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it ends unless it is used.
    pub expires_at: DateTime<Utc>,
    /// When it ends in any case.
    pub ends_at: DateTime<Utc>,
}

/// Adds a session.
pub async fn insert(
    conn: &mut PgConnection,
    new: &NewOperatorSession,
    token_hash: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into operator_session (
            session_id, operator_id, token_hash, created_at, expires_at, ends_at
        )
        values ($1, $2, $3, $4, $5, $6)
        "#,
        new.id as _,
        new.operator as _,
        token_hash,
        new.created_at,
        new.expires_at,
        new.ends_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The session of this token, if it counts at `now`.
pub async fn find_live(
    conn: &mut PgConnection,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<OperatorSession>> {
    sqlx::query_as!(
        OperatorSession,
        r#"
        select
            session.session_id as "id: SessionId",
            session.operator_id as "operator: OperatorId",
            operator.name,
            operator.role as "role: Role",
            operator.store,
            session.expires_at,
            session.ends_at
        from operator_session as session
        join operator on operator.operator_id = session.operator_id
        where session.token_hash = $1
            and session.revoked_at is null
            and $2 < session.expires_at
            and $2 < session.ends_at
            and operator.disabled_at is null
        "#,
        token_hash,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// Moves the end of an unused session on.
pub async fn prolong(
    conn: &mut PgConnection,
    id: SessionId,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update operator_session set expires_at = greatest(expires_at, $2) where session_id = $1",
        id as _,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a session at `now`, if it has not ended before.
pub async fn revoke(
    conn: &mut PgConnection,
    id: SessionId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update operator_session set revoked_at = coalesce(revoked_at, $2) where session_id = $1",
        id as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends all sessions of somebody at `now`.
pub async fn revoke_all(
    conn: &mut PgConnection,
    operator: OperatorId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update operator_session
        set revoked_at = $2
        where operator_id = $1 and revoked_at is null
        "#,
        operator as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
