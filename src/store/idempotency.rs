//! Answers of our own API, kept by the caller's own name of each request.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, postgres::types::PgInterval};
use uuid::Uuid;

/// A request by its caller's own name.
#[derive(Debug, Clone)]
pub struct NamedRequest {
    /// The key, operator or holder that asks.
    pub owner: Uuid,
    /// The name.
    pub key: String,
    /// Of all that makes it this request.
    pub hash: [u8; 32],
}

/// What is known of a name that was used before.
#[derive(Debug)]
pub struct Known {
    /// Of the request that used it.
    pub request_hash: Vec<u8>,
    /// Absent while it is being answered.
    pub answer: Option<KeptAnswer>,
}

/// An answer as it was given.
#[derive(Debug, Clone)]
pub struct KeptAnswer {
    /// Of HTTP.
    pub status: i16,
    /// Of the body.
    pub content_type: Option<String>,
    /// Of what people read in it.
    pub content_language: Option<String>,
    /// Where to look for what was made.
    pub location: Option<String>,
    /// Byte for byte.
    pub body: KeptBody,
}

/// The body of an answer.
#[derive(Debug, Clone)]
pub enum KeptBody {
    /// As it was sent.
    Plain(Vec<u8>),
    /// It shows a secret.
    Sealed {
        /// The row of its place.
        id: Uuid,
        /// What the vault made of it.
        sealed: Vec<u8>,
    },
}

/// Takes the name for one request, or takes it over when whoever had it for the same request has left it; until when
/// nobody else may. `None` when the name is in use.
pub async fn take(
    conn: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    request: &NamedRequest,
    lease: Duration,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    let lease = PgInterval::try_from(lease).unwrap_or_default();
    sqlx::query_scalar!(
        r#"
        insert into idempotency (owner, key, request_hash, created_at, leased_until)
        select $1, $2, $3, clock.now, clock.now + $5
        from (select coalesce($4::timestamptz, clock_timestamp()) as now) as clock
        on conflict (owner, key) do update
        set leased_until = excluded.leased_until
        where idempotency.request_hash = excluded.request_hash
          and idempotency.leased_until <= excluded.created_at
        returning leased_until as "leased_until!"
        "#,
        request.owner,
        request.key,
        request.hash.as_slice(),
        now,
        lease,
    )
    .fetch_optional(conn)
    .await
}

/// What is known of a name.
pub async fn find(conn: &mut PgConnection, owner: Uuid, key: &str) -> sqlx::Result<Option<Known>> {
    let row = sqlx::query!(
        r#"
        select request_hash, status, content_type, content_language, location, body, sealed_id, body_sealed
        from idempotency
        where owner = $1 and key = $2
        "#,
        owner,
        key,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| {
        let body = match (row.sealed_id, row.body_sealed) {
            (Some(id), Some(sealed)) => KeptBody::Sealed { id, sealed },
            _ => KeptBody::Plain(row.body.unwrap_or_default()),
        };
        let (content_type, content_language) = (row.content_type, row.content_language);
        let location = row.location;
        let answer = row.status.map(|status| KeptAnswer {
            status,
            content_type,
            content_language,
            location,
            body,
        });
        Known { request_hash: row.request_hash, answer }
    }))
}

/// Keeps the answer; whether the name was still ours.
pub async fn settle(
    conn: &mut PgConnection,
    request: &NamedRequest,
    leased_until: DateTime<Utc>,
    answer: &KeptAnswer,
) -> sqlx::Result<bool> {
    let (plain, sealed_id, sealed) = match &answer.body {
        KeptBody::Plain(body) => (Some(body.as_slice()), None, None),
        KeptBody::Sealed { id, sealed } => (None, Some(*id), Some(sealed.as_slice())),
    };
    let update = sqlx::query!(
        r#"
        update idempotency
        set leased_until = null,
            status = $4,
            content_type = $5,
            content_language = $6,
            location = $7,
            body = $8,
            sealed_id = $9,
            body_sealed = $10
        where owner = $1 and key = $2 and leased_until = $3
        "#,
        request.owner,
        request.key,
        leased_until,
        answer.status,
        answer.content_type,
        answer.content_language,
        answer.location,
        plain,
        sealed_id,
        sealed,
    );
    Ok(update.execute(conn).await?.rows_affected() == 1)
}

/// Lets the name go, unless somebody else has it by now.
pub async fn give_up(
    conn: &mut PgConnection,
    request: &NamedRequest,
    leased_until: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from idempotency where owner = $1 and key = $2 and leased_until = $3",
        request.owner,
        request.key,
        leased_until,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends the lease, unless somebody else has it by now. The name stays that of this request, which may be answered anew.
pub async fn put_off(
    conn: &mut PgConnection,
    request: &NamedRequest,
    leased_until: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update idempotency
        set leased_until = created_at
        where owner = $1 and key = $2 and leased_until = $3
        "#,
        request.owner,
        request.key,
        leased_until,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets up to `limit` names that were first used before `moment`; how many it were.
pub async fn forget_before(
    conn: &mut PgConnection,
    moment: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let delete = sqlx::query!(
        r#"
        delete from idempotency
        using (
            select owner, key
            from idempotency
            where created_at < $1
            order by created_at
            limit $2
            -- Who uses one of them just now goes first.
            for update skip locked
        ) as old
        where idempotency.owner = old.owner and idempotency.key = old.key
        "#,
        moment,
        limit,
    );
    Ok(delete.execute(conn).await?.rows_affected())
}
