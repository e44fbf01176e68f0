//! Sessions of people who came through a mini-program.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::id::{AppId, HolderId, MemberId, SessionId};

/// A session that counts.
#[derive(Debug, Clone)]
pub struct MiniSession {
    /// Ours.
    pub id: SessionId,
    /// Through which app.
    pub app: AppId,
    /// Whose.
    pub own: HolderId,
    /// As whom they have coupons: the card holder who is the same person, where one is known.
    pub holder: HolderId,
    /// The account whose cards they take, on a mini-program that has one.
    pub cards_app: Option<AppId>,
    /// Whom the holder belongs to, if the merchant said.
    pub member: Option<MemberId>,
    /// The person on the app; personal data.
    pub open_id: String,
    /// When it ends unless it is used.
    pub expires_at: DateTime<Utc>,
    /// When it ends in any case.
    pub ends_at: DateTime<Utc>,
}

/// A session that begins.
#[derive(Debug)]
pub struct NewMiniSession {
    /// Ours.
    pub id: SessionId,
    /// Through which app.
    pub app: AppId,
    /// Whose.
    pub holder: HolderId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it ends unless it is used.
    pub expires_at: DateTime<Utc>,
    /// When it ends in any case.
    pub ends_at: DateTime<Utc>,
}

/// Adds a session; the holder must be there.
pub async fn insert(
    conn: &mut PgConnection,
    new: &NewMiniSession,
    token_hash: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into mini_session (
            session_id, app_id, holder_id, token_hash, created_at, expires_at, ends_at
        )
        values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        new.id as _,
        new.app as _,
        new.holder as _,
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
) -> sqlx::Result<Option<MiniSession>> {
    sqlx::query_as!(
        MiniSession,
        r#"
        select
            session.session_id as "id: SessionId",
            session.app_id as "app: AppId",
            session.holder_id as "own: HolderId",
            coalesce(card_holder.holder_id, session.holder_id) as "holder!: HolderId",
            app.cards_app_id as "cards_app: AppId",
            coalesce(card_holder.member_id, holder.member_id) as "member: MemberId",
            holder.open_id,
            session.expires_at,
            session.ends_at
        from mini_session as session
        join holder on holder.holder_id = session.holder_id
        join app on app.app_id = session.app_id
        left join holder_bond on holder_bond.visitor_id = session.holder_id
        left join holder as card_holder
            on card_holder.holder_id = holder_bond.card_holder_id and card_holder.app_id = app.cards_app_id
        where session.token_hash = $1
            and session.revoked_at is null
            and $2 < session.expires_at
            and $2 < session.ends_at
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
        "update mini_session set expires_at = greatest(expires_at, $2) where session_id = $1",
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
        "update mini_session set revoked_at = coalesce(revoked_at, $2) where session_id = $1",
        id as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends all sessions of a holder at `now`; how many there were.
pub async fn revoke_all(
    conn: &mut PgConnection,
    holder: HolderId,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        update mini_session
        set revoked_at = $2
        where holder_id = $1 and revoked_at is null and $2 < expires_at and $2 < ends_at
        "#,
        holder as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
