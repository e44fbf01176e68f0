//! `kaquan user`: people who work for the merchant.

use std::{
    io::{self, BufRead, IsTerminal},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
use secrecy::SecretString;

use super::{output, role, session::Session};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    domain::access::Role,
    service::{
        create_operator::{CreateOperatorError, NewOperator, create_operator},
        edit_operator::{EditOperatorError, OperatorEdit, edit_operator},
        password::Passwords,
    },
    store::{self, operator::Operator},
};

#[derive(Debug, Args)]
pub(super) struct User {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Adds somebody; the password is asked for, or is the first line of the input.
    Add {
        /// What is typed to log in.
        login: String,
        /// For people.
        #[arg(long)]
        name: String,
        /// What they may do.
        #[arg(long, value_parser = role::role())]
        role: Role,
        /// The shop of a clerk.
        #[arg(long)]
        store: Option<String>,
    },
    /// Lists everybody.
    List,
    /// Changes what somebody may do, and ends their sessions.
    SetRole {
        login: String,
        #[arg(value_parser = role::role())]
        role: Role,
    },
    /// Gives somebody another password, asked for as with `add`, and ends their sessions.
    SetPassword { login: String },
    /// Lets somebody log in no more, and ends their sessions.
    Disable { login: String },
    /// Lets somebody log in again.
    Enable { login: String },
}

/// So many people at work are listed.
const MOST_LISTED: i64 = 1000;

impl User {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let session = Session::open_current(config).await?;
        let result = self.what.run(&session).await;
        session.close().await;
        result.map(|()| ExitCode::SUCCESS)
    }
}

impl What {
    async fn run(self, session: &Session) -> anyhow::Result<()> {
        match self {
            Self::Add { login, name, role, store } => {
                let new = NewOperator { login, name, role, store, password: ask()? };
                let passwords = Passwords::of_this_process();
                let now = SystemClock.now();
                let added = create_operator(&session.db, &passwords, now, new).await;
                let added = added.map_err(explain_creation)?;
                output::say(format_args!("{} can log in as {}.", added.id, added.login));
                Ok(())
            }
            Self::List => {
                let mut conn = session.db.acquire().await?;
                for operator in store::operator::list(&mut conn, None, MOST_LISTED).await? {
                    output::say(line(&operator));
                }
                Ok(())
            }
            Self::SetRole { login, role } => {
                let edit = OperatorEdit { role: Some(role), ..OperatorEdit::default() };
                change(session, &login, edit).await
            }
            Self::SetPassword { login } => {
                let edit = OperatorEdit { password: Some(ask()?), ..OperatorEdit::default() };
                change(session, &login, edit).await
            }
            Self::Disable { login } => {
                let edit = OperatorEdit { disabled: Some(true), ..OperatorEdit::default() };
                change(session, &login, edit).await
            }
            Self::Enable { login } => {
                let edit = OperatorEdit { disabled: Some(false), ..OperatorEdit::default() };
                change(session, &login, edit).await
            }
        }
    }
}

async fn change(session: &Session, login: &str, edit: OperatorEdit) -> anyhow::Result<()> {
    let login = login.to_ascii_lowercase();
    let found = store::operator::find_by_login(&mut *session.db.acquire().await?, &login).await?;
    let Some(found) = found else { bail!("nobody logs in as {login}") };
    let (passwords, now) = (Passwords::of_this_process(), SystemClock.now());
    let changed = edit_operator(&session.db, &passwords, now, found.id, edit).await;
    output::say(line(&changed.map_err(explain_edit)?));
    Ok(())
}

fn line(operator: &Operator) -> String {
    let Operator { id, login, name, .. } = operator;
    let role = operator.role.as_str();
    let state = if operator.disabled_at.is_some() { "disabled" } else { "active" };
    let store = operator.store.as_deref().unwrap_or("-");
    format!("{id}  {login}  {role:<8}  {state:<8}  {store}  {name}")
}

/// Never an argument, which every process on this machine can read.
fn ask() -> anyhow::Result<SecretString> {
    if !io::stdin().is_terminal() {
        return read_line();
    }
    output::note("Password (12 to 1024 bytes), twice; it is not shown:");
    let (first, second) = unseen(|| Ok((read_line()?, read_line()?)))?;
    if !same(&first, &second) {
        bail!("the two are not the same");
    }
    Ok(first)
}

fn same(first: &SecretString, second: &SecretString) -> bool {
    use secrecy::ExposeSecret;
    first.expose_secret() == second.expose_secret()
}

/// While the terminal does not repeat what is typed.
fn unseen<T>(typed: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let terminal = io::stdin();
    let before = tcgetattr(&terminal).context("the terminal cannot be asked")?;
    let mut silent = before.clone();
    silent.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(&terminal, SetArg::TCSAFLUSH, &silent).context("the terminal cannot be silenced")?;
    let said = typed();
    tcsetattr(&terminal, SetArg::TCSAFLUSH, &before).context("the terminal stays silent")?;
    said
}

fn read_line() -> anyhow::Result<SecretString> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("no password could be read")?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    Ok(password.strip_suffix('\r').unwrap_or(password).into())
}

fn explain_creation(error: CreateOperatorError) -> anyhow::Error {
    match error {
        CreateOperatorError::Invalid(problems) => anyhow::anyhow!(output::listed(&problems)),
        other @ (CreateOperatorError::LoginTaken
        | CreateOperatorError::Hash(_)
        | CreateOperatorError::Db(_)) => other.into(),
    }
}

fn explain_edit(error: EditOperatorError) -> anyhow::Error {
    match error {
        EditOperatorError::Invalid(problems) => anyhow::anyhow!(output::listed(&problems)),
        other @ (EditOperatorError::NoSuchOperator
        | EditOperatorError::LastOwner
        | EditOperatorError::Hash(_)
        | EditOperatorError::Db(_)) => other.into(),
    }
}
