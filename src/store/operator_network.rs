//! The networks from which people at work log in, and from which their passwords are guessed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{guessing::Tries, id::OperatorId};

/// How somebody's account stands with a network; to be asked with their row locked, where it is to be changed.
pub async fn find_tries(
    conn: &mut PgConnection,
    operator: OperatorId,
    network: &str,
) -> sqlx::Result<Option<Tries>> {
    sqlx::query_as!(
        Tries,
        r#"
        select
            coalesce(tried.failures, 0) as "failures!",
            tried.blocked_until as "blocked_until?",
            tried.logged_in_at as "logged_in_at?",
            operator.blocked_until as closed_until
        from operator
        left join operator_network as tried
            on tried.operator_id = operator.operator_id and tried.network = $2
        where operator.operator_id = $1
        "#,
        operator as _,
        network,
    )
    .fetch_optional(conn)
    .await
}

/// Writes down the wrong passwords from a network.
pub async fn set_failures(
    conn: &mut PgConnection,
    operator: OperatorId,
    network: &str,
    tries: &Tries,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into operator_network (operator_id, network, failures, blocked_until, seen_at)
        values ($1, $2, $3, $4, $5)
        on conflict on constraint operator_network_once do update
        set failures = $3, blocked_until = $4, seen_at = $5
        "#,
        operator as _,
        network,
        tries.failures,
        tries.blocked_until,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes a login from a network, and forgets the wrong passwords from there.
pub async fn mark_logged_in(
    conn: &mut PgConnection,
    operator: OperatorId,
    network: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into operator_network (operator_id, network, logged_in_at, seen_at)
        values ($1, $2, $3, $3)
        on conflict on constraint operator_network_once do update
        set failures = 0, blocked_until = null, logged_in_at = $3, seen_at = $3
        "#,
        operator as _,
        network,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets all wrong passwords from the networks of somebody.
pub async fn forgive(conn: &mut PgConnection, operator: OperatorId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update operator_network
        set failures = 0, blocked_until = null
        where operator_id = $1 and failures > 0
        "#,
        operator as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}
