//! `kaquan gateway`: front ends of the merchant's that speak a protocol of their own, and what they may act for.

mod client;
mod grant;

use std::process::ExitCode;

use chrono::SubsecRound;
use clap::{Args, Subcommand};
use sqlx::PgConnection;

use super::{app_name::AppName, session::Session};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    domain::{
        id::{GatewayClientId, GatewayGrantId},
        sight::Sight,
    },
};

#[derive(Debug, Args)]
pub(super) struct Gateway {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the clients, newest first.
    List {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Adds a client and prints its secret, this once only.
    Add(client::Add),
    /// Changes a client, or lets it in no longer.
    Edit(client::Edit),
    /// Gives a client a new secret and prints it, this once only.
    Rotate(client::Rotate),
    /// Says what a client of zvcms may act for, and prints the code.
    Grant(grant::Make),
    /// Lists what a client of zvcms may act for, newest first.
    Grants {
        /// The id, as `kaquan gateway list` shows it.
        client: GatewayClientId,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Ends what a client of zvcms may act for.
    Revoke {
        /// The id, as `kaquan gateway grants` shows it.
        grant: GatewayGrantId,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// So many are listed.
const MOST: i64 = 1000;

impl Gateway {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let session = Session::open_current(config).await?;
        let result = self.what.run(&session, config).await;
        session.close().await;
        result.map(|()| ExitCode::SUCCESS)
    }
}

impl What {
    async fn run(self, session: &Session, config: &Config) -> anyhow::Result<()> {
        let now = SystemClock.now().trunc_subsecs(6);
        match self {
            Self::List { json } => client::list(session, json).await,
            Self::Add(add) => add.run(session, config, now).await,
            Self::Edit(edit) => edit.run(session, now).await,
            Self::Rotate(rotate) => rotate.run(session, config, now).await,
            Self::Grant(make) => make.run(session, now).await,
            Self::Grants { client, json } => grant::list(session, client, json).await,
            Self::Revoke { grant, json } => grant::revoke(session, now, grant, json).await,
        }
    }
}

/// The apps of these names; all when there is no name.
async fn sight(conn: &mut PgConnection, names: &[AppName]) -> anyhow::Result<Sight> {
    let mut apps = Vec::new();
    for name in names {
        apps.push(name.find(conn).await?.id);
    }
    Ok(if apps.is_empty() { Sight::All } else { Sight::Only(apps) })
}
