//! Keys of the merchant's systems, as hashes.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{access::Role, id::KeyId};

/// What may be shown of a key.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Ours.
    pub id: KeyId,
    /// For people.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Its first characters.
    pub prefix: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// To the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// From here on it is no key any more.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Adds a key.
pub async fn insert(conn: &mut PgConnection, key: &ApiKey, secret_hash: &[u8]) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into api_key (key_id, name, role, prefix, secret_hash, created_at)
        values ($1, $2, $3, $4, $5, $6)
        "#,
        key.id as _,
        key.name,
        key.role as _,
        key.prefix,
        secret_hash,
        key.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The key with this hash, unless it was revoked.
pub async fn find_live(
    conn: &mut PgConnection,
    secret_hash: &[u8],
) -> sqlx::Result<Option<ApiKey>> {
    sqlx::query_as!(
        ApiKey,
        r#"
        select key_id as "id: KeyId", name, role as "role: Role", prefix, created_at, last_used_at,
            revoked_at
        from api_key
        where secret_hash = $1 and revoked_at is null
        "#,
        secret_hash,
    )
    .fetch_optional(conn)
    .await
}

/// Notes that a key was used at `now`.
pub async fn mark_used(conn: &mut PgConnection, id: KeyId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update api_key
        set last_used_at = $2
        where key_id = $1
        "#,
        id as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Revokes a key, keeping the time when it was revoked before; `None` when there is no such key.
pub async fn revoke(
    conn: &mut PgConnection,
    id: KeyId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<ApiKey>> {
    sqlx::query_as!(
        ApiKey,
        r#"
        update api_key
        set revoked_at = coalesce(revoked_at, $2)
        where key_id = $1
        returning key_id as "id: KeyId", name, role as "role: Role", prefix, created_at, last_used_at,
            revoked_at
        "#,
        id as _,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// All keys, newest first; there are few.
pub async fn list(conn: &mut PgConnection) -> sqlx::Result<Vec<ApiKey>> {
    sqlx::query_as!(
        ApiKey,
        r#"
        select key_id as "id: KeyId", name, role as "role: Role", prefix, created_at, last_used_at,
            revoked_at
        from api_key
        order by key_id desc
        "#,
    )
    .fetch_all(conn)
    .await
}
