//! People who work for the merchant.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{access::Role, guessing::Tries, id::OperatorId};

/// A person at work.
#[derive(Debug, Clone)]
pub struct Operator {
    /// Ours.
    pub id: OperatorId,
    /// What is typed to log in, in lower case.
    pub login: String,
    /// For people.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The shop of a clerk.
    pub store: Option<String>,
    /// When they were added.
    pub created_at: DateTime<Utc>,
    /// When they last logged in.
    pub last_login_at: Option<DateTime<Utc>>,
    /// From here on they cannot.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// What a login is held against.
#[derive(Debug)]
pub struct Credentials {
    /// Whose.
    pub id: OperatorId,
    /// Argon2id, as a PHC string.
    pub password_hash: String,
    /// From here on they cannot log in.
    pub disabled_at: Option<DateTime<Utc>>,
    /// How the account stands with the network it is tried from.
    pub tries: Tries,
}

/// Adds somebody; breaks `operator_one_per_login` when the login is taken.
pub async fn insert(
    conn: &mut PgConnection,
    operator: &Operator,
    password_hash: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into operator (operator_id, login, name, role, store, password_hash, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        operator.id as _,
        operator.login,
        operator.name,
        operator.role as _,
        operator.store,
        password_hash,
        operator.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a login of this name from this network is held against.
pub async fn find_credentials(
    conn: &mut PgConnection,
    login: &str,
    network: &str,
) -> sqlx::Result<Option<Credentials>> {
    let found = sqlx::query!(
        r#"
        select
            operator.operator_id as "id: OperatorId",
            operator.password_hash,
            operator.disabled_at,
            operator.blocked_until as closed_until,
            tried.failures as "failures?",
            tried.blocked_until as "blocked_until?",
            tried.logged_in_at as "logged_in_at?"
        from operator
        left join operator_network as tried
            on tried.operator_id = operator.operator_id and tried.network = $2
        where operator.login = $1
        "#,
        login,
        network,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| Credentials {
        id: row.id,
        password_hash: row.password_hash,
        disabled_at: row.disabled_at,
        tries: Tries {
            failures: row.failures.unwrap_or_default(),
            blocked_until: row.blocked_until,
            logged_in_at: row.logged_in_at,
            closed_until: row.closed_until,
        },
    }))
}

/// Somebody, by the login.
pub async fn find_by_login(conn: &mut PgConnection, login: &str) -> sqlx::Result<Option<Operator>> {
    sqlx::query_as!(
        Operator,
        r#"
        select operator_id as "id: OperatorId", login, name, role as "role: Role", store,
            created_at, last_login_at, disabled_at
        from operator
        where login = $1
        "#,
        login,
    )
    .fetch_optional(conn)
    .await
}

/// Somebody.
pub async fn find(conn: &mut PgConnection, id: OperatorId) -> sqlx::Result<Option<Operator>> {
    sqlx::query_as!(
        Operator,
        r#"
        select operator_id as "id: OperatorId", login, name, role as "role: Role", store,
            created_at, last_login_at, disabled_at
        from operator
        where operator_id = $1
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
}

/// Everybody, newest first, from before `before`.
pub async fn list(
    conn: &mut PgConnection,
    before: Option<OperatorId>,
    limit: i64,
) -> sqlx::Result<Vec<Operator>> {
    sqlx::query_as!(
        Operator,
        r#"
        select operator_id as "id: OperatorId", login, name, role as "role: Role", store,
            created_at, last_login_at, disabled_at
        from operator
        where $1::uuid is null or operator_id < $1
        order by operator_id desc
        limit $2
        "#,
        before as _,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Keeps the owners who can log in from changing until the transaction ends, in the order of their ids; who they are.
pub async fn lock_owners(conn: &mut PgConnection) -> sqlx::Result<Vec<OperatorId>> {
    sqlx::query_scalar!(
        r#"
        select operator_id as "id: OperatorId"
        from operator
        where role = 'owner' and disabled_at is null
        order by operator_id
        for no key update
        "#,
    )
    .fetch_all(conn)
    .await
}

/// Keeps somebody from changing until the transaction ends, with all that is known of where they are tried from;
/// whether there is somebody.
pub async fn lock(conn: &mut PgConnection, id: OperatorId) -> sqlx::Result<bool> {
    let found = sqlx::query!(
        "select operator_id from operator where operator_id = $1 for no key update",
        id as _,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// Until when no password is looked at from networks that the account does not know.
pub async fn close_until(
    conn: &mut PgConnection,
    id: OperatorId,
    until: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!("update operator set blocked_until = $2 where operator_id = $1", id as _, until)
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes a login with the password of this hash; whether that is still theirs, and they may.
pub async fn mark_logged_in(
    conn: &mut PgConnection,
    id: OperatorId,
    password_hash: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update operator
        set last_login_at = $3
        where operator_id = $1 and password_hash = $2 and disabled_at is null
        "#,
        id as _,
        password_hash,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes what may be changed of somebody.
pub async fn update(conn: &mut PgConnection, operator: &Operator) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update operator
        set name = $2, role = $3, store = $4, disabled_at = $5
        where operator_id = $1
        "#,
        operator.id as _,
        operator.name,
        operator.role as _,
        operator.store,
        operator.disabled_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Replaces the password.
pub async fn set_password(
    conn: &mut PgConnection,
    id: OperatorId,
    password_hash: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update operator set password_hash = $2 where operator_id = $1",
        id as _,
        password_hash,
    )
    .execute(conn)
    .await?;
    Ok(())
}
