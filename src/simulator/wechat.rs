//! A simulated WeChat, to test and to develop against: cards, codes, pushes, and the phone that takes them.
//!
//! Written from the platform's documents; it imports nothing of the other rooms. One port serves three surfaces:
//! WeChat's own calls, the control API under `/__sim`, and a page at `/`.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::DropGuard;

pub mod acts;
pub mod aim;
pub mod app;
mod bend;
mod calls;
pub mod card;
mod codes;
mod colour;
mod control;
pub mod coupon;
pub mod crypto;
mod datacube;
mod day;
mod deeds;
mod dispatch;
pub mod effects;
mod fact;
pub mod fault;
mod fields;
mod gate;
mod grant;
pub mod journal;
pub mod kind;
mod letter;
mod login;
mod parcel;
pub mod person;
pub mod phone;
mod post;
pub mod push;
mod qrcode;
mod quota;
pub mod report;
mod request;
mod schedule;
mod sealed_code;
mod state;
pub mod switches;
mod token;
pub mod trouble;
mod turn;
mod upload;
mod white_list;
mod world;

use super::clock::Clock;
use super::serve;
use aim::{CallAim, PushAim};
use app::{App, AppSeed};
use card::{Card, CardInside, review};
use effects::{Identity, Tally};
use fault::{CallFault, PushFault};
use journal::Entry;
use push::Push;
use report::Report;
use switches::Switches;
use trouble::Refused;
use world::World;

/// What a simulator starts with; a reset comes back to it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The apps that exist from the start.
    pub apps: Vec<AppSeed>,
    /// The people who exist from the start; others appear when they are first named.
    pub people: Vec<String>,
    /// The quirks at the start.
    pub switches: Switches,
    /// Where the time comes from.
    pub clock: Clock,
    /// Makes ids and tokens repeat from run to run; nothing else may rely on them.
    pub seed: Option<u64>,
    /// Hosts besides loopback that may be told of events.
    pub allowed_callback_hosts: Vec<String>,
    /// How long a merchant may take to answer a push.
    pub push_timeout: Duration,
    /// How long WeChat waits before it pushes again, unless its own clock says so.
    pub pause_between_tries: Duration,
    /// How many requests the journal keeps before it forgets the oldest.
    pub most_journal_kept: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            apps: vec![AppSeed::default_oa(), AppSeed::default_mp()],
            people: Vec::new(),
            switches: Switches::default(),
            clock: Clock::default(),
            seed: None,
            allowed_callback_hosts: Vec::new(),
            push_timeout: Duration::from_secs(5),
            pause_between_tries: Duration::from_millis(100),
            most_journal_kept: 10_000,
        }
    }
}

/// Serves on the listener until [`WechatSimulator::stop`] is called or the handle is dropped.
pub fn start(listener: TcpListener, settings: Settings) -> io::Result<WechatSimulator> {
    let address = listener.local_addr()?;
    let world = World::new(settings)?;
    let router = Router::new()
        .route("/", get(control::page))
        .merge(control::routes())
        .fallback(gate::serve)
        .with_state(world.clone());

    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(serve::serve(listener, router, stopped));
    let pushes = world.stopping.clone().drop_guard();
    Ok(WechatSimulator { base_url: format!("http://{address}"), world, stop, task, pushes })
}

/// A running simulator.
#[derive(Debug)]
pub struct WechatSimulator {
    base_url: String,
    world: Arc<World>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
    pushes: DropGuard,
}

/// What WeChat's consoles and the platform itself do.
impl WechatSimulator {
    /// Where it listens, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Adds an app, or replaces the one with the same id.
    pub fn put_app(&self, seed: AppSeed) -> Result<App, Refused> {
        self.world.act(|state, _| state.put_app(seed))
    }

    /// Asks the callback of an account to prove itself, as the console does before it saves an address.
    pub async fn verify(&self, appid: &str) -> Result<bool, String> {
        post::verify(&self.world, appid).await
    }

    /// Lets a card pass its review, or not.
    pub fn review(&self, card_id: &str, passes: bool, reason: &str) -> Result<(), Refused> {
        self.world.act(|state, now| review::review(state, now, card_id, passes, reason))
    }

