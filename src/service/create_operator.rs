//! Adds a person who works for the merchant.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;

use super::password::{HashError, Passwords};
use crate::{
    domain::{
        access::Role,
        id::OperatorId,
        password::{check_new, parse_login},
        problem::{Problem, Problems},
    },
    store::{self, operator::Operator},
};

/// Somebody new.
#[derive(Debug)]
pub struct NewOperator {
    /// What is typed to log in.
    pub login: String,
    /// For people.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The shop of a clerk.
    pub store: Option<String>,
    /// Theirs until they choose another.
    pub password: SecretString,
}

/// Why nobody was added.
#[derive(Debug, thiserror::Error)]
pub enum CreateOperatorError {
    /// Some value will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// Somebody has this login.
    #[error("somebody has this login already")]
    LoginTaken,
    /// No hash could be made.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Adds them.
pub async fn create_operator(
    db: &PgPool,
    passwords: &Passwords,
    now: DateTime<Utc>,
    new: NewOperator,
) -> Result<Operator, CreateOperatorError> {
    let login = check(&new).map_err(CreateOperatorError::Invalid)?;
    let hash = passwords.hash(&new.password).await?;
    let operator = Operator {
        id: OperatorId::new(now),
        login,
        name: new.name,
        role: new.role,
        store: new.store,
        created_at: now,
        last_login_at: None,
        disabled_at: None,
    };
    let mut conn = db.acquire().await?;
    store::operator::insert(&mut conn, &operator, &hash).await.map_err(|error| {
        if store::violates(&error, "operator_one_per_login") {
            return CreateOperatorError::LoginTaken;
        }
        error.into()
    })?;
    tracing::info!(operator.id = %operator.id, role = ?operator.role, "operator added");
    Ok(operator)
}

fn check(new: &NewOperator) -> Result<String, Vec<Problem>> {
    let mut problems = Problems::default();
    let login = parse_login(&new.login);
    problems.expect(login.is_some(), "login", "1 to 64 letters, digits or any of -_.@");
    check_texts(&mut problems, Some(&new.name), new.store.as_deref());
    let password = check_new(new.password.expose_secret(), &new.login);
    for problem in password.err().into_iter().flatten() {
        problems.expect(false, problem.param, problem.message);
    }
    problems.into_result()?;
    Ok(login.unwrap_or_default())
}

/// What people read.
pub(super) fn check_texts(problems: &mut Problems, name: Option<&str>, store: Option<&str>) {
    let fits =
        |text: &str| (1..=64).contains(&text.chars().count()) && !text.contains(char::is_control);
    problems.expect(name.is_none_or(fits), "name", "1 to 64 characters");
    problems.expect(store.is_none_or(fits), "store", "1 to 64 characters");
}
