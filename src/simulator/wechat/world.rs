//! What every request shares: the state, the line to merchants, and the tasks that push events.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Settings;
use super::post;
use super::state::State;

/// Shared by every request.
#[derive(Debug)]
pub(super) struct World {
    pub settings: Settings,
    pub client: Client,
    pub stopping: CancellationToken,
    pub tasks: TaskTracker,
    /// How many pushes are under way, those that wait for the clock left out.
    pub busy: watch::Sender<usize>,
    runtime: Handle,
    state: Mutex<State>,
}

impl World {
    /// Must be called where tasks can be started.
    pub fn new(settings: Settings) -> io::Result<Arc<Self>> {
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .user_agent("Mozilla/4.0")
            .timeout(settings.push_timeout)
            .build()
            .map_err(io::Error::other)?;
        Ok(Arc::new(Self {
            state: Mutex::new(State::new(&settings)),
            settings,
            client,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            busy: watch::Sender::new(0),
            runtime: Handle::try_current().map_err(io::Error::other)?,
        }))
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// WeChat's present moment.
    pub fn now(&self) -> DateTime<Utc> {
        let now = self.settings.clock.now();
        now.checked_add_signed(self.lock().offset).unwrap_or(now)
    }

    /// Does something at one moment, and sends off the events that came of it.
    pub fn act<T>(self: &Arc<Self>, work: impl FnOnce(&mut State, DateTime<Utc>) -> T) -> T {
        let now = self.settings.clock.now();
        let mut state = self.lock();
        let now = now.checked_add_signed(state.offset).unwrap_or(now);
        let done = work(&mut state, now);
        let ready = std::mem::take(&mut state.outbox.ready);
        drop(state);
        for number in ready {
            self.busy.send_modify(|busy| *busy += 1);
            let task = post::deliver(self.clone(), number);
            self.tasks.spawn_on(task, &self.runtime);
        }
        done
    }

    pub fn advance(&self, step: TimeDelta) {
        let mut state = self.lock();
        state.offset = state.offset.checked_add(&step).unwrap_or(state.offset);
    }

    pub fn set_clock(&self, to: DateTime<Utc>) {
        let now = self.settings.clock.now();
        self.lock().offset = to - now;
    }

    /// Waits until no push is under way; those that wait for the clock do not count.
    pub async fn settled(&self) {
        // The sender is ours, so it cannot have gone.
        self.busy.subscribe().wait_for(|busy| *busy == 0).await.ok();
    }

    /// Back to the first moment.
    pub fn reset(&self) {
        *self.lock() = State::new(&self.settings);
    }
}
