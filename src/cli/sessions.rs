//! `kaquan sessions`: where people with coupons are logged in.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::{app_name::AppName, output, session::Session};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    domain::{id::HolderId, people::OpenId},
    service::mini_session,
};

#[derive(Debug, Args)]
pub(super) struct Sessions {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Logs a person of a mini-program out everywhere.
    Revoke(Whose),
}

#[derive(Debug, Args)]
struct Whose {
    /// `hld_…`, as their member and their `GET /v1/mini/sessions/current` show it.
    #[arg(required_unless_present = "app", conflicts_with = "app")]
    holder: Option<HolderId>,
    /// Instead of the holder: the app that knows them, by its id or its key.
    #[arg(long, requires = "open_id")]
    app: Option<AppName>,
    /// What the app calls them.
    #[arg(long, requires = "app", value_parser = OpenId::parse)]
    open_id: Option<OpenId>,
}

impl Sessions {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let session = Session::open_current(config).await?;
        let What::Revoke(whose) = self.what;
        let result = whose.log_out(&session).await;
        session.close().await;
        result.map(|()| ExitCode::SUCCESS)
    }
}

impl Whose {
    async fn log_out(&self, session: &Session) -> anyhow::Result<()> {
        let holder = self.find(session).await?;
        let revoked = mini_session::revoke_all(&session.db, SystemClock.now(), holder).await?;
        let Some(revoked) = revoked else { bail!("there is no holder {holder}") };
        output::say(format_args!("{revoked} sessions of {holder} are over."));
        Ok(())
    }

    async fn find(&self, session: &Session) -> anyhow::Result<HolderId> {
        match (self.holder, &self.app, &self.open_id) {
            (Some(holder), ..) => Ok(holder),
            (None, Some(app), Some(open_id)) => {
                let app = app.find(&mut *session.db.acquire().await?).await?;
                Ok(HolderId::derive(app.id, open_id.as_str()))
            }
            (None, ..) => bail!("name the holder, or --app and --open-id"),
        }
    }
}
