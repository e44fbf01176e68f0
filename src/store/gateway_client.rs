//! Front ends of the merchant's that call in a protocol of their own, and the counter that tells when they or their grants
//! changed.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::domain::{
    gateway::Protocol,
    id::{AppId, GatewayClientId},
};

/// One client, without its secrets.
#[derive(Clone)]
pub struct Client {
    /// Ours.
    pub id: GatewayClientId,
    /// In which it speaks; never changes.
    pub protocol: Protocol,
    /// By which it names itself; never changes.
    pub name: String,
    /// What only the protocol's room understands.
    pub settings: Value,
    /// Which apps it sees; `None` for all.
    pub apps: Option<Vec<AppId>>,
    /// Until when the secret before the present one counts.
    pub old_secret_until: Option<DateTime<Utc>>,
    /// Guards concurrent edits.
    pub version: i32,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Since when nobody is known by this name.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// The secrets of a client, as they are sealed.
#[derive(Clone)]
pub struct SealedSecrets {
    /// Whose.
    pub client: GatewayClientId,
    /// The present one.
    pub secret: Vec<u8>,
    /// The one before.
    pub old_secret: Option<Vec<u8>>,
    /// With which answers are signed.
    pub salt: Option<Vec<u8>>,
}

/// Counts up whenever a client or a grant changes.
pub async fn version(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!("select version from gateway_version").fetch_one(conn).await
}

/// Tells all servers to read clients and grants again; belongs into the transaction that changes them.
pub async fn mark_changed(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("update gateway_version set version = version + 1").execute(conn).await?;
    Ok(())
}

/// Adds a client; breaks `gateway_client_one_per_name` when there is one of this name.
pub async fn insert(
    conn: &mut PgConnection,
    client: &Client,
    secrets: &SealedSecrets,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into gateway_client (
            client_id, protocol, name, settings, apps, secret_sealed, salt_sealed, version,
            created_at, updated_at
        )
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        client.id as _,
        client.protocol as _,
        client.name,
        client.settings,
        client.apps.as_deref() as _,
        secrets.secret,
        secrets.salt.as_deref(),
        client.version,
        client.created_at,
        client.updated_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One client.
pub async fn find(conn: &mut PgConnection, id: GatewayClientId) -> sqlx::Result<Option<Client>> {
    sqlx::query_as!(
        Client,
        r#"
        select client_id as "id: GatewayClientId", protocol as "protocol: Protocol", name, settings,
            apps as "apps: Vec<AppId>", old_secret_until, version, created_at, updated_at, disabled_at
        from gateway_client
        where client_id = $1
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
}

/// One client, kept from changing until the transaction ends.
pub async fn lock(conn: &mut PgConnection, id: GatewayClientId) -> sqlx::Result<Option<Client>> {
    sqlx::query_as!(
        Client,
        r#"
        select client_id as "id: GatewayClientId", protocol as "protocol: Protocol", name, settings,
            apps as "apps: Vec<AppId>", old_secret_until, version, created_at, updated_at, disabled_at
        from gateway_client
        where client_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
}

/// Newest first, older than `before`.
pub async fn list(
    conn: &mut PgConnection,
    before: Option<GatewayClientId>,
    limit: i64,
) -> sqlx::Result<Vec<Client>> {
    sqlx::query_as!(
        Client,
        r#"
        select client_id as "id: GatewayClientId", protocol as "protocol: Protocol", name, settings,
            apps as "apps: Vec<AppId>", old_secret_until, version, created_at, updated_at, disabled_at
        from gateway_client
        where $1::uuid is null or client_id < $1
        order by client_id desc
        limit $2
        "#,
        before as _,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// All that are not disabled, with their secrets.
pub async fn list_live(conn: &mut PgConnection) -> sqlx::Result<Vec<(Client, SealedSecrets)>> {
    let rows = sqlx::query!(
        r#"
        select client_id as "id: GatewayClientId", protocol as "protocol: Protocol", name, settings,
            apps as "apps: Vec<AppId>", old_secret_until, version, created_at, updated_at, disabled_at,
            secret_sealed, old_secret_sealed, salt_sealed
        from gateway_client
        where disabled_at is null
        "#,
    )
    .fetch_all(conn)
    .await?;
    let clients = rows.into_iter().map(|row| {
        let secrets = SealedSecrets {
            client: row.id,
            secret: row.secret_sealed,
            old_secret: row.old_secret_sealed,
            salt: row.salt_sealed,
        };
        let client = Client {
            id: row.id,
            protocol: row.protocol,
            name: row.name,
            settings: row.settings,
            apps: row.apps,
            old_secret_until: row.old_secret_until,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            disabled_at: row.disabled_at,
        };
        (client, secrets)
    });
    Ok(clients.collect())
}

/// Writes what may change of a client, but for its secrets.
pub async fn update(conn: &mut PgConnection, client: &Client) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update gateway_client
        set settings = $2, apps = $3, disabled_at = $4, version = $5, updated_at = $6
        where client_id = $1
        "#,
        client.id as _,
        client.settings,
        client.apps.as_deref() as _,
        client.disabled_at,
        client.version,
        client.updated_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The present secret as it is sealed.
pub async fn find_secret(
    conn: &mut PgConnection,
    id: GatewayClientId,
) -> sqlx::Result<Option<Vec<u8>>> {
    let found = sqlx::query_scalar!(
        "select secret_sealed from gateway_client where client_id = $1",
        id as _
    );
    found.fetch_optional(conn).await
}

/// Keeps a new secret, and the one before for a while or not at all.
pub async fn set_secret(
    conn: &mut PgConnection,
    id: GatewayClientId,
    sealed: &[u8],
    old: Option<(&[u8], DateTime<Utc>)>,
) -> sqlx::Result<()> {
    let (old, until) = old.unzip();
    sqlx::query!(
        r#"
        update gateway_client
        set secret_sealed = $2, old_secret_sealed = $3, old_secret_until = $4
        where client_id = $1
        "#,
        id as _,
        sealed,
        old,
        until,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Without the name, which is half of what a caller shows.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, protocol, version, .. } = self;
        f.debug_struct("Client")
            .field("id", id)
            .field("protocol", protocol)
            .field("version", version)
            .finish_non_exhaustive()
    }
}

/// Only whose they are.
impl fmt::Debug for SealedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedSecrets({})", self.client)
    }
}
