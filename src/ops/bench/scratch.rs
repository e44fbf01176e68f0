//! The database of a bench: made for it and gone after it.

use std::{path::PathBuf, sync::Arc};

use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use uuid::Uuid;

use super::callback::Target;
use crate::{
    app::database::Database,
    clock::Clock,
    domain::{
        id::{AppId, PlacementId, TemplateId},
        stock::Way,
    },
    postgres::settings::Settings,
    service::secret::Fresh,
    store::{self, bench::NewCampaign, issuing::OfferKey},
};

/// The scratch database with its campaigns.
pub struct Scratch {
    /// How to reach it.
    pub options: PgConnectOptions,
    /// The same for another process.
    pub url: String,
    /// The one app.
    pub app: AppId,
    /// All campaigns; the first is the hot one.
    pub campaigns: Vec<(NewCampaign, Target)>,
    home: Home,
}

enum Home {
    /// A server of our own, in a folder that goes away with it.
    Embedded(Database, PathBuf),
    /// A database on the merchant's server.
    Theirs(PgConnectOptions, String),
}

/// Campaigns of the spread run.
pub const CAMPAIGNS: usize = 100;

impl Scratch {
    /// Makes the database: on `server` if one is given, else on an embedded one with room for `connections`.
    pub async fn make(
        server: Option<PgConnectOptions>,
        connections: usize,
        clock: &Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let (options, home) = if let Some(server) = server {
            let name = store::bench::scratch_name();
            let mut conn = server.connect().await?;
            store::bench::create_scratch(&mut conn, &name).await?;
            (server.clone().database(&name), Home::Theirs(server, name))
        } else {
            let folder = std::env::temp_dir().join(store::bench::scratch_name());
            let max_connections = u16::try_from(connections + 40)?;
            let settings = Settings { max_connections, ..Settings::at(&folder) };
            let database = Database::embedded(settings).await?;
            (database.options.clone(), Home::Embedded(database, folder))
        };
        let mut conn = options.connect().await?;
        store::MIGRATOR.run(&mut conn).await?;
        let app = AppId::new(clock.now());
        let campaigns = plant(&mut conn, app, clock).await?;
        conn.close().await?;
        let url = options.to_url_lossy().to_string();
        Ok(Self { options, url, app, campaigns, home })
    }

    /// Where the hot campaign's coupons come from.
    pub fn hot(&self) -> OfferKey {
        let (campaign, _) = &self.campaigns[0];
        OfferKey { template: campaign.template, placement: campaign.placement, way: Way::Take }
    }

    /// Removes everything.
    pub async fn remove(self) -> anyhow::Result<()> {
        match self.home {
            Home::Embedded(database, folder) => {
                database.close().await;
                std::fs::remove_dir_all(folder)?;
            }
            Home::Theirs(server, name) => {
                let mut conn = server.connect().await?;
                store::bench::drop_scratch(&mut conn, &name).await?;
            }
        }
        Ok(())
    }
}

async fn plant(
    conn: &mut PgConnection,
    app: AppId,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Vec<(NewCampaign, Target)>> {
    let now = clock.now();
    let terms = serde_json::json!({
        "title": "满 100 减 20",
        "kind": "cash",
        "benefit": { "type": "amount", "off_fen": 2000 },
        "threshold": { "type": "amount", "fen": 10000 },
        "claim_from": now - chrono::TimeDelta::days(1),
        "claim_until": now + chrono::TimeDelta::days(1),
        "validity": { "type": "after_claim", "days": 7 },
    });
    let mut campaigns = Vec::with_capacity(CAMPAIGNS);
    let mut targets = Vec::with_capacity(CAMPAIGNS);
    for number in 0..CAMPAIGNS {
        let secret = Fresh::random("")?;
        let platform_ref = (23_830_866 + number).to_string();
        targets
            .push(Target { token: secret.reveal().to_owned(), platform_ref: platform_ref.clone() });
        campaigns.push(NewCampaign {
            template: TemplateId::from(Uuid::new_v4()),
            placement: PlacementId::from(Uuid::new_v4()),
            platform_ref,
            token_hash: secret.hash(),
        });
    }
    store::bench::plant_app(conn, app, now).await?;
    store::bench::plant_campaigns(conn, app, &terms, &campaigns, now).await?;
    Ok(campaigns.into_iter().zip(targets).collect())
}
