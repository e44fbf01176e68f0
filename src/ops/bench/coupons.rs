//! Coupons in use: how fast they are redeemed, found in a wallet, exported and imported, and that of many who use one at
//! once, one does.

mod race;
mod shown;

use std::{fmt::Write, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use futures_util::TryStreamExt;
use rand::{TryRng, rngs::SysRng};
use serde::Serialize;
use sqlx::{
    ConnectOptions, Connection, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{task::JoinSet, time::Instant};

use super::{
    baseline::Rate,
    load::{Figures, Pace, Run, Script, Shape},
    scratch::Scratch,
    server::Server,
};
use crate::{
    clock::Clock,
    domain::{
        access::Role,
        code::{CodePrefix, CouponCode, Entropy},
        id::TemplateId,
    },
    service::create_key::create_key,
    store::{self, bench::coupons::Filling},
};
use race::Race;

/// What to measure.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// The length of each run.
    pub seconds: u64,
    /// Coupons in the table when wallets are looked at.
    pub table: i64,
    /// Coupons to be exported, and codes to be imported.
    pub rows: i64,
    /// Codes that many use at once.
    pub raced: i64,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Uses over HTTP, each of another coupon.
    pub redeem: Figures,
    /// The same two statements from as many connections straight to Postgres.
    pub redeem_alone: Rate,
    /// `redeem` over `redeem_alone`.
    pub redeem_ratio: f64,
    /// Many who use one code at once, at two servers.
    pub race: Race,
    /// One wallet of 200 coupons.
    pub wallet: Figures,
    /// A cart held against them.
    pub cart: Figures,
    /// All coupons as CSV.
    pub export: Moved,
    /// A file of codes.
    pub import: Moved,
    /// Seconds for 100,000 generated codes.
    pub generate_s: f64,
    /// What was asked for.
    pub settings: Settings,
}

/// Something that passed through the server.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Moved {
    /// How many rows.
    pub rows: u64,
    /// How long it took.
    pub seconds: f64,
    /// By how much the server's memory grew meanwhile, in MiB.
    pub growth_mib: f64,
}

struct Bench<'a> {
    scratch: &'a Scratch,
    settings: &'a Settings,
    clock: &'a Arc<dyn Clock>,
    key: Arc<str>,
}

/// Connections that use coupons at the same time.
const CONNECTIONS: usize = 64;
/// More than any machine of this size uses in a second.
const MOST_PER_S: i64 = 12_000;
/// The member with the wallet.
const UID: &str = "bench";
const GENERATED: usize = 100_000;

