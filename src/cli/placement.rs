//! `kaquan placement`: what a platform is told of a placement, as the admin API does it.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use anyhow::{anyhow, bail};
use chrono::{SubsecRound, TimeDelta};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::{output, session::Session};
use crate::{
    api::{delivery_brief::DeliveryBrief, platform_rules},
    app::keys,
    clock::{Clock, SystemClock},
    config::Config,
    domain::id::PlacementId,
    service::{
        publish_placement::publish_placement, push_placement_update::push_placement_update,
        rotate_callback_token::rotate_callback_token, telling::TellingError,
        withdraw_placement::withdraw_placement,
    },
    store::delivery::open::Open,
};

#[derive(Debug, Args)]
pub(super) struct Placement {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Puts a placement on its platform.
    Publish(Which),
    /// Tells the platform terms and callback address once more.
    Update(Which),
    /// Stops issuing at once, for good, and takes the placement off its platform.
    Withdraw {
        #[command(flatten)]
        which: Which,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Gives the placement a new secret callback address.
    Rotate {
        #[command(flatten)]
        which: Which,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// How long the old address lives on after the platform was told of the new one; up to thirty days.
        #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
        #[arg(value_parser = clap::value_parser!(u32).range(0..=2_592_000))]
        old_lives_for_seconds: u32,
    },
}

#[derive(Debug, Args)]
struct Which {
    /// The id, as the admin API shows it.
    #[arg(long)]
    placement: PlacementId,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// What came of a command.
#[derive(Serialize)]
struct OwedView {
    placement_id: PlacementId,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<String>,
    delivery: Option<DeliveryBrief>,
}

impl Placement {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        self.what.ask_first()?;
        let session = Session::open_current(config).await?;
        let result = self.what.run(&session, config).await;
        session.close().await;
        result.map(|()| ExitCode::SUCCESS)
    }
}

impl What {
    /// What cannot be taken back is not done by a slip of the finger.
    fn ask_first(&self) -> anyhow::Result<()> {
        match self {
            Self::Publish(_)
            | Self::Update(_)
            | Self::Withdraw { yes: true, .. }
            | Self::Rotate { yes: true, .. } => Ok(()),
            Self::Withdraw { which, .. } => confirm(&format!(
                "Withdraw {} for good? Nothing more will be issued from it.",
                which.placement
            )),
            Self::Rotate { which, .. } => {
                confirm(&format!("Give {} a new callback address?", which.placement))
            }
        }
    }

    async fn run(self, session: &Session, config: &Config) -> anyhow::Result<()> {
        let (db, now) = (&session.db, SystemClock.now().trunc_subsecs(6));
        let lint = platform_rules::foresee;
        match self {
            Self::Publish(which) => {
                let open = publish_placement(db, now, which.placement, lint).await;
                which.tell(Some(open.map_err(explain)?), None)
            }
            Self::Update(which) => {
                let owed = push_placement_update(db, now, which.placement, lint).await;
                let (open, foreseen) = owed.map_err(explain)?;
                if !foreseen.review.is_empty() {
                    let review = foreseen.review.join(", ");
                    output::note(format_args!("The platform will review it anew: {review}."));
                }
                which.tell(Some(open), None)
            }
            Self::Withdraw { which, .. } => {
                let open = withdraw_placement(db, now, which.placement).await?;
                which.tell(open, None)
            }
            Self::Rotate { which, old_lives_for_seconds, .. } => {
                let vault = keys::look(config)?;
                let overlap = TimeDelta::seconds(i64::from(old_lives_for_seconds));
                let rotated =
                    rotate_callback_token(db, &vault, now, which.placement, overlap).await?;
                let url = platform_rules::callback_url(
                    rotated.placement.platform,
                    &config.server.public_url,
                    &rotated.secret,
                );
                which.tell(rotated.open, url)
            }
        }
    }
}

impl Which {
    fn tell(&self, open: Option<Open>, callback_url: Option<String>) -> anyhow::Result<()> {
        let id = self.placement;
        if self.json {
            let delivery = open.as_ref().map(DeliveryBrief::from);
            return output::say_json(&OwedView { placement_id: id, callback_url, delivery });
        }
        match (open, callback_url) {
            (Some(open), _) => {
                output::say(open.id);
                output::note(format_args!(
                    "The platform is still to hear of it. Watch `platform_state` at \
                     /v1/admin/placements/{id}."
                ));
            }
            // Nobody tells the platform, so the merchant must; this once it is shown.
            (None, Some(url)) => {
                output::say(url);
                output::note(format_args!("Register this address. It is not shown again."));
            }
            (None, None) => output::note(format_args!("Done; the platform need not be told.")),
        }
        Ok(())
    }
}

/// Asks at the terminal; where there is none, the answer is no.
fn confirm(question: &str) -> anyhow::Result<()> {
    if !io::stdin().is_terminal() {
        bail!("{question} There is nobody to ask here; add --yes");
    }
    output::note(format_args!("{question} [y/N]"));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    bail!("nothing was done")
}

fn explain(error: TellingError) -> anyhow::Error {
    if let TellingError::Invalid(problems) = &error {
        return anyhow!(output::listed(problems));
    }
    error.into()
}
