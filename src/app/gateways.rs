//! Opens the doors for the protocols of merchants.

use std::sync::Arc;

use anyhow::ensure;
use axum::Router;

use crate::{
    api::ApiState,
    config::Config,
    domain::gateway::Protocol,
    gateway::{
        yoho::{self, Yoho},
        zvcms::{self, Zvcms},
    },
    service::{desk::Desk, gateway_directory::GatewayDirectory, nonces::Nonces},
    store,
};

/// Their routes, served with what the API is served with.
///
/// # Errors
/// When a client need not sign, which is for tests on one machine, and others can reach this server.
pub(super) async fn open(
    config: &Config,
    api: &ApiState,
    clients: &Arc<GatewayDirectory>,
    nonces: Nonces,
) -> anyhow::Result<Router> {
    let desk = Desk::start(
        (api.db.clone(), api.vault.clone()),
        Arc::clone(&api.clock),
        api.known_terms.clone(),
        api.redeemer.clone(),
        api.issuer.clone(),
    );
    let is_loopback = config.server.listen.ip().is_loopback();
    if !is_loopback {
        refuse_unsigned(&desk).await?;
    }
    let trusted_proxies = config.server.trusted_proxies.clone().into();
    let yoho = Yoho::new(desk.clone(), Arc::clone(clients), &config.yoho, trusted_proxies);
    let zvcms = Zvcms::new(desk, Arc::clone(clients), nonces, &config.zvcms, is_loopback);
    Ok(Router::new().merge(yoho::router(yoho)).merge(zvcms::router(zvcms)))
}

async fn refuse_unsigned(desk: &Desk) -> anyhow::Result<()> {
    let live = store::gateway_client::list_live(&mut *desk.db.acquire().await?).await?;
    let unsigned = live.iter().map(|(client, _)| client).find(|client| {
        client.protocol == Protocol::Zvcms && zvcms::settings::is_unsigned(&client.settings)
    });
    ensure!(
        unsigned.is_none(),
        "the zvcms client {} does not sign, and this server does not listen on loopback; \
         give it another scheme or disable it: kaquan gateway edit",
        unsigned.map(|client| client.name.as_str()).unwrap_or_default()
    );
    Ok(())
}
