//! Many who use one code at the same moment, at two servers: one of them does.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use serde::Serialize;
use sqlx::PgConnection;
use tokio::{sync::Barrier, task::JoinSet, time::Instant};

use super::super::callback::{Client, redemption};
use crate::store;

/// What came of it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Race {
    /// Codes that were fought over.
    pub codes: u64,
    /// Callers for each, over both servers.
    pub callers: usize,
    /// Codes of which exactly one caller heard that he had used it.
    pub won_once: u64,
    /// Codes that nobody got.
    pub won_by_nobody: u64,
    /// Codes that more than one got.
    pub won_by_many: u64,
    /// Coupons that the database says were used.
    pub coupons_in_database: i64,
    /// Uses that stand there.
    pub uses_in_database: i64,
    /// How long it took.
    pub seconds: f64,
}

/// Callers at each server.
const CALLERS: usize = 32;

impl Race {
    /// Fights over so many codes, one after the other.
    pub async fn run(
        servers: [SocketAddr; 2],
        key: &Arc<str>,
        codes: i64,
        conn: &mut PgConnection,
    ) -> anyhow::Result<Self> {
        let codes = codes.unsigned_abs();
        let callers = CALLERS * servers.len();
        let wins: Arc<[AtomicU32]> = (0..codes).map(|_| AtomicU32::new(0)).collect();
        let start = Arc::new(Barrier::new(callers));
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for caller in 0..callers {
            let address = servers[caller % servers.len()];
            let mut client = Client::connect(address).await?;
            let (key, wins, start) = (Arc::clone(key), Arc::clone(&wins), Arc::clone(&start));
            tasks.spawn(async move {
                for number in 0..codes {
                    start.wait().await;
                    let order = format!("race-{number}-{caller}");
                    let request = redemption(&key, &format!("RAC{number:012}"), &order);
                    // Whoever was cut off asks again: he may have won.
                    let status = if let Ok(status) = client.ask(&request).await {
                        status
                    } else {
                        client = Client::connect(address).await?;
                        client.ask(&request).await?
                    };
                    if status == 201 {
                        wins[usize::try_from(number)?].fetch_add(1, Ordering::Relaxed);
                    }
                }
                anyhow::Ok(())
            });
        }
        while let Some(one) = tasks.join_next().await {
            one??;
        }
        let seconds = began.elapsed().as_secs_f64();
        let (coupons_in_database, uses_in_database) =
            store::bench::coupons::count_uses(conn, "RAC").await?;
        let of = |wanted: fn(u32) -> bool| {
            wins.iter().filter(|wins| wanted(wins.load(Ordering::Relaxed))).count() as u64
        };
        Ok(Self {
            codes,
            callers,
            won_once: of(|wins| wins == 1),
            won_by_nobody: of(|wins| wins == 0),
            won_by_many: of(|wins| wins > 1),
            coupons_in_database,
            uses_in_database,
            seconds,
        })
    }
}
