//! The worker that pays what we owe the platforms.
//!
//! A delivery is a row that was written in the transaction of its cause. The worker leases what is due, calls the
//! platform with no connection held, and settles what came of it. Every attempt names the same identity, so that the
//! platform can tell a repetition; every settlement names the lease's fence, so that a worker that was thought dead and
//! wakes up changes nothing.
//!
//! Three tasks share the work: one leases and starts attempts, one settles those that have ended, many at once, and one
//! shows that this worker lives and takes over from those that do not. A fourth holds our figures against the
//! platforms', once a day and when it is asked to.

mod account;
mod ask;
mod attempt;
mod dialect;
mod leaser;
mod load;
mod login;
mod presence;
mod reconcile;
mod settler;
mod survive;
mod tickets;
mod token;
mod used_up;
pub mod work;

use std::sync::Arc;

use anyhow::Context;
use attempt::Tried;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

use crate::{
    clock::Clock,
    config::{delivery::Delivery, reconciliation::Reconciliation},
    platform::{
        baidu::{client::Client, login::Login},
        webhooks, wechat,
    },
    vault::Vault,
};

/// What the worker is made of.
pub struct Deps {
    /// The database; the worker has connections of its own.
    pub database: PgConnectOptions,
    /// Opens app secrets, and seals access tokens.
    pub vault: Vault,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// How it works.
    pub settings: Delivery,
    /// When and how it holds our figures against the platforms'.
    pub reconciliation: Reconciliation,
    /// Speaks to Baidu.
    pub baidu: Client,
    /// Speaks to WeChat.
    pub wechat: wechat::client::Client,
    /// Speaks to the merchant's own systems.
    pub webhooks: webhooks::client::Client,
    /// How platforms reach us; callback addresses begin with it.
    pub public_url: Url,
}

/// A running worker.
pub struct Worker {
    inner: Arc<Inner>,
    stop: CancellationToken,
    tasks: TaskTracker,
    leave: CancellationToken,
    presence: JoinHandle<()>,
}

/// What the tasks of a worker share.
pub(crate) struct Inner {
    pub db: PgPool,
    pub vault: Vault,
    pub clock: Arc<dyn Clock>,
    pub settings: Delivery,
    pub reconciliation: Reconciliation,
    /// Rung when somebody asks for a reconciliation.
    pub reconciliation_asked: Notify,
    pub baidu: Client,
    pub wechat: wechat::client::Client,
    pub webhooks: webhooks::client::Client,
    pub public_url: Url,
    pub accounts: account::Accounts,
    pub tokens: token::Tokens,
    pub load: load::Load,
    pub used_up: used_up::UsedUp,
    /// Cancelled when no further call may be begun.
    pub stop: CancellationToken,
    /// This worker's number, while it can show that it lives.
    pub instance: watch::Receiver<Option<i32>>,
}

/// Leasing, settling, tokens, and one to spare; showing that the worker lives, and listening, have their own.
const CONNECTIONS: u32 = 4;

impl Worker {
    /// Starts the worker; without `settings.enabled` it only works when it is told to, by [`Worker::drain`].
    pub async fn start(deps: Deps) -> anyhow::Result<Self> {
        let Deps {
            database,
            vault,
            clock,
            settings,
            reconciliation,
            baidu,
            wechat,
            webhooks,
            public_url,
        } = deps;
        let options = database.application_name("kaquan delivery").options([
            ("statement_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "10s"),
            ("synchronous_commit", "on"),
            // The statements are written for their indexes: one plan each, and none is compiled.
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            ("enable_bitmapscan", "off"),
            ("jit", "off"),
        ]);
        let db = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(std::time::Duration::from_secs(3))
            .connect_with(options.clone())
            .await
            .context("the database cannot be reached")?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let (alive, instance) = watch::channel(None);
        let inner = Arc::new(Inner {
            db,
            vault,
            clock,
            baidu,
            wechat,
            webhooks,
            public_url,
            accounts: account::Accounts::default(),
            tokens: token::Tokens::default(),
            load: load::Load::new(settings.in_flight, settings.in_flight_per_app),
            used_up: used_up::UsedUp::default(),
            stop: stop.clone(),
            instance,
            settings,
            reconciliation,
            reconciliation_asked: Notify::new(),
        });
        let leave = CancellationToken::new();
        let shown = presence::show(Arc::clone(&inner), options.clone(), alive, leave.clone());
        let presence = tokio::spawn(shown);
        if inner.settings.enabled {
            let (done, ended) = mpsc::unbounded_channel::<Tried>();
            tasks.spawn(reconcile::run(Arc::clone(&inner), stop.clone()));
            tasks.spawn(settler::run(Arc::clone(&inner), ended));
            tasks.spawn(leaser::run(Arc::clone(&inner), options, done, stop.clone()));
        }
        Ok(Self { inner, stop, tasks, leave, presence })
    }

    /// Pays what is due, again and again until nothing is; how many attempts that took.
    pub async fn drain(&self) -> anyhow::Result<usize> {
        let mut attempts = 0;
        loop {
            let tried = leaser::round(&self.inner).await?;
            if tried.is_empty() {
                return Ok(attempts);
            }
            attempts += tried.len();
            settler::settle(&self.inner, tried).await?;
        }
    }

    /// Takes back what dead workers hold, as happens by itself every `settings.poll`; how many.
    pub async fn rescue(&self) -> anyhow::Result<i64> {
        presence::rescue(&self.inner).await
    }

    /// Asks Baidu who has logged in, with the worker's own accounts and tokens.
    pub fn login(&self) -> Login {
        Login::new(self.inner.baidu.clone(), Arc::new(login::Desk(Arc::clone(&self.inner))))
    }

    /// Asks WeChat for people who wait, with the worker's own accounts, tickets and tokens.
    pub fn wechat_desk(&self) -> wechat::desk::Desk {
        let keeper = Arc::new(login::Desk(Arc::clone(&self.inner)));
        let login = wechat::login::Login::new(self.inner.wechat.clone(), keeper);
        let tickets = Arc::new(login::Desk(Arc::clone(&self.inner)));
        wechat::desk::Desk { logins: Arc::new(login), tickets }
    }

    /// Begins no further call, and lets those under way go on: the first half of [`Worker::stop`].
    pub fn begin_to_stop(&self) {
        self.stop.cancel();
    }

    /// Leases no more, lets the calls under way come to their end, settles them, and ends.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        // Only now: who no longer shows that it lives counts as dead, and its calls as lost.
        self.leave.cancel();
        if let Err(panic) = self.presence.await {
            tracing::error!(error = %panic, "the delivery worker ended badly");
        }
        self.inner.db.close().await;
    }
}

impl Inner {
    /// A number in `0.0..1.0`, to spread what would otherwise happen at once.
    pub fn chance() -> f64 {
        rand::random()
    }
}
