//! The delivery worker: part of a server, or beside one for a command.

use std::sync::Arc;

use anyhow::Context;
use sqlx::postgres::PgConnectOptions;

use crate::{
    clock::Clock,
    config::{Config, delivery::Delivery},
    delivery::{Deps, Worker},
    platform::{baidu::client::Client, webhooks, wechat},
    vault::Vault,
};

/// Starts it as the settings say.
pub async fn start(
    config: &Config,
    database: &PgConnectOptions,
    vault: &Vault,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Worker> {
    let deps = Deps {
        database: database.clone(),
        vault: vault.clone(),
        clock,
        settings: config.delivery.clone(),
        reconciliation: config.reconciliation.clone(),
        baidu: Client::new(&config.baidu).context("calls to Baidu cannot be made")?,
        wechat: wechat::client::Client::new(&config.wechat)
            .context("calls to WeChat cannot be made")?,
        webhooks: webhooks::client::Client::new(&config.webhooks)
            .context("webhooks cannot be called")?,
        public_url: config.server.public_url.clone(),
    };
    Worker::start(deps).await
}

/// Starts one that pays nothing by itself and only does what it is told to.
pub async fn beside(
    config: &Config,
    database: &PgConnectOptions,
    vault: &Vault,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Worker> {
    let delivery = Delivery { enabled: false, ..config.delivery.clone() };
    start(&Config { delivery, ..config.clone() }, database, vault, clock).await
}
