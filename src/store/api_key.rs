//! Keys of the merchant's systems, as hashes.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    access::{Grant, Role, Scope},
    id::KeyId,
};

/// What may be shown of a key.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Ours.
    pub id: KeyId,
    /// For people.
    pub name: String,
    /// What it may do.
    pub grant: Grant,
    /// Networks it may come from; empty for anywhere.
    pub sources: Vec<String>,
    /// Its first characters.
    pub prefix: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// To the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// From here on another one of the same name has taken its place.
    pub retires_at: Option<DateTime<Utc>>,
    /// From here on it is no key any more.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A key as its row has it.
struct Row {
    id: KeyId,
    name: String,
    role: Option<Role>,
    scopes: Vec<Scope>,
    sources: Vec<String>,
    prefix: String,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    retires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

/// Adds a key.
pub async fn insert(conn: &mut PgConnection, key: &ApiKey, secret_hash: &[u8]) -> sqlx::Result<()> {
    let (role, scopes) = match &key.grant {
        Grant::Role(role) => (Some(*role), &[][..]),
        Grant::Scopes(scopes) => (None, &scopes[..]),
    };
    sqlx::query!(
        r#"
        insert into api_key (key_id, name, role, scopes, sources, prefix, secret_hash, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        "#,
        key.id as _,
        key.name,
        role as _,
        scopes as _,
        &key.sources,
        key.prefix,
        secret_hash,
        key.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The keys with these hashes, whether or not they count, in no order.
pub async fn list_by_hash(
    conn: &mut PgConnection,
    secret_hashes: &[[u8; 32]],
) -> sqlx::Result<Vec<(Vec<u8>, ApiKey)>> {
    let hashes: Vec<&[u8]> = secret_hashes.iter().map(|hash| &hash[..]).collect();
    let rows = sqlx::query!(
        r#"
        select secret_hash, key_id as "id: KeyId", name, role as "role: Role", scopes as "scopes: Vec<Scope>",
            sources, prefix, created_at, last_used_at, retires_at, revoked_at
        from api_key
        where secret_hash = any ($1)
        "#,
        &hashes as _,
    )
    .fetch_all(conn)
    .await?;
    let keys = rows.into_iter().map(|row| {
        let key = ApiKey {
            id: row.id,
            name: row.name,
            grant: row.role.map_or(Grant::Scopes(row.scopes), Grant::Role),
            sources: row.sources,
            prefix: row.prefix,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            retires_at: row.retires_at,
            revoked_at: row.revoked_at,
        };
        (row.secret_hash, key)
    });
    Ok(keys.collect())
}

/// One key, whether or not it counts.
pub async fn find(conn: &mut PgConnection, id: KeyId) -> sqlx::Result<Option<ApiKey>> {
    sqlx::query_as!(
        Row,
        r#"
        select key_id as "id: KeyId", name, role as "role: Role", scopes as "scopes: Vec<Scope>", sources,
            prefix, created_at, last_used_at, retires_at, revoked_at
        from api_key
        where key_id = $1
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
    .map(|row| row.map(ApiKey::from))
}

/// Lets nobody else make or exchange keys of this name until the transaction ends.
pub async fn lock_name(conn: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    sqlx::query!(
        // The first number is the oid of the table, so that no other lock is meant by the same pair.
        r#"select pg_advisory_xact_lock('api_key'::regclass::oid::integer, hashtext($1))"#,
        name,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many keys of this name count at `now`.
pub async fn count_live(
    conn: &mut PgConnection,
    name: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from api_key
        where name = $1 and revoked_at is null and (retires_at is null or $2 < retires_at)
        "#,
        name,
        now,
    )
    .fetch_one(conn)
    .await
}

/// Lets a key count no longer than until then.
pub async fn retire(conn: &mut PgConnection, id: KeyId, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update api_key set retires_at = least(retires_at, $2) where key_id = $1",
        id as _,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that a key was used at `now`, if its last use was noted at `before` or earlier.
pub async fn mark_used(
    conn: &mut PgConnection,
    id: KeyId,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update api_key
        set last_used_at = $2
        where key_id = (
            select key_id
            from api_key
            where key_id = $1 and (last_used_at is null or last_used_at <= $3)
            -- Of many who note the same use one is enough; the others do not wait for him.
            for no key update skip locked
        )
        "#,
        id as _,
        now,
        before,
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
        Row,
        r#"
        update api_key
        set revoked_at = coalesce(revoked_at, $2)
        where key_id = $1
        returning key_id as "id: KeyId", name, role as "role: Role", scopes as "scopes: Vec<Scope>", sources,
            prefix, created_at, last_used_at, retires_at, revoked_at
        "#,
        id as _,
        now,
    )
    .fetch_optional(conn)
    .await
    .map(|row| row.map(ApiKey::from))
}

/// All keys, newest first; there are few.
pub async fn list(conn: &mut PgConnection) -> sqlx::Result<Vec<ApiKey>> {
    sqlx::query_as!(
        Row,
        r#"
        select key_id as "id: KeyId", name, role as "role: Role", scopes as "scopes: Vec<Scope>", sources,
            prefix, created_at, last_used_at, retires_at, revoked_at
        from api_key
        order by key_id desc
        "#,
    )
    .fetch_all(conn)
    .await
    .map(|rows| rows.into_iter().map(ApiKey::from).collect())
}

/// Keys, newest first, from before `before`.
pub async fn list_before(
    conn: &mut PgConnection,
    before: Option<KeyId>,
    limit: i64,
) -> sqlx::Result<Vec<ApiKey>> {
    sqlx::query_as!(
        Row,
        r#"
        select key_id as "id: KeyId", name, role as "role: Role", scopes as "scopes: Vec<Scope>", sources,
            prefix, created_at, last_used_at, retires_at, revoked_at
        from api_key
        where $1::uuid is null or key_id < $1
        order by key_id desc
        limit $2
        "#,
        before as _,
        limit,
    )
    .fetch_all(conn)
    .await
    .map(|rows| rows.into_iter().map(ApiKey::from).collect())
}

impl ApiKey {
    /// Whether it is still a key.
    pub fn counts_at(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.retires_at.is_none_or(|at| now < at)
    }
}

impl From<Row> for ApiKey {
    fn from(row: Row) -> Self {
        let Row { id, name, role, scopes, sources, prefix, .. } = row;
        Self {
            id,
            name,
            grant: role.map_or(Grant::Scopes(scopes), Grant::Role),
            sources,
            prefix,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            retires_at: row.retires_at,
            revoked_at: row.revoked_at,
        }
    }
}
