//! What gateways' clients act for.

use std::fmt;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::id::{AppId, GatewayClientId, GatewayGrantId};

/// One grant.
#[derive(Clone)]
pub struct Grant {
    /// Ours.
    pub id: GatewayGrantId,
    /// Whose it is.
    pub client: GatewayClientId,
    /// By which the client names it.
    pub code: String,
    /// Which apps it sees; `None` for all.
    pub apps: Option<Vec<AppId>>,
    /// What it may do, in the protocol's words; `None` for everything.
    pub actions: Option<Vec<String>>,
    /// Which shops exist for it; `None` for any.
    pub stores: Option<Vec<String>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it counts no more.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Adds a grant; breaks `gateway_grant_code_once` when the code was ever somebody's.
pub async fn insert(conn: &mut PgConnection, grant: &Grant) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into gateway_grant (
            grant_id, client_id, code, apps, actions, stores, created_at, revoked_at
        )
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        "#,
        grant.id as _,
        grant.client as _,
        grant.code,
        grant.apps.as_deref() as _,
        grant.actions.as_deref(),
        grant.stores.as_deref(),
        grant.created_at,
        grant.revoked_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One grant, kept from changing until the transaction ends.
pub async fn lock(conn: &mut PgConnection, id: GatewayGrantId) -> sqlx::Result<Option<Grant>> {
    sqlx::query_as!(
        Grant,
        r#"
        select grant_id as "id: GatewayGrantId", client_id as "client: GatewayClientId", code,
            apps as "apps: Vec<AppId>", actions, stores, created_at, revoked_at
        from gateway_grant
        where grant_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
}

/// Those of a client, newest first, older than `before`.
pub async fn list(
    conn: &mut PgConnection,
    client: GatewayClientId,
    before: Option<GatewayGrantId>,
    limit: i64,
) -> sqlx::Result<Vec<Grant>> {
    sqlx::query_as!(
        Grant,
        r#"
        select grant_id as "id: GatewayGrantId", client_id as "client: GatewayClientId", code,
            apps as "apps: Vec<AppId>", actions, stores, created_at, revoked_at
        from gateway_grant
        where client_id = $1 and ($2::uuid is null or grant_id < $2)
        order by grant_id desc
        limit $3
        "#,
        client as _,
        before as _,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// All that count, of clients that count.
pub async fn list_live(conn: &mut PgConnection) -> sqlx::Result<Vec<Grant>> {
    sqlx::query_as!(
        Grant,
        r#"
        select grant_id as "id: GatewayGrantId", client_id as "client: GatewayClientId", code,
            gateway_grant.apps as "apps: Vec<AppId>", actions, stores, gateway_grant.created_at,
            revoked_at
        from gateway_grant
        join gateway_client using (client_id)
        where revoked_at is null and disabled_at is null
        "#,
    )
    .fetch_all(conn)
    .await
}

/// Counts no more from `now` on.
pub async fn mark_revoked(
    conn: &mut PgConnection,
    id: GatewayGrantId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update gateway_grant set revoked_at = $2 where grant_id = $1 and revoked_at is null",
        id as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Without the code.
impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, client, .. } = self;
        f.debug_struct("Grant").field("id", id).field("client", client).finish_non_exhaustive()
    }
}
