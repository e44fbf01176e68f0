//! Changes who somebody at work is, what they may do, whether they may log in, and their password.

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{PgConnection, PgPool};

use super::{
    create_operator::check_texts,
    operator_session::{self, LogInError, Shown},
    password::{HashError, Passwords},
};
use crate::{
    domain::{
        access::Role,
        id::OperatorId,
        password::check_new,
        problem::{Problem, Problems},
    },
    store::{self, operator::Operator},
};

/// What changes; `None` stays.
#[derive(Debug, Default)]
pub struct OperatorEdit {
    /// For people.
    pub name: Option<String>,
    /// What they may do; ends their sessions.
    pub role: Option<Role>,
    /// The shop of a clerk.
    pub store: StoreEdit,
    /// Whether they may log in no more; ends their sessions.
    pub disabled: Option<bool>,
    /// Another password; ends their sessions.
    pub password: Option<SecretString>,
}

/// What becomes of somebody's shop.
#[derive(Debug, Default)]
pub enum StoreEdit {
    /// It stays.
    #[default]
    Keep,
    /// They have none any more.
    Remove,
    /// They are at another one.
    Replace(String),
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum EditOperatorError {
    /// Some value will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// There is nobody of this id.
    #[error("no such operator")]
    NoSuchOperator,
    /// Nobody could give anybody a role any more.
    #[error("this is the last owner who can log in")]
    LastOwner,
    /// No hash could be made.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Why somebody keeps the password they have.
#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    /// The present one was not shown.
    #[error(transparent)]
    LogIn(#[from] LogInError),
    /// The new one will not do.
    #[error(transparent)]
    Edit(#[from] EditOperatorError),
}

/// Changes somebody, and ends their sessions where they may be told apart from whoever may have those.
pub async fn edit_operator(
    db: &PgPool,
    passwords: &Passwords,
    now: DateTime<Utc>,
    id: OperatorId,
    edit: OperatorEdit,
) -> Result<Operator, EditOperatorError> {
    let found = store::operator::find(&mut *db.acquire().await?, id).await?;
    let found = found.ok_or(EditOperatorError::NoSuchOperator)?;
    check(&edit, &found.login).map_err(EditOperatorError::Invalid)?;
    let hash = match &edit.password {
        Some(password) => Some(passwords.hash(password).await?),
        None => None,
    };
    let mut tx = store::begin(db).await?;

    let owners = store::operator::lock_owners(&mut tx).await?;
    store::operator::lock(&mut tx, id).await?;
    let old = store::operator::find(&mut tx, id).await?.ok_or(EditOperatorError::NoSuchOperator)?;
    let new = apply(&old, edit, now);
    let stays_owner = new.role == Role::Owner && new.disabled_at.is_none();
    if owners == [id] && !stays_owner {
        return Err(EditOperatorError::LastOwner);
    }
    store::operator::update(&mut tx, &new).await?;
    if let Some(hash) = &hash {
        store::operator::set_password(&mut tx, id, hash).await?;
        store::operator::close_until(&mut tx, id, None).await?;
        store::operator_network::forgive(&mut tx, id).await?;
    }
    end_sessions(&mut tx, now, &old, &new, hash.is_some()).await?;

    tx.commit().await?;
    tracing::info!(operator.id = %id, role = ?new.role, "operator changed");
    Ok(new)
}

/// Changes somebody's own password, for the present one; ends all their sessions.
pub async fn change_password(
    db: &PgPool,
    passwords: &Passwords,
    now: DateTime<Utc>,
    id: OperatorId,
    from: IpNet,
    present: &SecretString,
    wanted: SecretString,
) -> Result<(), ChangePasswordError> {
    let found = async {
        let mut conn = db.acquire().await?;
        store::operator::find(&mut conn, id).await
    };
    let found = found.await.map_err(EditOperatorError::Db)?;
    let found = found.ok_or(EditOperatorError::NoSuchOperator)?;
    let edit = OperatorEdit { password: Some(wanted), ..OperatorEdit::default() };
    check(&edit, &found.login).map_err(EditOperatorError::Invalid)?;
    let shown = Shown { login: &found.login, password: present, from };
    operator_session::prove(db, passwords, now, &shown).await?;
    edit_operator(db, passwords, now, id, edit).await?;
    Ok(())
}

async fn end_sessions(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    old: &Operator,
    new: &Operator,
    password_changed: bool,
) -> sqlx::Result<()> {
    let disabled = new.disabled_at.is_some() && old.disabled_at.is_none();
    if password_changed || disabled || old.role != new.role {
        store::operator_session::revoke_all(conn, new.id, now).await?;
    }
    Ok(())
}

fn apply(old: &Operator, edit: OperatorEdit, now: DateTime<Utc>) -> Operator {
    let disabled_at = match edit.disabled {
        None => old.disabled_at,
        Some(true) => old.disabled_at.or(Some(now)),
        Some(false) => None,
    };
    Operator {
        name: edit.name.unwrap_or_else(|| old.name.clone()),
        role: edit.role.unwrap_or(old.role),
        store: match edit.store {
            StoreEdit::Keep => old.store.clone(),
            StoreEdit::Remove => None,
            StoreEdit::Replace(store) => Some(store),
        },
        disabled_at,
        ..old.clone()
    }
}

fn check(edit: &OperatorEdit, login: &str) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let store = match &edit.store {
        StoreEdit::Keep | StoreEdit::Remove => None,
        StoreEdit::Replace(store) => Some(store.as_str()),
    };
    check_texts(&mut problems, edit.name.as_deref(), store);
    if let Some(password) = &edit.password {
        let password = check_new(password.expose_secret(), login);
        for problem in password.err().into_iter().flatten() {
            problems.expect(false, problem.param, problem.message);
        }
    }
    problems.into_result()
}
