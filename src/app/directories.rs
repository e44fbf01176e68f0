//! Opens what servers keep in memory of who calls them, and keeps it fresh.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::spawn_until;
use crate::{
    clock::Clock,
    service::{card_address::CardAddresses, gateway_directory::GatewayDirectory, route::Directory},
    vault::Vault,
};

/// Who is known, and how each directory is told of a change made on this server.
pub(super) struct Directories {
    /// Platforms, by their callback addresses.
    pub callbacks: Arc<Directory>,
    /// Platforms, by the addresses to which they push what happens to cards.
    pub pushes: Arc<CardAddresses>,
    /// Tells both of a change.
    pub changed: Arc<Notify>,
    /// Front ends of the merchant's, by the names that they give themselves.
    pub gateway: Arc<GatewayDirectory>,
    pub gateway_changed: Arc<Notify>,
}

impl Directories {
    /// Reads them, and keeps up with the database until `stop`.
    pub async fn open(
        db: &PgPool,
        clock: &Arc<dyn Clock>,
        vault: &Vault,
        background: &TaskTracker,
        stop: &CancellationToken,
    ) -> sqlx::Result<Self> {
        let (changed, gateway_changed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let callbacks = Directory::open(db.clone(), Arc::clone(clock), Arc::clone(&changed));
        let callbacks = Arc::new(callbacks.await?);
        let woken = Arc::clone(&changed);
        let pushes = CardAddresses::open(db.clone(), Arc::clone(clock), vault.clone(), woken);
        let pushes = Arc::new(pushes.await?);
        let woken = Arc::clone(&gateway_changed);
        let gateway = GatewayDirectory::open(db.clone(), Arc::clone(clock), vault.clone(), woken);
        let gateway = Arc::new(gateway.await?);
        let fresh = Arc::clone(&callbacks);
        spawn_until(background, stop, async move { fresh.keep_fresh().await });
        let fresh = Arc::clone(&pushes);
        spawn_until(background, stop, async move { fresh.keep_fresh().await });
        let fresh = Arc::clone(&gateway);
        spawn_until(background, stop, async move { fresh.keep_fresh().await });
        Ok(Self { callbacks, pushes, changed, gateway, gateway_changed })
    }
}
