//! Walks along the ends of coupons: each has a row that says how far it has come.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// The walk that counts coupons which ended unused.
pub const EXPIRED: &str = "expired";

/// How far a walk has come: all coupons up to this one lie behind it.
#[derive(Debug, Clone, Copy)]
pub struct Reached {
    /// The end of the last one.
    pub at: DateTime<Utc>,
    /// The last one of those that end then.
    pub id: Uuid,
}

impl Reached {
    /// Whether anything that ends up to `horizon` may still lie ahead.
    pub fn is_before(self, horizon: DateTime<Utc>) -> bool {
        (self.at, self.id) < (horizon, Uuid::max())
    }
}

/// How far the walk has come, kept for whoever asks until the transaction ends; `None` when somebody else walks, or when
/// it has not begun.
pub async fn lock(conn: &mut PgConnection, name: &str) -> sqlx::Result<Option<Reached>> {
    sqlx::query_as!(
        Reached,
        r#"
        select reached_at as at, reached_id as id
        from walk
        where name = $1
        -- One server walks at a time, and nobody waits for it.
        for update skip locked
        "#,
        name,
    )
    .fetch_optional(conn)
    .await
}

/// Begins a walk behind everything that ends up to `from`; one that has begun stays where it is.
pub async fn begin(conn: &mut PgConnection, name: &str, from: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into walk (name, reached_at, reached_id)
        values ($1, $2, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        on conflict do nothing
        "#,
        name,
        from,
    )
    .execute(conn)
    .await?;
    Ok(())
}