/// Runs everything on a scratch database.
pub async fn run(
    settings: Settings,
    server: Option<PgConnectOptions>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Report> {
    let scratch = Scratch::make(server, 2 * CONNECTIONS, &clock).await?;
    let report = prepare_and_measure(&scratch, &settings, &clock).await;
    scratch.remove().await?;
    report
}

async fn prepare_and_measure(
    scratch: &Scratch,
    settings: &Settings,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Report> {
    let db = PgPoolOptions::new().connect_with(scratch.options.clone()).await?;
    let (_, key) = create_key(&db, clock.now(), "bench", Role::Owner).await?;
    db.close().await;
    let bench = Bench { scratch, settings, clock, key: key.reveal().into() };
    bench.measure().await
}

impl Bench<'_> {
    async fn measure(&self) -> anyhow::Result<Report> {
        let generate_s = generate()?;
        let mut conn = self.scratch.options.connect().await?;
        let distinct = MOST_PER_S * i64::try_from(self.settings.seconds)?;
        self.fill(&mut conn, "RDM", distinct).await?;
        self.fill(&mut conn, "ALN", distinct).await?;
        self.fill(&mut conn, "RAC", self.settings.raced).await?;
        let server = Server::start(&self.scratch.url).await?;

        let redeem = self.run(&server, self.script("RDM", distinct), CONNECTIONS).await?;
        let redeem_alone = self.redeem_alone(distinct).await?;
        let second = Server::start(&self.scratch.url).await?;
        let addresses = [server.address, second.address];
        let race = Race::run(addresses, &self.key, self.settings.raced, &mut conn).await?;
        second.stop()?;

        let import = self.import(&mut conn, &server).await?;
        let (wallet, cart) = self.wallets(&mut conn, &server).await?;
        let export = self.export(&server).await?;
        server.stop()?;
        conn.close().await?;
        Ok(Report {
            redeem_ratio: redeem.per_s / redeem_alone.per_s,
            redeem,
            redeem_alone,
            race,
            wallet,
            cart,
            export,
            import,
            generate_s,
            settings: self.settings.clone(),
        })
    }

    async fn fill(&self, conn: &mut PgConnection, prefix: &str, count: i64) -> anyhow::Result<()> {
        let (campaign, _) = &self.scratch.campaigns[0];
        let (app, now) = (self.scratch.app, self.clock.now());
        let filling = Filling { app, campaign, now, prefix, count };
        store::bench::coupons::fill_coupons(conn, filling).await?;
        Ok(())
    }

    fn script(&self, prefix: &str, most: i64) -> Script {
        let most = most.unsigned_abs();
        Script::Redeem { key: Arc::clone(&self.key), prefix: prefix.into(), most }
    }

    async fn run(
        &self,
        server: &Server,
        script: Script,
        connections: usize,
    ) -> anyhow::Result<Figures> {
        let run = Run {
            address: server.address,
            shape: Shape::Script(script),
            pace: Pace::Closed,
            connections,
            length: Duration::from_secs(self.settings.seconds),
            name: "b".into(),
        };
        run.measure(self.clock).await
    }

    /// The same two statements, straight to Postgres.
    async fn redeem_alone(&self, most: i64) -> anyhow::Result<Rate> {
        let options = store::planned_once(self.scratch.options.clone());
        let mut conns = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            conns.push(options.connect().await?);
        }
        let length = Duration::from_secs(self.settings.seconds);
        let (begin, now) = (Instant::now(), self.clock.now());
        let mut tasks = JoinSet::new();
        for (place, mut conn) in conns.into_iter().enumerate() {
            let mut number = i64::try_from(place)?;
            tasks.spawn(async move {
                let mut count = 0.0;
                while begin.elapsed() < length && number < most {
                    let order = format!("ALN{number:012}");
                    let code = CouponCode::parse(&order)?;
                    let used =
                        store::bench::coupons::redeem_alone(&mut conn, code, &order, now).await?;
                    ensure!(used, "{number} was used before");
                    count += 1.0;
                    number += i64::try_from(CONNECTIONS)?;
                }
                anyhow::Ok(count)
            });
        }
        let mut count: f64 = 0.0;
        while let Some(one) = tasks.join_next().await {
            count += one??;
        }
        Ok(Rate { per_s: count / begin.elapsed().as_secs_f64() })
    }

    /// A member's wallet and cart, among many coupons of others.
    async fn wallets(
        &self,
        conn: &mut PgConnection,
        server: &Server,
    ) -> anyhow::Result<(Figures, Figures)> {
        self.fill(conn, "TBL", self.settings.table).await?;
        let campaigns: Vec<_> = self.scratch.campaigns.iter().map(|(one, _)| one).collect();
        let (app, now) = (self.scratch.app, self.clock.now());
        let each = i32::try_from(200 / campaigns.len())?;
        store::bench::coupons::fill_wallet(conn, app, UID, &campaigns, each, now).await?;
        let (key, uid) = (Arc::clone(&self.key), Arc::from(UID));
        let wallet = Script::Wallet { key, uid };
        let (key, uid) = (Arc::clone(&self.key), Arc::from(UID));
        let cart = Script::Cart { key, uid };
        // Few callers: how long one of them waits is asked, not how many there can be.
        Ok((self.run(server, wallet, 4).await?, self.run(server, cart, 4).await?))
    }

    async fn export(&self, server: &Server) -> anyhow::Result<Moved> {
        let url = format!("http://{}/v1/admin/exports/coupons?format=csv", server.address);
        let request = client()?.get(url).bearer_auth(&self.key);
        let export = async {
            let response = request.send().await?.error_for_status()?;
            let mut pieces = response.bytes_stream();
            let mut rows: u64 = 0;
            while let Some(piece) = pieces.try_next().await? {
                rows += piece.split(|byte| *byte == b'\n').skip(1).count() as u64;
            }
            // The names of the columns are a row as well.
            anyhow::Ok(rows.saturating_sub(1))
        };
        watched(server, export).await
    }

    async fn import(&self, conn: &mut PgConnection, server: &Server) -> anyhow::Result<Moved> {
        let (template, now) = (TemplateId::new(self.clock.now()), self.clock.now());
        let terms = serde_json::json!({
            "title": "导入的券码",
            "kind": "cash",
            "benefit": { "type": "amount", "off_fen": 2000 },
            "claim_from": now,
            "claim_until": now + chrono::TimeDelta::days(1),
            "validity": { "type": "after_claim", "days": 7 },
            "codes": { "type": "uploaded" },
        });
        store::bench::coupons::plant_uploading(conn, template, &terms, now).await?;
        let rows = self.settings.rows;
        let mut file = String::with_capacity(usize::try_from(rows)? * 17);
        for number in 0..rows {
            writeln!(file, "UP-{number:012}\r")?;
        }
        let address = server.address;
        let url = format!("http://{address}/v1/admin/templates/{template}/code-imports");
        let request = client()?
            .post(url)
            .bearer_auth(&self.key)
            .header("content-type", "text/csv")
            .header("idempotency-key", "bench-import")
            .body(file);
        let import = async {
            let said: serde_json::Value = request.send().await?.error_for_status()?.json().await?;
            said["new"].as_u64().context("the import counts nothing")
        };
        watched(server, import).await
    }
}

/// Measures how long it takes, and by how much the server grows meanwhile.
async fn watched(
    server: &Server,
    work: impl Future<Output = anyhow::Result<u64>>,
) -> anyhow::Result<Moved> {
    let before = server.memory_mib().unwrap_or_default();
    let mut most = before;
    let began = Instant::now();
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    tokio::pin!(work);
    let rows = loop {
        tokio::select! {
            rows = &mut work => break rows?,
            _ = looks.tick() => most = most.max(server.memory_mib().unwrap_or_default()),
        }
    };
    Ok(Moved { rows, seconds: began.elapsed().as_secs_f64(), growth_mib: most - before })
}

/// Patient enough for a slow machine.
fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().timeout(Duration::from_mins(10)).build()
}

/// As the engine makes them, with randomness of the operating system.
fn generate() -> anyhow::Result<f64> {
    let began = Instant::now();
    let mut entropy = vec![Entropy::default(); GENERATED];
    SysRng.try_fill_bytes(entropy.as_flattened_mut())?;
    let prefix = CodePrefix::default();
    let codes: Vec<_> =
        entropy.into_iter().map(|entropy| CouponCode::generate(&prefix, entropy)).collect();
    ensure!(codes.iter().all(CouponCode::is_well_typed), "a code is mistyped from the start");
    Ok(began.elapsed().as_secs_f64())
}
