//! Real servers that pay what is owed on one database, to be killed, stopped and woken.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::{
    clock::{Clock, ManualClock, SystemClock},
    simulator::{Simulator, switches::Switches},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sqlx::PgPool;

use super::{
    baidu::start_baidu,
    command::database_url,
    database::TestDatabase,
    delivery_scene::{Used, connect, owe},
    letter,
    plant::{Campaign, noon, terms},
    serve::Serve,
    vault::KEYS,
};

/// Baidu, a campaign there, and the processes that pay.
pub struct DeliveryServers {
    pub database: TestDatabase,
    pub baidu: Simulator,
    pub servers: Vec<Option<Serve>>,
    /// When one was killed, in order.
    pub kills: Vec<DateTime<Utc>>,
    campaign: Campaign,
    url: String,
    owed: u32,
}

impl DeliveryServers {
    pub async fn start(servers: usize, switches: Switches) -> Self {
        let database = TestDatabase::new().await;
        let clock = Arc::new(ManualClock::at(noon()));
        let baidu = start_baidu(&clock, switches).await;
        let campaign = Campaign::plant(&database.pool, &terms(), 1_000_000).await;
        connect(&database.pool, &baidu, campaign).await;
        let url = database_url(&database.options);
        let (servers, kills) = ((0..servers).map(|_| None).collect(), Vec::new());
        let mut scene = Self { database, baidu, servers, kills, campaign, url, owed: 0 };
        for number in 0..scene.servers.len() {
            scene.start_one(number).await;
        }
        scene
    }

    pub fn db(&self) -> &PgPool {
        &self.database.pool
    }

    /// So many more coupons that were used: two deliveries for each.
    pub async fn owe(&mut self, coupons: u32) {
        let from = self.owed;
        owe(self.db(), self.campaign, from..from + coupons, Used::Yes, noon()).await;
        self.owed += coupons;
    }

    /// How many coupons there are.
    pub fn owed(&self) -> usize {
        usize::try_from(self.owed).unwrap()
    }

    pub async fn start_one(&mut self, number: usize) {
        let environment = [
            ("DATABASE_URL", self.url.as_str()),
            ("KAQUAN__SECRETS__MASTER_KEYS", KEYS),
            ("KAQUAN__DELIVERY__LEASE", "15s"),
            ("KAQUAN__RECONCILIATION__ENABLED", "false"),
            ("KAQUAN__LOG__FILTER", "warn,kaquan::app=info"),
        ];
        self.servers[number] = Some(Serve::start(&environment).await);
    }

    /// `kill -9`.
    pub async fn kill(&mut self, number: usize) {
        self.kills.push(SystemClock.now());
        self.servers[number].take().unwrap().kill().await;
    }

    pub fn signal(&self, number: usize, signal: Signal) {
        let pid = self.servers[number].as_ref().unwrap().pid().cast_signed();
        kill(Pid::from_raw(pid), signal).unwrap();
    }

    /// What one server's `/metrics` says.
    pub async fn metric(&self, number: usize, line_start: &str) -> u64 {
        let address = self.servers[number].as_ref().unwrap().metrics_address;
        let reply = letter::client().get(format!("http://{address}/metrics")).send().await;
        let text = reply.unwrap().text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(line_start));
        line.map_or(0, |rest| rest.trim().parse().unwrap())
    }

    /// From each kill to the next try of what the dead server held, in ascending order.
    pub async fn rescued_after(&self) -> Vec<TimeDelta> {
        let retried: Vec<DateTime<Utc>> = sqlx::query_scalar(
            "select again.started_at
             from attempt as lost
             join attempt as again
                 on again.delivery_id = lost.delivery_id and again.number = lost.number + 1
             where lost.note like 'the worker was gone%'",
        )
        .fetch_all(self.db())
        .await
        .unwrap();
        let after = |again: &DateTime<Utc>| {
            let kill = self.kills.iter().rfind(|kill| *kill < again);
            kill.map(|kill| *again - *kill)
        };
        let mut times: Vec<_> = retried.iter().filter_map(after).collect();
        times.sort_unstable();
        times
    }

    /// Stops every server in order, and Baidu.
    pub async fn finish(self) {
        for serve in self.servers.into_iter().flatten() {
            serve.stop().await;
        }
        let report = self.baidu.report();
        assert!(report.is_clean(), "{report:#?}");
        self.baidu.stop().await.unwrap();
    }
}
