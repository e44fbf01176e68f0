//! The protocols of merchants: how fast a hot template is claimed in one of them beside Baidu's callback, and how long a
//! wallet with a cart takes in the other.

mod caller;
mod shown;

use std::{sync::Arc, time::Duration};

use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::json;
use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

pub use caller::{YohoCaller, ZvcmsCaller};

use super::{
    load::{Figures, Pace, Run, Script, Shape},
    scratch::Scratch,
    server::Server,
};
use crate::{
    clock::Clock,
    config,
    domain::{
        gateway::Protocol,
        id::{AppId, PlacementId, TemplateId},
        number::TemplateNumber,
        sight::Sight,
    },
    service::{
        create_gateway_client::{MadeGatewayClient, NewGatewayClient, create_gateway_client},
        create_gateway_grant::{NewGatewayGrant, create_gateway_grant},
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
    /// A hot template through Yoho's `getCoupon`, each claim of another member, who is met there for the first time.
    pub claims: Vec<Figures>,
    /// A hot template through Baidu's callback, each record of somebody new.
    pub callbacks: Vec<Figures>,
    /// The claims of all rounds over the callbacks of all rounds.
    pub ratio: f64,
    /// zvcms' `coupon.user-coupon-list` with a cart, for a member with 50 coupons, 500 times a second.
    pub listing: Figures,
    /// What was asked for.
    pub settings: Settings,
}

struct Bench<'a> {
    scratch: &'a Scratch,
    settings: &'a Settings,
    clock: &'a Arc<dyn Clock>,
    keys: String,
}

const CONNECTIONS: usize = 64;
/// More than any machine of this size claims in a second.
const MOST_PER_S: i64 = 25_000;
/// The member with the wallet, and the coupons in it.
const UID: &str = "900000000001";
const COUPONS: usize = 50;
const LISTINGS_PER_S: f64 = 500.0;
/// Callers of the listing; with more, a late answer would be hidden behind an earlier one.
const LISTERS: usize = 32;

