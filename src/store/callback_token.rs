//! The secret parts of callback addresses, as hashes.

use chrono::{DateTime, TimeDelta, Utc};
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

/// Adds a token.
pub async fn insert(
    conn: &mut PgConnection,
    placement: PlacementId,
    token: &CallbackToken,
    secret_hash: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into callback_token (token_id, placement_id, secret_hash, created_at, retires_at)
        values ($1, $2, $3, $4, $5)
        "#,
        token.id as _,
        placement as _,
        secret_hash,
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
        order by token_id desc
        "#,
        placement as _,
    )
    .fetch_all(conn)
    .await
}

/// How long older tokens of its placement live on after the platform was told of this one.
pub async fn set_overlap(
    conn: &mut PgConnection,
    id: TokenId,
    overlap: TimeDelta,
) -> sqlx::Result<()> {
    let seconds = i32::try_from(overlap.num_seconds()).unwrap_or(i32::MAX);
    sqlx::query!(
        r#"
        update callback_token
        set overlap_seconds = $2
        where token_id = $1
        "#,
        id as _,
        seconds,
    )
    .execute(conn)
    .await?;
    Ok(())
}
