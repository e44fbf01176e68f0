//! Numbers that gateways' clients have used, each once.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::id::GatewayClientId;

/// One use of one number.
#[derive(Debug, Clone)]
pub struct Nonce {
    /// Who uses it.
    pub client: GatewayClientId,
    /// As the client wrote it.
    pub nonce: String,
    /// Until when it must be known.
    pub until: DateTime<Utc>,
}

/// Keeps those that nobody has used; gives them back, each once however often it was asked for.
pub async fn take(
    conn: &mut PgConnection,
    nonces: &[Nonce],
) -> sqlx::Result<Vec<(GatewayClientId, String)>> {
    let clients: Vec<Uuid> = nonces.iter().map(|nonce| nonce.client.uuid()).collect();
    let texts: Vec<String> = nonces.iter().map(|nonce| nonce.nonce.clone()).collect();
    let ends: Vec<DateTime<Utc>> = nonces.iter().map(|nonce| nonce.until).collect();
    let taken = sqlx::query!(
        r#"
        insert into gateway_nonce (client_id, nonce, expires_at)
        select asked.client_id, asked.nonce, asked.expires_at
        from unnest($1::uuid[], $2::text[], $3::timestamptz[])
            as asked (client_id, nonce, expires_at)
        -- Two who take the same ones wait for each other in one order.
        order by 1, 2
        on conflict (client_id, nonce) do nothing
        returning client_id as "client: GatewayClientId", nonce
        "#,
        &clients,
        &texts,
        &ends,
    )
    .fetch_all(conn)
    .await?;
    Ok(taken.into_iter().map(|row| (row.client, row.nonce)).collect())
}

/// Forgets up to `limit` of those that ended before `moment`; how many.
pub async fn forget_before(
    conn: &mut PgConnection,
    moment: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        r#"
        delete from gateway_nonce
        using (
            select client_id, nonce
            from gateway_nonce
            where expires_at < $1
            order by expires_at
            limit $2
            for update skip locked
        ) as old
        where gateway_nonce.client_id = old.client_id and gateway_nonce.nonce = old.nonce
        "#,
        moment,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(forgotten.rows_affected())
}