/// Runs everything on a scratch database.
pub async fn run(
    settings: Settings,
    server: Option<PgConnectOptions>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Report> {
    let scratch = Scratch::make(server, CONNECTIONS, &clock).await?;
    let keys = Vault::without_keys().fresh_key_line(None)?.expose_secret().to_owned();
    let bench = Bench { scratch: &scratch, settings: &settings, clock: &clock, keys };
    let report = bench.measure().await;
    scratch.remove().await?;
    report
}

impl Bench<'_> {
    async fn measure(&self) -> anyhow::Result<Report> {
        let mut conn = self.scratch.options.connect().await?;
        let template = self.plant(&mut conn).await?;
        let db = PgPoolOptions::new().connect_with(self.scratch.options.clone()).await?;
        let (yoho, zvcms) = self.make_clients(&db, template).await?;
        db.close().await;
        let settings = [
            ("KAQUAN__SECRETS__MASTER_KEYS", self.keys.as_str()),
            // What one client may ask is not what is measured.
            ("KAQUAN__YOHO__CLIENT_RATE", "1000000"),
            ("KAQUAN__YOHO__CLIENT_BURST", "1000000"),
        ];
        let server = Server::start_with(&self.scratch.url, &settings).await?;
        let baidu: Arc<[_]> = vec![self.scratch.campaigns[0].1.clone()].into();

        let most = MOST_PER_S * i64::try_from(self.settings.seconds)?;
        let (mut claims, mut callbacks) = (Vec::new(), Vec::new());
        for round in 0..=self.settings.rounds {
            let after = i64::from(round) * most;
            store::bench::gateways::plant_members(&mut conn, after, most, self.clock.now()).await?;
            let claim =
                Script::YohoClaim { caller: yoho.clone(), after, most: most.unsigned_abs() };
            let claimed = self.run(&server, "y", Shape::Script(claim), Pace::Closed).await?;
            let fresh = Shape::Fresh(Arc::clone(&baidu));
            let called = self.run(&server, &format!("b{round}"), fresh, Pace::Closed).await?;
            // The first round only fills tables and caches.
            if round > 0 {
                claims.push(claimed);
                callbacks.push(called);
            }
        }
        self.fill_wallet(&mut conn).await?;
        conn.close().await?;
        let listing = Shape::Script(Script::ZvcmsCart { caller: zvcms, now: self.clock.now() });
        let listing = self.run(&server, "z", listing, Pace::Open(LISTINGS_PER_S)).await?;
        server.stop()?;
        let sum = |runs: &[Figures]| runs.iter().map(|run| run.per_s).sum::<f64>();
        Ok(Report {
            ratio: sum(&claims) / sum(&callbacks),
            claims,
            callbacks,
            listing,
            settings: self.settings.clone(),
        })
    }

    async fn plant(&self, conn: &mut PgConnection) -> anyhow::Result<TemplateNumber> {
        let now = self.clock.now();
        let terms = json!({
            "title": "满 100 减 20",
            "kind": "cash",
            "benefit": { "type": "amount", "off_fen": 2000 },
            "threshold": { "type": "amount", "fen": 10000 },
            "claim_from": now - chrono::TimeDelta::days(1),
            "claim_until": now + chrono::TimeDelta::days(1),
            "validity": { "type": "after_claim", "days": 7 },
        });
        let (template, placement) =
            (TemplateId::from(Uuid::new_v4()), PlacementId::from(Uuid::new_v4()));
        let (app, ids) = (AppId::new(now), (template, placement));
        Ok(store::bench::gateways::plant_shop(conn, app, ids, &terms, now).await?)
    }

    async fn make_clients(
        &self,
        db: &PgPool,
        template: TemplateNumber,
    ) -> anyhow::Result<(YohoCaller, ZvcmsCaller)> {
        let secrets = config::secrets::Secrets {
            master_keys: Some(self.keys.clone().into()),
            ..config::secrets::Secrets::default()
        };
        let vault = Vault::open(&secrets, None)?;
        let now = self.clock.now();
        let make = async |protocol, name: Option<&str>| {
            let new = NewGatewayClient {
                protocol,
                name: name.map(str::to_owned),
                settings: json!({}),
                sight: Sight::All,
                secret: None,
                salt: None,
            };
            // There is nothing to check.
            create_gateway_client(db, &vault, now, new, |_, _| Ok(())).await
        };
        let MadeGatewayClient { client, secret, .. } = make(Protocol::Yoho, Some("bench")).await?;
        let yoho =
            YohoCaller { template, name: client.name.into(), key: secret.expose_secret().into() };
        let MadeGatewayClient { client, secret, .. } = make(Protocol::Zvcms, None).await?;
        let new = NewGatewayGrant { code: None, sight: Sight::All, actions: None, stores: None };
        let grant = create_gateway_grant(db, now, client.id, new, |_, _| Ok(())).await?;
        let zvcms = ZvcmsCaller {
            name: client.name.into(),
            grant: grant.code.into(),
            secret: secret.expose_secret().into(),
            uid: UID.into(),
        };
        Ok((yoho, zvcms))
    }

    async fn fill_wallet(&self, conn: &mut PgConnection) -> anyhow::Result<()> {
        let campaigns: Vec<_> =
            self.scratch.campaigns.iter().take(COUPONS).map(|(one, _)| one).collect();
        let (app, now) = (self.scratch.app, self.clock.now());
        store::bench::coupons::fill_wallet(conn, app, UID, &campaigns, 1, now).await?;
        Ok(())
    }

    async fn run(
        &self,
        server: &Server,
        name: &str,
        shape: Shape,
        pace: Pace,
    ) -> anyhow::Result<Figures> {
        let connections = if matches!(pace, Pace::Open(_)) { LISTERS } else { CONNECTIONS };
        let run = Run {
            address: server.address,
            shape,
            pace,
            connections,
            length: Duration::from_secs(self.settings.seconds),
            name: name.into(),
        };
        run.measure(self.clock).await
    }
}
