//! The secret parts of callback addresses: as hashes, to know them again, and sealed, to tell a platform again.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::id::{PlacementId, TokenId};

/// What may be shown of a token.
#[derive(Debug, Clone)]
pub struct CallbackToken {
    /// Ours.
    pub id: TokenId,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From here on it is as unknown as a wrong one; `None` while no rotation has begun.
    pub retires_at: Option<DateTime<Utc>>,
}

/// What is kept of a token's secret, and never shown.
#[derive(Debug)]
pub struct Kept {
    /// By which a caller's is recognised.
    pub hash: [u8; 32],
    /// To be opened when a platform is told the address again; `None` where there was no master key.
    pub sealed: Option<Vec<u8>>,
    /// How long older tokens of the placement live on after the platform was told of this one.
    pub overlap_seconds: i32,
}

/// Adds a token.
pub async fn insert(
    conn: &mut PgConnection,
    placement: PlacementId,
    token: &CallbackToken,
    kept: &Kept,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into callback_token
            (token_id, placement_id, secret_hash, secret_sealed, overlap_seconds, created_at, retires_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        token.id as _,
        placement as _,
        &kept.hash,
        kept.sealed.as_deref(),
        kept.overlap_seconds,
        token.created_at,
        token.retires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Retires all tokens of a placement at `at`, or when they already do if that is earlier.
pub async fn retire(
    conn: &mut PgConnection,
    placement: PlacementId,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update callback_token
        set retires_at = $2
        where placement_id = $1 and (retires_at is null or retires_at > $2)
        "#,
        placement as _,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The tokens of a placement, newest first.
pub async fn list(
    conn: &mut PgConnection,
    placement: PlacementId,
) -> sqlx::Result<Vec<CallbackToken>> {
    sqlx::query_as!(
        CallbackToken,
        r#"
        select token_id as "id: TokenId", created_at, retires_at
        from callback_token
        where placement_id = $1
        order by created_at desc, token_id desc
        "#,
        placement as _,
    )
    .fetch_all(conn)
    .await
}

/// The sealed secret of a placement's newest token and its overlap in seconds. `None` when that one was not sealed: the
/// address of an older one would soon be wrong.
pub async fn newest_sealed(
    conn: &mut PgConnection,
    placement: PlacementId,
) -> sqlx::Result<Option<(TokenId, Vec<u8>, i32)>> {
    let newest = sqlx::query!(
        r#"
        select token_id as "id: TokenId", secret_sealed, overlap_seconds
        from callback_token
        where placement_id = $1
        order by created_at desc, token_id desc
        limit 1
        "#,
        placement as _,
    )
    .fetch_optional(conn)
    .await?;
    Ok(newest.and_then(|token| Some((token.id, token.secret_sealed?, token.overlap_seconds))))
}

/// The platform was told of this token: those made before it retire when its overlap has passed, or when they already do
/// if that is earlier.
pub async fn retire_older(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    told: TokenId,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update callback_token as older
        set retires_at = least(older.retires_at, $2::timestamptz + make_interval(secs => told.overlap_seconds))
        from callback_token as told
        where told.token_id = $1
            and older.placement_id = told.placement_id
            and (older.created_at, older.token_id) < (told.created_at, told.token_id)
        "#,
        told as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
