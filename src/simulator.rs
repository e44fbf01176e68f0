//! A simulated platform, to test and to develop against: Baidu's side of the coupon protocol.
//!
//! Written from the platform's documents. It imports nothing of the other rooms, so that a field
//! misspelt in our client is refused here instead of passing both sides. One port serves three
//! surfaces: the platform's own calls, the control API under `/_sim`, and a page at `/`.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use chrono::TimeDelta;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub mod aim;
pub mod app;
pub mod banner;
mod bend;
mod caller;
mod calls;
pub mod clock;
mod control;
mod coupon;
pub mod crowd;
pub mod days;
mod dispatch;
pub mod effects;
pub mod fault;
mod fields;
mod gate;
pub mod journal;
mod json;
pub mod ledger;
mod letter;
mod limits;
mod oauth;
mod page;
mod person;
pub mod record;
mod reply;
pub mod report;
mod sent;
mod serve;
pub mod sign;
mod state;
pub mod switches;
pub mod take;
mod target;
pub mod template;
mod turn;
mod verdict;
mod wallet;
pub mod wechat;
mod width;

use aim::{FaultAim, NoSuchCall};
use app::{App, AppSeed};
use banner::BannerInside;
use caller::Caller;
use clock::Clock;
use crowd::{CrowdOrder, CrowdReport};
use days::Figures;
use effects::{Identity, Tally};
use fault::{CallFault, Fault};
use journal::Entry;
use ledger::TakeError;
use record::{Attempt, Held, RecordInside, TakeReport};
use report::Report;
use state::World;
use switches::Switches;
use take::TakeOrder;
use template::TemplateInside;

/// What a simulator starts with; a reset comes back to it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The apps that exist from the start.
    pub apps: Vec<AppSeed>,
    /// The quirks at the start.
    pub switches: Switches,
    /// Where the time comes from.
    pub clock: Clock,
    /// Makes ids and tokens repeat from run to run; nothing else may rely on them.
    pub seed: Option<u64>,
    /// Hosts besides loopback that may be called back.
    pub allowed_callback_hosts: Vec<String>,
    /// How long one call to the developer may take.
    pub callback_timeout: Duration,
    /// How long the platform waits before it asks again.
    pub pause_between_tries: Duration,
    /// How many attempts the transcript keeps before it forgets the oldest.
    pub most_attempts_kept: usize,
    /// How many requests the journal keeps before it forgets the oldest.
    pub most_journal_kept: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            apps: vec![AppSeed::default_app()],
            switches: Switches::default(),
            clock: Clock::default(),
            seed: None,
            allowed_callback_hosts: Vec::new(),
            callback_timeout: Duration::from_secs(3),
            pause_between_tries: Duration::from_millis(100),
            most_attempts_kept: 10_000,
            most_journal_kept: 10_000,
        }
    }
}

/// Serves on the listener until [`Simulator::stop`] is called or the handle is dropped.
pub fn start(listener: TcpListener, settings: Settings) -> io::Result<Simulator> {
    let address = listener.local_addr()?;
    let hosts = settings.allowed_callback_hosts.clone();
    let caller = Caller::new(settings.callback_timeout, hosts)?;
    let world = World::new(settings, caller);
    let router = Router::new()
        .route("/", get(page::page))
        .merge(control::routes())
        .fallback(gate::serve)
        .with_state(world.clone());

    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(serve::serve(listener, router, stopped));
    Ok(Simulator { base_url: format!("http://{address}"), world, stop, task })
}

/// A running simulator.
#[derive(Debug)]
pub struct Simulator {
    base_url: String,
    world: Arc<World>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

impl Simulator {
    /// Where it listens, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// A user takes one coupon.
    pub async fn take(&self, order: TakeOrder) -> Result<TakeReport, TakeError> {
        take::take(&self.world, order).await
    }

    /// A crowd takes the same coupon.
    pub async fn take_all(&self, order: CrowdOrder) -> Result<CrowdReport, TakeError> {
        crowd::take_all(&self.world, order).await
    }

    /// The platform asks again for a record.
    pub async fn retake(
        &self,
        record_id: &str,
        faults: Vec<Fault>,
    ) -> Result<TakeReport, TakeError> {
        take::retake(&self.world, record_id, faults).await
    }

