//! Cards: how fast WeChat's pushes of taken cards are kept, beside Baidu's callback.

mod caller;
mod shown;

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::json;
use sqlx::{
    ConnectOptions, Connection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub use caller::PushCaller;

use super::{
    load::{Figures, Pace, Run, Script, Shape},
    scratch::Scratch,
    server::Server,
};
use crate::{
    clock::Clock,
    config,
    domain::app::PlatformKind,
    service::{
        create_app::{NewApp, create_app},
        save_push_address::{NewPushSecrets, save_push_address},
    },
    store,
    vault::Vault,
};

/// What to measure.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// The length of each run.
    pub seconds: u64,
    /// Pairs of runs.
    pub rounds: u32,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Encrypted pushes of taken cards, each of another card.
    pub pushes: Vec<Figures>,
    /// A hot template through Baidu's callback, each record of somebody new.
    pub callbacks: Vec<Figures>,
    /// The pushes of all rounds over the callbacks of all rounds.
    pub ratio: f64,
    /// Rows that the pushes left.
    pub rows: i64,
    /// What was asked for.
    pub settings: Settings,
}

const CONNECTIONS: usize = 64;
/// The account's name at WeChat.
const APP_ID: &str = "wx0000000000bench0";

/// Runs everything on a scratch database.
pub async fn run(
    settings: Settings,
    server: Option<PgConnectOptions>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Report> {
    let scratch = Scratch::make(server, CONNECTIONS, &clock).await?;
    let report = measure_on(&scratch, settings, &clock).await;
    scratch.remove().await?;
    report
}

async fn measure_on(
    scratch: &Scratch,
    settings: Settings,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Report> {
    let keys = Vault::without_keys().fresh_key_line(None)?.expose_secret().to_owned();
    let db = PgPoolOptions::new().connect_with(scratch.options.clone()).await?;
    let caller = make_address(&db, &keys, clock).await?;
    db.close().await;
    let server =
        Server::start_with(&scratch.url, &[("KAQUAN__SECRETS__MASTER_KEYS", keys.as_str())])
            .await?;
    let baidu: Arc<[_]> = vec![scratch.campaigns[0].1.clone()].into();

    let length = Duration::from_secs(settings.seconds);
    let (mut pushes, mut callbacks, mut kept) = (Vec::new(), Vec::new(), 0.0);
    for round in 0..=settings.rounds {
        let run = async |name: &str, shape| {
            let run = Run {
                address: server.address,
                shape,
                pace: Pace::Closed,
                connections: CONNECTIONS,
                length,
                name: format!("{name}{round}").into(),
            };
            run.measure(clock).await
        };
        let script = Script::WechatPush { caller: caller.in_round(round) };
        let taken = run("w", Shape::Script(script)).await?;
        let baidus = run("b", Shape::Fresh(Arc::clone(&baidu))).await?;
        kept += taken.per_s * length.as_secs_f64();
        // The first round only fills tables and caches.
        if round > 0 {
            pushes.push(taken);
            callbacks.push(baidus);
        }
    }
    server.stop()?;
    let mut conn = scratch.options.connect().await?;
    let rows = store::bench::count_pushes(&mut conn).await?;
    conn.close().await?;
    #[expect(clippy::cast_precision_loss, reason = "a few million rows")]
    let found = rows as f64;
    // A run takes a little longer than it is asked to, never less.
    ensure!(found >= kept.floor(), "{kept} pushes were answered with success, and {rows} are kept");
    let sum = |runs: &[Figures]| runs.iter().map(|run| run.per_s).sum::<f64>();
    let ratio = sum(&pushes) / sum(&callbacks);
    Ok(Report { pushes, callbacks, ratio, rows, settings })
}

async fn make_address(
    db: &PgPool,
    keys: &str,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<PushCaller> {
    let secrets = config::secrets::Secrets {
        master_keys: Some(keys.into()),
        ..config::secrets::Secrets::default()
    };
    let (vault, now) = (Vault::open(&secrets, None)?, clock.now());
    let new = NewApp {
        platform: PlatformKind::Wechat,
        app_key: APP_ID.to_owned(),
        name: "bench".to_owned(),
        settings: json!({}),
        secret: None,
        cards_app: None,
        give_back: None,
    };
    let app = create_app(db, &vault, now, new).await?;
    // There is nothing to check.
    let (new, lint) = (NewPushSecrets::default(), |_: Option<&str>, _: Option<&str>| Ok(()));
    let address = save_push_address(db, &vault, now, app.id, new, lint).await?;
    PushCaller::new(&address, APP_ID, now)
}
