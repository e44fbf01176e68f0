//! Addresses to which platforms push what happens to cards: one for each account.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::domain::id::AppId;

/// One address, as it is sealed.
#[derive(Clone)]
pub struct SealedAddress {
    /// Whose.
    pub app: AppId,
    /// By which the address is recognised.
    pub secret_hash: [u8; 32],
    /// The secret part of the address.
    pub secret: Vec<u8>,
    /// With which pushes are signed.
    pub token: Vec<u8>,
    /// With which they are encrypted.
    pub key: Vec<u8>,
    /// The token before.
    pub previous_token: Option<Vec<u8>>,
    /// The key before.
    pub previous_key: Option<Vec<u8>>,
    /// When there first was an address.
    pub created_at: DateTime<Utc>,
    /// Since when token and key are what they are.
    pub changed_at: DateTime<Utc>,
}

/// An address with what is known of its account.
#[derive(Debug, Clone)]
pub struct LiveAddress {
    /// The platform's public name of the account.
    pub app_key: String,
    /// What the platform's room keeps with the account.
    pub settings: Value,
    /// The address.
    pub sealed: SealedAddress,
}

/// All addresses.
pub async fn list_live(conn: &mut PgConnection) -> sqlx::Result<Vec<LiveAddress>> {
    let rows = sqlx::query!(
        r#"
        select app.app_id as "app_id: AppId", app.app_key, app.settings, secret_hash, push_address.secret_sealed,
            token_sealed, key_sealed, previous_token_sealed, previous_key_sealed,
            push_address.created_at, changed_at
        from push_address
        join app using (app_id)
        "#,
    )
    .fetch_all(conn)
    .await?;
    let addresses = rows.into_iter().filter_map(|row| {
        let sealed = SealedAddress {
            app: row.app_id,
            secret_hash: row.secret_hash.try_into().ok()?,
            secret: row.secret_sealed,
            token: row.token_sealed,
            key: row.key_sealed,
            previous_token: row.previous_token_sealed,
            previous_key: row.previous_key_sealed,
            created_at: row.created_at,
            changed_at: row.changed_at,
        };
        Some(LiveAddress { app_key: row.app_key, settings: row.settings, sealed })
    });
    Ok(addresses.collect())
}

/// The address of an account.
pub async fn find(conn: &mut PgConnection, app: AppId) -> sqlx::Result<Option<SealedAddress>> {
    let row = sqlx::query!(
        r#"
        select secret_hash, secret_sealed, token_sealed, key_sealed, previous_token_sealed,
            previous_key_sealed, created_at, changed_at
        from push_address
        where app_id = $1
        "#,
        app as _,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.and_then(|row| {
        Some(SealedAddress {
            app,
            secret_hash: row.secret_hash.try_into().ok()?,
            secret: row.secret_sealed,
            token: row.token_sealed,
            key: row.key_sealed,
            previous_token: row.previous_token_sealed,
            previous_key: row.previous_key_sealed,
            created_at: row.created_at,
            changed_at: row.changed_at,
        })
    }))
}

/// Keeps the address of an account in the place of the one it may have had; when it first had one stays known.
pub async fn put(conn: &mut PgConnection, address: &SealedAddress) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into push_address (
            app_id, secret_hash, secret_sealed, token_sealed, key_sealed, previous_token_sealed,
            previous_key_sealed, created_at, changed_at
        )
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (app_id) do update
        set secret_hash = excluded.secret_hash,
            secret_sealed = excluded.secret_sealed,
            token_sealed = excluded.token_sealed,
            key_sealed = excluded.key_sealed,
            previous_token_sealed = excluded.previous_token_sealed,
            previous_key_sealed = excluded.previous_key_sealed,
            changed_at = excluded.changed_at
        "#,
        address.app as _,
        &address.secret_hash,
        address.secret,
        address.token,
        address.key,
        address.previous_token.as_deref(),
        address.previous_key.as_deref(),
        address.created_at,
        address.changed_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the address of an account away; whether it had one.
pub async fn delete(conn: &mut PgConnection, app: AppId) -> sqlx::Result<bool> {
    let gone = sqlx::query!("delete from push_address where app_id = $1", app as _);
    Ok(gone.execute(conn).await?.rows_affected() == 1)
}

/// Forgets what addresses had before a change that was made before `moment`; of how many.
pub async fn forget_previous(conn: &mut PgConnection, moment: DateTime<Utc>) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        r#"
        update push_address
        set previous_token_sealed = null, previous_key_sealed = null
        where previous_token_sealed is not null and changed_at <= $1
        "#,
        moment,
    )
    .execute(conn)
    .await?;
    Ok(forgotten.rows_affected())
}

/// Only whose it is.
impl fmt::Debug for SealedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedAddress({})", self.app)
    }
}