    /// A person's coupons, oldest first.
    pub fn wallet(&self, open_id: &str) -> Vec<Held> {
        self.world.wallet(open_id)
    }

    /// Everybody's coupons by open id; whoever holds none is left out.
    pub fn wallets(&self) -> BTreeMap<String, Vec<Held>> {
        self.world.wallets()
    }

    /// Every record of takes and syncs, with or without a coupon, oldest first.
    pub fn records(&self) -> Vec<RecordInside> {
        self.world.records()
    }

    /// Every banner, deleted ones included.
    pub fn banners(&self) -> Vec<BannerInside> {
        self.world.banners()
    }

    /// What really happened to each template on each day, whatever the statistics call shows.
    pub fn figures(&self) -> Vec<Figures> {
        self.world.figures()
    }

    /// How often each thing that must happen once did happen.
    pub fn effects(&self) -> BTreeMap<Identity, Tally> {
        self.world.lock().effects.all()
    }

    /// Every request to the platform's surface, oldest first, as far as it is kept.
    pub fn journal(&self) -> Vec<Entry> {
        self.world.lock().journal.after(0, None)
    }

    /// Every template, deleted ones included.
    pub fn templates(&self) -> Vec<TemplateInside> {
        self.world.templates()
    }

    /// Every call to a developer, oldest first, as far as it is kept.
    pub fn transcript(&self) -> Vec<Attempt> {
        self.world.lock().transcript.iter().cloned().collect()
    }

    /// What was not as documented.
    pub fn report(&self) -> Report {
        self.world.lock().report.clone()
    }

    /// Lets the next take that names no faults of its own go wrong; several queue up.
    pub fn next(&self, fault: Fault) {
        self.world.lock().next.push_back(vec![fault]);
    }

    /// Lets the next call to the platform go wrong; several queue up.
    pub fn next_call(&self, fault: CallFault) {
        // Aimed at any call, so there is no name that could be wrong.
        self.world.lock().aims.add(FaultAim::next(1, fault)).ok();
    }

    /// Lets some calls to the platform go wrong; the first aim that matches a call strikes.
    pub fn fault_calls(&self, aim: FaultAim) -> Result<(), NoSuchCall> {
        self.world.lock().aims.add(aim)
    }

    /// Forgets every fault that waits for calls to the platform.
    pub fn clear_call_faults(&self) {
        self.world.lock().aims.clear();
    }

    /// Sends the platform away or brings it back: while away, every call is hung up on unread.
    pub fn set_down(&self, down: bool) {
        self.world.lock().down = down;
    }

    /// Moves the platform's clock.
    pub fn advance(&self, step: TimeDelta) {
        self.world.advance(step);
    }

    /// The quirks as they are now.
    pub fn switches(&self) -> Switches {
        self.world.lock().switches.clone()
    }

    /// Turns quirks.
    pub fn set_switches(&self, switches: Switches) {
        self.world.lock().switches = switches;
    }

    /// Sets the stock that the platform believes in, past every documented call.
    pub fn set_stock(&self, coupon_template_id: i64, stock: i64) -> Result<(), TakeError> {
        self.world.set_stock(coupon_template_id, stock)
    }

    /// Adds an app, or replaces the one with the same key.
    pub fn put_app(&self, seed: AppSeed) -> App {
        self.world.lock().put_app(seed)
    }

    /// Ends every access token.
    pub fn revoke_tokens(&self) {
        self.world.lock().revoke_tokens(None);
    }

    /// Ends the access tokens of one app.
    pub fn revoke_tokens_of(&self, app_key: &str) {
        self.world.lock().revoke_tokens(Some(app_key));
    }

    /// Lets the access tokens of one app, or of all, run out at this moment.
    pub fn expire_tokens(&self, app_key: Option<&str>) {
        let now = self.world.now();
        self.world.lock().expire_tokens(app_key, now);
    }

    /// The code that a person's sign-in hands the mini-program: ten minutes, for one use.
    pub fn login_code(&self, app_key: &str, open_id: &str) -> String {
        let now = self.world.now();
        self.world.lock().login_code(app_key, open_id, now)
    }

    /// Back to the first moment.
    pub fn reset(&self) {
        self.world.reset();
    }

    /// Stops listening and waits for what is under way.
    pub async fn stop(self) -> io::Result<()> {
        self.stop.send(()).ok();
        self.task.await.map_err(io::Error::other)?
    }
}
