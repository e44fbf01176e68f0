//! Tells the metrics what is owed and which channels are closed to us.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::time::MissedTickBehavior;

use crate::{
    clock::Clock,
    domain::{
        channel::{Breaker, Standing},
        delivery::DeliveryState,
    },
    store::{self, channel::Channel},
};

/// How old a gauge can be.
const FRESHNESS: Duration = Duration::from_secs(10);

/// Keeps the gauges up with the database for as long as the server runs.
pub async fn watch_deliveries(db: PgPool, clock: Arc<dyn Clock>) {
    let mut ticks = tokio::time::interval(FRESHNESS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = look(&db, clock.now()).await {
            tracing::warn!(error = %error, "Cannot read what is owed; the metrics are old");
        }
    }
}

/// One look; also gives a channel to an app that has none.
pub async fn look(db: &PgPool, now: DateTime<Utc>) -> sqlx::Result<()> {
    let mut conn = db.acquire().await?;
    store::channel::insert_missing(&mut conn, now).await?;
    let channels = store::channel::list(&mut conn, now).await?;
    drop(conn);
    for channel in &channels {
        show(channel, now);
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "gauges of what is owed, not of money")]
fn show(channel: &Channel, now: DateTime<Utc>) {
    let app = channel.app.to_string();
    let owed = channel.owed;
    for (state, number) in [
        (DeliveryState::Waiting, owed.waiting),
        (DeliveryState::Pending, owed.pending),
        (DeliveryState::Leased, owed.leased),
        (DeliveryState::Dead, owed.dead),
    ] {
        let state = state.as_str();
        metrics::gauge!("kaquan_deliveries", "app" => app.clone(), "state" => state)
            .set(number as f64);
    }
    let late = owed.late(now).map_or(0, |late| late.num_seconds());
    metrics::gauge!("kaquan_delivery_oldest_due_seconds", "app" => app.clone()).set(late as f64);
    let open = f64::from(u8::from(is_away(channel.breaker, now)));
    metrics::gauge!("kaquan_channel_open", "app" => app.clone()).set(open);
    let paused = f64::from(u8::from(channel.paused.is_some()));
    metrics::gauge!("kaquan_channel_paused", "app" => app).set(paused);
}

/// On probation counts as open: between two probes a platform that is away would look well otherwise.
fn is_away(breaker: Breaker, now: DateTime<Utc>) -> bool {
    match breaker.stands(now) {
        Standing::Closed => false,
        Standing::Open { .. } | Standing::OnProbation => true,
    }
}
