//! Learns the address ranges that a platform calls from. It only observes: a new range is worth a warning, not a refusal.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use ipnet::IpNet;
use sqlx::PgPool;
use tokio::sync::mpsc;

use crate::{clock::Clock, domain::id::AppId, store};

/// The ranges seen so far.
pub struct Sources {
    seen: Mutex<HashSet<(AppId, IpNet)>>,
    fresh: mpsc::Sender<(AppId, IpNet)>,
}

/// More ranges than any platform has; past it somebody is spraying addresses, and nothing more is learned.
const MOST: usize = 65_536;

impl Sources {
    /// Reads the known ranges; the returned task writes new ones, until the sources are dropped.
    pub async fn open(
        db: PgPool,
        clock: Arc<dyn Clock>,
    ) -> sqlx::Result<(Self, impl Future<Output = ()> + Send + 'static)> {
        let known = store::source::list(&mut *db.acquire().await?).await?;
        let known = known.into_iter().filter_map(|(app, range)| Some((app, range.parse().ok()?)));
        let (fresh, inbox) = mpsc::channel(256);
        let sources = Self { seen: Mutex::new(known.collect()), fresh };
        Ok((sources, remember(db, clock, inbox)))
    }

    /// Takes note of a caller whose request was in order; never waits.
    pub fn observe(&self, app: AppId, caller: IpAddr) {
        let range = range_of(caller);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.contains(&(app, range)) || seen.len() >= MOST {
            return;
        }
        // When the writer is behind, the range is noticed again with its next call.
        if self.fresh.try_send((app, range)).is_ok() {
            seen.insert((app, range));
        }
    }
}

async fn remember(db: PgPool, clock: Arc<dyn Clock>, mut inbox: mpsc::Receiver<(AppId, IpNet)>) {
    while let Some((app, range)) = inbox.recv().await {
        tracing::warn!(app.id = %app, range = %range, "Callbacks come from a range not seen before");
        metrics::counter!("kaquan_callback_new_ranges_total").increment(1);
        let stored = async {
            let mut conn = db.acquire().await?;
            store::source::insert(&mut conn, app, &range.to_string(), clock.now()).await
        };
        if let Err(error) = stored.await {
            tracing::warn!(error = %error, "Cannot store a new range");
        }
    }
}

/// The range that an address is counted in: /24 for version 4, /48 for version 6.
fn range_of(address: IpAddr) -> IpNet {
    let bits = if address.is_ipv4() { 24 } else { 48 };
    IpNet::new(address, bits).map_or_else(|_| IpNet::from(address), |network| network.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_coarse() {
        assert_eq!(range_of("203.0.113.9".parse().unwrap()).to_string(), "203.0.113.0/24");
        assert_eq!(range_of("2001:db8:1:2::3".parse().unwrap()).to_string(), "2001:db8:1::/48");
    }
}
