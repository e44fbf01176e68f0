//! Opens the addresses that platforms call.

use std::sync::Arc;

use axum::Router;
use chrono::TimeDelta;
use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    config::Config,
    issuing::Issuer,
    platform::{
        baidu::callback::{self, Callbacks},
        wechat::{self, callback::Pushes},
    },
    service::{
        apply_cards::CardApplier, card_address::CardAddresses, card_inbox::CardInbox,
        repair_reply::Doubts, route::Directory, source::Sources,
    },
};

/// What all of them need.
pub(super) struct Platforms<'a> {
    pub config: &'a Config,
    pub database: &'a PgConnectOptions,
    pub db: &'a PgPool,
    pub clock: &'a Arc<dyn Clock>,
    pub background: &'a TaskTracker,
    pub stop: &'a CancellationToken,
    /// Rung when pushes were kept.
    pub card_pushes: &'a Arc<Notify>,
}

impl Platforms<'_> {
    /// Their routes. What writes for them in the background ends when the last of the routes is gone.
    pub async fn open(
        self,
        directory: Arc<Directory>,
        issuer: Issuer,
        doubts: &Arc<Doubts>,
        addresses: Arc<CardAddresses>,
    ) -> anyhow::Result<Router> {
        let Self { config, database, db, clock, background, stop, card_pushes } = self;
        let (sources, remember) = Sources::open(db.clone(), Arc::clone(clock)).await?;
        let sources = Arc::new(sources);
        background.spawn(remember);
        let (inbox, write) = CardInbox::open(database, Arc::clone(card_pushes));
        background.spawn(write);
        let kept = Arc::clone(card_pushes);
        let cards = CardApplier::open(db.clone(), Arc::clone(clock), issuer.clone(), kept);
        background.spawn(cards.keep_applying(stop.clone()));
        let trusted_proxies: Arc<[_]> = config.server.trusted_proxies.clone().into();

        let callbacks = Callbacks {
            directory,
            issuer,
            doubts: Arc::clone(doubts),
            clock: Arc::clone(clock),
            sources: Arc::clone(&sources),
            window: TimeDelta::from_std(config.baidu.callback_window)?,
            trusted_proxies: Arc::clone(&trusted_proxies),
        };
        let pushes = Pushes {
            addresses,
            inbox,
            clock: Arc::clone(clock),
            sources,
            accept_plain: config.wechat.accept_plain_pushes,
            trusted_proxies,
        };
        Ok(Router::new().merge(callback::router(callbacks)).merge(wechat::callback::router(pushes)))
    }
}