    /// Every card, deleted ones included, oldest first.
    pub fn cards(&self) -> Vec<CardInside> {
        let state = self.world.lock();
        let mut cards: Vec<&Card> = state.cards.values().collect();
        cards.sort_by_key(|card| (card.created, &card.card_id));
        cards.into_iter().map(Card::inside).collect()
    }

    /// How often each thing that cannot be undone did happen.
    pub fn effects(&self) -> BTreeMap<Identity, Tally> {
        self.world.lock().effects.all()
    }

    /// Every request to WeChat's surface, oldest first, as far as it is kept.
    pub fn journal(&self) -> Vec<Entry> {
        self.world.lock().journal.after(0, None)
    }

    /// Every event, told or not, oldest first.
    pub fn pushes(&self) -> Vec<Push> {
        self.world.lock().outbox.all.iter().cloned().collect()
    }

    /// Waits until no push is under way; those that wait for the clock or are held back do not count.
    pub async fn settled(&self) {
        self.world.settled().await;
    }

    /// Pushes an event once more, whatever became of it.
    pub fn push_again(&self, number: u64) -> Result<(), Refused> {
        let found = self.world.act(|state, _| state.outbox.again(number));
        if found { Ok(()) } else { Err(Refused::NoSuch("push")) }
    }

    /// Lets go what a fault holds back.
    pub fn release_pushes(&self) {
        self.world.act(|state, _| state.outbox.release());
    }

    /// What was not as documented.
    pub fn report(&self) -> Report {
        self.world.lock().report.clone()
    }

    /// Ends the tokens of one app, or of all.
    pub fn kill_tokens(&self, appid: Option<&str>) {
        self.world.lock().kill_tokens(appid);
    }

    /// Lets the tokens of one app, or of all, run out at this moment.
    pub fn expire_tokens(&self, appid: Option<&str>) {
        self.world.act(|state, now| state.expire_tokens(appid, now));
    }

    /// Ends the tickets of one account, or of all.
    pub fn rotate_tickets(&self, appid: Option<&str>) {
        self.world.lock().rotate_tickets(appid);
    }

    /// Lets the next call to WeChat go wrong; several queue up.
    pub fn next_call(&self, fault: CallFault) {
        // Aimed at any call, so there is no path that could be wrong.
        self.world.lock().aims.at_calls(CallAim::next(1, fault)).ok();
    }

    /// Lets some calls to WeChat go wrong; the first aim that matches a call strikes.
    pub fn fault_calls(&self, aim: CallAim) -> Result<(), Refused> {
        self.world.lock().aims.at_calls(aim)
    }

    /// Lets the next push go wrong; several queue up.
    pub fn next_push(&self, fault: PushFault) {
        self.world.lock().aims.at_pushes(PushAim::next(1, fault));
    }

    /// Lets some pushes go wrong.
    pub fn fault_pushes(&self, aim: PushAim) {
        self.world.lock().aims.at_pushes(aim);
    }

    /// Forgets every fault that still waits.
    pub fn clear_faults(&self) {
        self.world.lock().aims.clear();
    }

    /// Sends WeChat away or brings it back: while away, every call is hung up on.
    pub fn set_down(&self, down: bool) {
        self.world.lock().down = down;
    }

    /// WeChat's present moment.
    pub fn now(&self) -> DateTime<Utc> {
        self.world.now()
    }

    /// Moves WeChat's clock.
    pub fn advance(&self, step: TimeDelta) {
        self.world.advance(step);
    }

    /// Sets WeChat's clock.
    pub fn set_clock(&self, to: DateTime<Utc>) {
        self.world.set_clock(to);
    }

    /// The quirks as they are now.
    pub fn switches(&self) -> Switches {
        self.world.lock().switches.clone()
    }

    /// Turns quirks.
    pub fn set_switches(&self, switches: Switches) {
        self.world.lock().switches = switches;
    }

    /// Back to the first moment.
    pub fn reset(&self) {
        self.world.reset();
    }

    /// Stops listening and pushing, and waits for what is under way.
    pub async fn stop(self) -> io::Result<()> {
        self.stop.send(()).ok();
        drop(self.pushes);
        self.world.tasks.close();
        self.world.tasks.wait().await;
        self.task.await.map_err(io::Error::other)?
    }
}
