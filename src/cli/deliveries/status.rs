//! `kaquan deliveries status`: one line for each app.

use chrono::{DateTime, Utc};
use clap::Args;

use super::json;
use crate::{
    cli::{
        columns::{LINE, cut, harmless, left, span},
        output,
        session::Session,
    },
    clock::{Clock, SystemClock},
    domain::channel::Standing,
    store::{self, channel::Channel},
};

#[derive(Debug, Args)]
pub(super) struct Status {
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<()> {
        let now = SystemClock.now();
        let channels = store::channel::list(&mut *session.db.acquire().await?, now).await?;
        if self.json {
            let channels: Vec<_> =
                channels.iter().map(|channel| json::channel(channel, now)).collect();
            return output::say_json(&channels);
        }
        lines(&channels, now).into_iter().for_each(output::say);
        Ok(())
    }
}

fn lines(channels: &[Channel], now: DateTime<Utc>) -> Vec<String> {
    let mut lines = Vec::new();
    if !channels.is_empty() {
        let (app, channel) = (left("app", 18), left("channel", 9));
        lines.push(format!("{app}  {channel}  waiting  pending  leased     dead  oldest due"));
    }
    for channel in channels {
        let app = left(&harmless(&channel.name), 18);
        let owed = channel.owed;
        let late = owed.late(now).map_or_else(|| "-".to_owned(), span);
        lines.push(format!(
            "{app}  {}  {:>7}  {:>7}  {:>6}  {:>7}  {late:>10}",
            left(word(channel, now), 9),
            owed.waiting,
            owed.pending,
            owed.leased,
            owed.dead,
        ));
        if let Some(pause) = &channel.paused {
            let (since, reason) = (span(now - pause.at), harmless(&pause.reason));
            lines.push(cut(&format!("  paused for {since}: {reason}"), LINE));
        }
    }
    lines
}

fn word(channel: &Channel, now: DateTime<Utc>) -> &'static str {
    if channel.paused.is_some() {
        return "paused";
    }
    match channel.breaker.stands(now) {
        Standing::Closed => "closed",
        Standing::Open { .. } => "open",
        Standing::OnProbation => "probation",
    }
}
