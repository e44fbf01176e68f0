//! `kaquan deliveries replay`, `cancel`, `pause` and `resume`.

use anyhow::anyhow;
use clap::Args;
use serde_json::json;

use super::{
    json,
    named::{self, Since, operator},
};
use crate::{
    cli::{app_name::AppName, columns::harmless, output, session::Session},
    clock::{Clock, SystemClock},
    domain::{
        delivery::DeliveryKind,
        id::{AppId, DeliveryId},
    },
    service::{
        cancel_delivery::cancel_delivery,
        pause_channel::{PauseChannelError, pause_channel},
        replay_dead::replay_dead,
        replay_delivery::replay_delivery,
        resume_channel::resume_channel,
    },
    store::{self, delivery::replay::Dead},
};

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// One dead delivery.
    #[arg(required_unless_present = "dead")]
    delivery: Option<DeliveryId>,
    /// All that died since --since.
    #[arg(long, requires = "since", conflicts_with = "delivery")]
    dead: bool,
    /// `2h`, or a date and time.
    #[arg(long, requires = "dead")]
    since: Option<Since>,
    /// To this app only: its id or its key.
    #[arg(long, requires = "dead")]
    app: Option<AppName>,
    /// Of this kind only.
    #[arg(long, requires = "dead", value_parser = named::kind())]
    kind: Option<DeliveryKind>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Cancel {
    /// Its id, as `kaquan deliveries list` shows it.
    delivery: DeliveryId,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Pause {
    /// The app's id or its key.
    #[arg(long)]
    app: AppName,
    /// Why, for whoever wonders.
    #[arg(long)]
    reason: String,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Resume {
    /// The app's id or its key.
    #[arg(long)]
    app: AppName,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Replay {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<()> {
        let (now, by) = (SystemClock.now(), operator());
        let (replayed, told) = match (self.delivery, self.since) {
            (Some(delivery), _) => {
                replay_delivery(&session.db, now, &by, delivery).await?;
                (1, format!("{delivery} is tried anew."))
            }
            (None, since) => {
                let app = match &self.app {
                    Some(app) => Some(app.find(&mut *session.db.acquire().await?).await?.id),
                    None => None,
                };
                let since = since.map_or(now, |since| since.before(now));
                let dead = Dead { app, kind: self.kind, since };
                let replayed = replay_dead(&session.db, now, &by, dead).await?;
                let are = if replayed == 1 { "delivery is" } else { "deliveries are" };
                (replayed, format!("{replayed} {are} tried anew."))
            }
        };
        if self.json {
            output::say_json(&json!({ "replayed": replayed }))?;
        } else {
            output::say(told);
        }
        note_pauses(session).await
    }
}

/// Whoever replays while an app is paused would wait for nothing.
async fn note_pauses(session: &Session) -> anyhow::Result<()> {
    let channels =
        store::channel::list(&mut *session.db.acquire().await?, SystemClock.now()).await?;
    for channel in channels.iter().filter(|channel| channel.owed.pending > 0) {
        if let Some(pause) = &channel.paused {
            let (name, reason) = (harmless(&channel.name), harmless(&pause.reason));
            output::note(format_args!("Calls to {name} are paused: {reason}"));
        }
    }
    Ok(())
}

impl Cancel {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<()> {
        cancel_delivery(&session.db, SystemClock.now(), &operator(), self.delivery).await?;
        if self.json {
            return output::say_json(&json!({ "id": self.delivery, "state": "cancelled" }));
        }
        output::say(format_args!("{} is no longer owed.", self.delivery));
        Ok(())
    }
}

impl Pause {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<()> {
        let app = self.app.find(&mut *session.db.acquire().await?).await?;
        let paused =
            pause_channel(&session.db, SystemClock.now(), &operator(), app.id, &self.reason).await;
        paused.map_err(explain)?;
        let told = format!("{} is not called until it is resumed.", harmless(&app.name));
        tell(session, app.id, told, self.json).await
    }
}

impl Resume {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<()> {
        let app = self.app.find(&mut *session.db.acquire().await?).await?;
        resume_channel(&session.db, SystemClock.now(), &operator(), app.id).await?;
        tell(session, app.id, format!("{} is called again.", harmless(&app.name)), self.json).await
    }
}

async fn tell(session: &Session, app: AppId, line: String, json: bool) -> anyhow::Result<()> {
    if !json {
        output::say(line);
        return Ok(());
    }
    let now = SystemClock.now();
    let channel = store::channel::find(&mut *session.db.acquire().await?, now, app).await?;
    output::say_json(&channel.map(|channel| json::channel(&channel, now)))
}

fn explain(error: PauseChannelError) -> anyhow::Error {
    match error {
        PauseChannelError::Invalid(problems) => anyhow!(output::listed(&problems)),
        other @ (PauseChannelError::NoSuchApp | PauseChannelError::Db(_)) => other.into(),
    }
}
