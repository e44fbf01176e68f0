//! `kaquan deliveries list`: one line each, and below it why it is not done.

use chrono::{DateTime, Utc};
use clap::Args;

use super::{
    json,
    named::{self, Since},
};
use crate::{
    cli::{
        app_name::AppName,
        columns::{LINE, cut, harmless, left, span},
        output,
        session::Session,
    },
    clock::{Clock, SystemClock},
    domain::{
        delivery::{DeliveryKind, DeliveryState},
        id::CouponId,
    },
    store::{
        self,
        delivery::list::{Delivery, Filter},
    },
};

#[derive(Debug, Args)]
pub(super) struct List {
    /// To this app only: its id or its key.
    #[arg(long)]
    app: Option<AppName>,
    /// In this state only.
    #[arg(long, value_parser = named::state())]
    state: Option<DeliveryState>,
    /// Of this kind only.
    #[arg(long, value_parser = named::kind())]
    kind: Option<DeliveryKind>,
    /// About this coupon only.
    #[arg(long)]
    coupon: Option<CouponId>,
    /// Owed since then, `2h` or a date and time; with a --state in which it ended, ended since then.
    #[arg(long)]
    since: Option<Since>,
    /// How many at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<()> {
        let now = SystemClock.now();
        let mut conn = session.db.acquire().await?;
        let app = match &self.app {
            Some(name) => Some(name.find(&mut conn).await?.id),
            None => None,
        };
        let since = self.since.map(|since| since.before(now));
        let has_ended = matches!(
            self.state,
            Some(DeliveryState::Done | DeliveryState::Dead | DeliveryState::Cancelled)
        );
        let filter = Filter {
            app,
            state: self.state,
            kind: self.kind,
            coupon: self.coupon,
            created_since: since.filter(|_| !has_ended),
            settled_since: since.filter(|_| has_ended),
            ..Filter::default()
        };
        let limit = usize::from(self.limit);
        let to_read = i64::from(self.limit) + 1;
        let mut rows = store::delivery::list::list(&mut conn, filter, None, to_read).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);

        if self.json {
            output::say_json(&rows.iter().map(json::delivery).collect::<Vec<_>>())?;
        } else {
            lines(&rows, now).into_iter().for_each(output::say);
        }
        if more {
            output::note("There are more; raise --limit or narrow the search.");
        }
        Ok(())
    }
}

fn lines(rows: &[Delivery], now: DateTime<Utc>) -> Vec<String> {
    let mut lines = Vec::new();
    if !rows.is_empty() {
        let (id, state, kind) = (left("delivery", 36), left("state", 9), left("kind", 13));
        lines.push(format!("{id}  {state}  {kind}  tries  owed"));
    }
    for row in rows {
        let (state, kind) = (left(row.state.as_str(), 9), left(row.kind.as_str(), 13));
        let ago = span(now - row.created_at);
        lines.push(format!("{}  {state}  {kind}  {:>5}  {ago:>4}", row.id, row.attempts));
        if let Some(note) = why(row) {
            lines.push(cut(&format!("  {}", harmless(note)), LINE));
        }
    }
    lines
}

/// Why it is not done, while that is still of interest.
fn why(row: &Delivery) -> Option<&str> {
    match row.state {
        DeliveryState::Pending | DeliveryState::Leased | DeliveryState::Dead => row.note.as_deref(),
        DeliveryState::Waiting | DeliveryState::Done | DeliveryState::Cancelled => None,
    }
}
