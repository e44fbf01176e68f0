//! What platforms have pushed of cards, as it came.

use std::{collections::HashSet, fmt};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::domain::id::{AppId, PushId};

/// One push.
#[derive(Clone)]
pub struct NewCardPush {
    /// Whose account it came to.
    pub app: AppId,
    /// Who did it.
    pub open_id: String,
    /// By the platform's clock.
    pub pushed_at: DateTime<Utc>,
    /// The platform's word for what happened.
    pub kind: String,
    /// The platform's id of the placement; empty where it is about none.
    pub card_ref: String,
    /// Of the card; empty where it is about none.
    pub code: String,
    /// SHA-256 of the message.
    pub digest: [u8; 32],
    /// The message.
    pub body: String,
    /// In our words; `None` for what concerns no coupon, which nobody then applies.
    pub event: Option<Value>,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

/// What became of one push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is new.
    New,
    /// It was there.
    Known,
}

/// Keeps those that are not there yet; what became of each, in their order.
pub async fn insert(conn: &mut PgConnection, pushes: &[&NewCardPush]) -> sqlx::Result<Vec<Kept>> {
    let ids: Vec<_> = pushes.iter().map(|push| PushId::new(push.received_at).uuid()).collect();
    let column = |value: fn(&NewCardPush) -> &str| -> Vec<&str> {
        pushes.iter().map(|push| value(push)).collect()
    };
    let apps: Vec<_> = pushes.iter().map(|push| push.app.uuid()).collect();
    let moments: Vec<_> = pushes.iter().map(|push| push.pushed_at).collect();
    let received: Vec<_> = pushes.iter().map(|push| push.received_at).collect();
    let digests: Vec<_> = pushes.iter().map(|push| &push.digest[..]).collect();
    let events: Vec<_> = pushes.iter().map(|push| push.event.as_ref()).collect();
    let fresh = sqlx::query_scalar!(
        r#"
        insert into card_push (
            push_id, app_id, open_id, pushed_at, kind, card_ref, code, digest, body, event, state,
            due_at, received_at
        )
        select
            push_id, app_id, open_id, pushed_at, kind, card_ref, code, digest, body, event,
            case when event is null then 'ignored' else 'pending' end, received_at, received_at
        from unnest(
            $1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::text[],
            $7::text[], $8::bytea[], $9::text[], $10::jsonb[], $11::timestamptz[]
        ) as push (
            push_id, app_id, open_id, pushed_at, kind, card_ref, code, digest, body, event,
            received_at
        )
        -- Two servers that keep the same ones wait for each other in one order.
        order by app_id, open_id collate "C", pushed_at, kind collate "C", card_ref collate "C", code collate "C"
        on conflict on constraint card_push_once do nothing
        returning push_id
        "#,
        &ids,
        &apps,
        column(|push| &push.open_id) as _,
        &moments,
        column(|push| &push.kind) as _,
        column(|push| &push.card_ref) as _,
        column(|push| &push.code) as _,
        digests as _,
        column(|push| &push.body) as _,
        events as _,
        &received,
    )
    .fetch_all(conn)
    .await?;
    let fresh: HashSet<_> = fresh.into_iter().collect();
    Ok(ids.iter().map(|id| if fresh.contains(id) { Kept::New } else { Kept::Known }).collect())
}

/// Forgets up to `limit` of those that came before `moment` and of which nothing more will come; how many.
pub async fn forget_before(
    conn: &mut PgConnection,
    moment: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        r#"
        delete from card_push
        where push_id in (
            select push_id
            from card_push
            where received_at < $1 and state in ('applied', 'ignored', 'foreign')
            order by received_at
            limit $2
            for update skip locked
        )
        "#,
        moment,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(forgotten.rows_affected())
}

/// Without who and what: whose account, and the platform's word.
impl fmt::Debug for NewCardPush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCardPush")
            .field("app", &self.app)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
