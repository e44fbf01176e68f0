//! `kaquan deliveries show`: one delivery and all its attempts.

use anyhow::bail;
use chrono::{DateTime, Utc};
use clap::Args;
use sqlx::PgConnection;

use super::json;
use crate::{
    cli::{
        columns::{LINE, harmless, left, wrapped},
        output,
        session::Session,
    },
    domain::{delivery::DeliveryState, id::DeliveryId},
    store::{
        self,
        app::App,
        delivery::{
            list::Delivery,
            show::{Attempt, Blocker},
        },
    },
};

#[derive(Debug, Args)]
pub(super) struct Show {
    /// Its id, as `kaquan deliveries list` shows it.
    delivery: DeliveryId,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Where the answers of attempts begin.
const BEFORE_ANSWERS: usize = 47;
/// Where the facts of a delivery begin.
const BEFORE_FACTS: usize = 11;

impl Show {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<()> {
        let mut conn = session.db.acquire().await?;
        if self.json {
            let (delivery, blocker, attempts) = read(&mut conn, self.delivery).await?;
            return output::say_json(&json::detail(&delivery, blocker, &attempts));
        }
        lines(&mut conn, self.delivery).await?.into_iter().for_each(output::say);
        Ok(())
    }
}

/// One delivery and its attempts, as a person reads them.
pub(in crate::cli) async fn lines(
    conn: &mut PgConnection,
    id: DeliveryId,
) -> anyhow::Result<Vec<String>> {
    let (delivery, blocker, attempts) = read(conn, id).await?;
    let app = store::app::find(conn, delivery.app).await?;
    let mut lines = facts(&delivery, app.as_ref(), blocker);
    lines.extend(table(&attempts));
    Ok(lines)
}

async fn read(
    conn: &mut PgConnection,
    id: DeliveryId,
) -> anyhow::Result<(Delivery, Option<Blocker>, Vec<Attempt>)> {
    let found = store::delivery::list::find(conn, id).await?;
    let Some(delivery) = found else { bail!("there is no delivery {id}") };
    let blocker = store::delivery::show::find_blocker(conn, id).await?;
    let attempts = store::delivery::show::list_attempts(conn, id).await?;
    Ok((delivery, blocker, attempts))
}

fn facts(delivery: &Delivery, app: Option<&App>, blocker: Option<Blocker>) -> Vec<String> {
    let mut lines =
        vec![format!("{}  {}  {}", delivery.id, delivery.kind.as_str(), state(delivery))];
    let mut fact = |name: &str, what: String| {
        for (place, line) in wrapped(&what, LINE - BEFORE_FACTS).into_iter().enumerate() {
            let name = if place == 0 { name } else { "" };
            lines.push(format!("{}{line}", left(name, BEFORE_FACTS)));
        }
    };
    let name = app.map(|app| format!("  {}", harmless(&app.name)));
    fact("app", format!("{}{}", delivery.app, name.unwrap_or_default()));
    if let Some(coupon) = delivery.coupon {
        fact("coupon", coupon.to_string());
    }
    if let Some(placement) = delivery.placement {
        fact("placement", placement.to_string());
    }
    fact("identity", harmless(&delivery.identity));
    fact("owed", moment(delivery.created_at));
    match (delivery.state, delivery.settled_at) {
        (DeliveryState::Pending, _) => fact("due", moment(delivery.due_at)),
        (_, Some(settled_at)) => fact("settled", moment(settled_at)),
        (_, None) => {}
    }
    if let Some(blocker) = blocker {
        let (kind, state) = (blocker.kind.as_str(), blocker.state.as_str());
        fact("held by", format!("{}  {kind}  {state}", blocker.id));
    }
    if let Some(note) = &delivery.note {
        fact("note", harmless(note));
    }
    lines
}

fn state(delivery: &Delivery) -> String {
    let state = delivery.state.as_str();
    if delivery.presumed {
        return format!("{state}, as the platform says");
    }
    if delivery.doubt && delivery.state != DeliveryState::Done {
        return format!("{state}, perhaps done");
    }
    state.to_owned()
}

fn table(attempts: &[Attempt]) -> Vec<String> {
    if attempts.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new()];
    lines.push(format!(
        "{:>3}  {}  {:>7}  {}  answer",
        "#",
        left("when", 20),
        "took",
        left("outcome", 9)
    ));
    for attempt in attempts {
        let said = attempt.answer.as_deref().or(attempt.note.as_deref());
        let said = harmless(said.unwrap_or_default());
        let (when, took) = (moment(attempt.started_at), took(attempt.duration_ms));
        let outcome = left(attempt.outcome.as_str(), 9);
        let mut said = wrapped(&said, LINE - BEFORE_ANSWERS).into_iter();
        let first = said.next().unwrap_or_default();
        let line = format!("{:>3}  {when}  {took:>7}  {outcome}  {first}", attempt.number);
        lines.push(line.trim_end().to_owned());
        lines.extend(said.map(|line| format!("{}{line}", " ".repeat(BEFORE_ANSWERS))));
    }
    lines
}

fn moment(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

fn took(milliseconds: i32) -> String {
    if milliseconds < 1000 {
        return format!("{milliseconds} ms");
    }
    format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
}
