//! What is owed about one subject: looked at, relied upon.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    delivery::{DeliveryKind, DeliveryState},
    id::{AppId, DeliveryId, PlacementId},
};

/// A delivery, as far as whoever owes it wants to know.
#[derive(Debug, Clone)]
pub struct Open {
    /// Ours.
    pub id: DeliveryId,
    /// What it is about.
    pub subject: Uuid,
    /// What.
    pub kind: DeliveryKind,
    /// How far it has come.
    pub state: DeliveryState,
    /// Whether an attempt may have taken effect although we never heard so.
    pub doubt: bool,
    /// Why the last attempt did not settle it, for people.
    pub note: Option<String>,
}

/// One delivery that is there.
pub async fn get(conn: &mut PgConnection, id: DeliveryId) -> sqlx::Result<Open> {
    sqlx::query_as!(
        Open,
        r#"
        select delivery_id as "id: DeliveryId", subject_id as subject, kind as "kind: DeliveryKind",
            state as "state: DeliveryState", doubt, note
        from delivery
        where delivery_id = $1
        "#,
        id as _,
    )
    .fetch_one(conn)
    .await
}

/// What is still owed about these subjects, or was given up, in the order in which it was owed.
pub async fn list_unsettled(conn: &mut PgConnection, subjects: &[Uuid]) -> sqlx::Result<Vec<Open>> {
    sqlx::query_as!(
        Open,
        r#"
        select delivery_id as "id: DeliveryId", subject_id as subject, kind as "kind: DeliveryKind",
            state as "state: DeliveryState", doubt, note
        from delivery
        where subject_id = any($1) and state in ('waiting', 'pending', 'leased', 'dead')
        order by position
        "#,
        subjects,
    )
    .fetch_all(conn)
    .await
}

/// What was owed last about each of these subjects, settled or not.
pub async fn list_latest(conn: &mut PgConnection, subjects: &[Uuid]) -> sqlx::Result<Vec<Open>> {
    sqlx::query_as!(
        Open,
        r#"
        select distinct on (subject_id) delivery_id as "id: DeliveryId", subject_id as subject,
            kind as "kind: DeliveryKind", state as "state: DeliveryState", doubt, note
        from delivery
        where subject_id = any($1)
        order by subject_id, position desc
        "#,
        subjects,
    )
    .fetch_all(conn)
    .await
}

/// What is or was owed of additions of these names, with the name.
pub async fn list_additions(
    conn: &mut PgConnection,
    app: AppId,
    names: &[String],
) -> sqlx::Result<Vec<(String, Open)>> {
    let rows = sqlx::query!(
        r#"
        select delivery_id as "id: DeliveryId", subject_id, kind as "kind: DeliveryKind",
            state as "state: DeliveryState", doubt, note, identity
        from delivery
        where app_id = $1 and kind = 'add_stock' and identity = any($2)
        "#,
        app as _,
        names,
    )
    .fetch_all(conn)
    .await?;
    let open = rows.into_iter().map(|row| {
        let (id, subject, kind, state) = (row.id, row.subject_id, row.kind, row.state);
        (row.identity, Open { id, subject, kind, state, doubt: row.doubt, note: row.note })
    });
    Ok(open.collect())
}

/// A delivery of this kind that no worker has begun to send, kept so until the transaction ends: whatever is committed
/// with it is sent with it.
pub async fn lock_unsent(
    conn: &mut PgConnection,
    subject: Uuid,
    kind: DeliveryKind,
) -> sqlx::Result<Option<Open>> {
    sqlx::query_as!(
        Open,
        r#"
        select delivery_id as "id: DeliveryId", subject_id as subject, kind as "kind: DeliveryKind",
            state as "state: DeliveryState", doubt, note
        from delivery
        where subject_id = $1 and kind = $2 and state in ('waiting', 'pending')
        order by position desc
        limit 1
        -- Not yet leased, and not to be leased before what is being written can be read.
        for share
        "#,
        subject,
        kind as _,
    )
    .fetch_optional(conn)
    .await
}

/// Whether the platform has still to be told of coupons of this placement. Reads what is pending on the app: for now and then.
pub async fn has_open_syncs(
    conn: &mut PgConnection,
    app: AppId,
    placement: PlacementId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select
            from delivery
            where app_id = $1 and state = 'pending' and kind = 'sync' and placement_id = $2
        ) or exists (
            select
            from delivery
            where app_id = $1 and state = 'leased' and kind = 'sync' and placement_id = $2
        ) as "open!"
        "#,
        app as _,
        placement as _,
    )
    .fetch_one(conn)
    .await
}

/// An import of this template of the platform that is still on its way.
pub async fn find_import(
    conn: &mut PgConnection,
    app: AppId,
    platform_ref: &str,
) -> sqlx::Result<Option<Open>> {
    sqlx::query_as!(
        Open,
        r#"
        select delivery_id as "id: DeliveryId", subject_id as subject, kind as "kind: DeliveryKind",
            state as "state: DeliveryState", doubt, note
        from delivery
        where app_id = $1
            and kind = 'import'
            -- Those that begin with it and a slash: '0' is the character after that.
            and identity >= $2::text || '/' and identity < $2::text || '0'
            and state in ('waiting', 'pending', 'leased')
        order by position desc
        limit 1
        "#,
        app as _,
        platform_ref,
    )
    .fetch_optional(conn)
    .await
}

/// Keeps what an attempt must know of the ones before it, if the lease under this fence still stands.
pub async fn remember(
    conn: &mut PgConnection,
    id: DeliveryId,
    fence: i64,
    payload: &Value,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update delivery
        set payload = $3
        where delivery_id = $1 and fence = $2 and state = 'leased'
        "#,
        id as _,
        fence,
        payload,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
