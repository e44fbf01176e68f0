//! The thread that spawns, watches, restarts and stops the server.
//!
//! It is one thread for the whole life of the server because the parent-death signal follows the
//! spawning thread, not the process: a server spawned by a pool's worker would die with the worker.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::error::{StartError, failed_to};
use super::leftovers::{self, LastEnd};
use super::server::{Process, Server};

/// How often we look whether the server is ready: it tells by a file alone.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How often a long recovery is mentioned in the log.
const MENTION: Duration = Duration::from_secs(10);
/// How long a fast shutdown may take before an immediate one is asked for, and then before a kill.
const FAST: Duration = Duration::from_secs(30);
const IMMEDIATE: Duration = Duration::from_secs(10);
/// The pauses between failed restarts double from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(30);

/// What the keeper waits for.
#[derive(Debug)]
enum Event {
    Ended,
    Stop,
}

/// The handle of the thread.
#[derive(Debug)]
pub(super) struct Keeper {
    thread: JoinHandle<()>,
    events: Sender<Event>,
    postmaster: Arc<AtomicU32>,
}

impl Keeper {
    /// Returns when the server takes connections.
    pub(super) fn start(server: Server) -> Result<(Self, LastEnd), StartError> {
        let (events, received) = mpsc::channel();
        let (tell, told) = mpsc::sync_channel(1);
        let postmaster = Arc::new(AtomicU32::new(0));
        let watch =
            Watch { server, postmaster: Arc::clone(&postmaster), events: events.clone(), received };
        let body = move || {
            let begun = watch.launch();
            let (running, answer) = match begun {
                Ok(process) => (Some(process.child), Ok(process.last_end)),
                Err(error) => (None, Err(error)),
            };
            // Nobody listens any more only when nobody wants the server.
            if tell.send(answer).is_ok() {
                watch.keep(running);
            }
        };
        let thread = thread::Builder::new()
            .name("postgres-keeper".to_owned())
            .spawn(body)
            .map_err(failed_to("start a thread for", "Postgres".as_ref()))?;
        let last_end = told.recv().unwrap_or(Err(StartError::Stopped))?;
        Ok((Self { thread, events, postmaster }, last_end))
    }

    /// The process id of the server; `None` between a crash and the restart.
    pub(super) fn postmaster(&self) -> Option<u32> {
        match self.postmaster.load(Ordering::Acquire) {
            0 => None,
            pid => Some(pid),
        }
    }

    /// Stops the server and returns when it is gone.
    pub(super) fn stop(self) {
        // A keeper that no longer listens has already stopped.
        let _gone = self.events.send(Event::Stop);
        if self.thread.join().is_err() {
            tracing::error!("The keeper of Postgres panicked; the kernel stops Postgres for it");
        }
    }
}

/// What the thread itself holds.
struct Watch {
    server: Server,
    postmaster: Arc<AtomicU32>,
    events: Sender<Event>,
    received: Receiver<Event>,
}

impl Watch {
    /// Restarts the server until told to stop, then stops it.
    fn keep(&self, mut running: Option<Child>) {
        while let Some(mut child) = running {
            match self.received.recv() {
                Ok(Event::Ended) => {
                    self.postmaster.store(0, Ordering::Release);
                    log_end(&child.wait());
                    running = self.relaunch();
                }
                Ok(Event::Stop) | Err(_) => {
                    self.end(&mut child);
                    running = None;
                }
            }
        }
    }

    /// Spawns a server and returns when it takes connections, however long recovery takes.
    fn launch(&self) -> Result<Process, StartError> {
        let mut process = self.server.spawn()?;
        let begun = Instant::now();
        let mut mention = MENTION;
        self.announce_end_of(&process.child);
        while !self.server.is_ready(&process) {
            match self.received.recv_timeout(LOOK_AGAIN) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Event::Ended) => return Err(self.died_early(&mut process)),
                Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => {
                    self.end(&mut process.child);
                    return Err(StartError::Stopped);
                }
            }
            if begun.elapsed() > mention {
                mention += MENTION;
                let logs = self.server.layout.logs();
                tracing::warn!(logs = %logs.display(), "Postgres is still recovering");
            }
        }
        self.postmaster.store(process.child.id(), Ordering::Release);
        Ok(process)
    }

    /// Tries until the server is back; `None` when told to stop meanwhile.
    fn relaunch(&self) -> Option<Child> {
        let begun = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            match self.launch() {
                Ok(process) => {
                    let duration_ms = begun.elapsed().as_millis();
                    tracing::warn!(duration_ms, "Postgres is back after {duration_ms} ms");
                    return Some(process.child);
                }
                Err(StartError::Stopped) => return None,
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "Postgres does not start again, next try in {pause:?}");
                }
            }
            match self.received.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => pause = LAST_PAUSE.min(pause * 2),
                Ok(_) | Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Sends `Ended` once when the child is dead. It stays a zombie until the keeper reaps it, so
    /// that no signal of ours can ever reach a stranger with the same process id.
    fn announce_end_of(&self, child: &Child) {
        let (pid, events) = (pid_of(child), self.events.clone());
        let wait = move || {
            while waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)
                == Err(nix::errno::Errno::EINTR)
            {}
            // The keeper may be gone already, together with its wish to know.
            let _unheard = events.send(Event::Ended);
        };
        if let Err(error) = thread::Builder::new().name("postgres-watcher".to_owned()).spawn(wait) {
            tracing::error!(%error, "Nobody watches Postgres: a crash would go unseen");
        }
    }

    fn died_early(&self, process: &mut Process) -> StartError {
        match process.child.wait() {
            Ok(status) => self.server.ended(process, status),
            Err(error) => failed_to("wait for", "Postgres".as_ref())(error),
        }
    }

    /// Ends the server: politely, then less so. Each way leaves a cluster that starts again.
    fn end(&self, child: &mut Child) {
        let begun = Instant::now();
        self.postmaster.store(0, Ordering::Release);
        for (signal, patience) in
            [(Signal::SIGINT, FAST), (Signal::SIGQUIT, IMMEDIATE), (Signal::SIGKILL, IMMEDIATE)]
        {
            // It cannot be a stranger: a child that ended is a zombie until we reap it below.
            let _ended = kill(pid_of(child), signal);
            match self.await_end(patience) {
                Ok(()) => break,
                Err(_late) => tracing::warn!(%signal, "Postgres did not end in {patience:?}"),
            }
        }
        if let Err(error) = child.wait() {
            tracing::error!(%error, "Cannot wait for the end of Postgres");
        }
        // The process that writes the log ends last, some moments after its parent.
        if let Err(error) = leftovers::end_users_of(&self.server.layout.cluster()) {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "Postgres stopped, but not all of it");
        }
        let duration_ms = begun.elapsed().as_millis();
        tracing::info!(duration_ms, "Postgres stopped after {duration_ms} ms");
    }

    fn await_end(&self, patience: Duration) -> Result<(), RecvTimeoutError> {
        let until = Instant::now() + patience;
        loop {
            match self.received.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Event::Ended) => return Ok(()),
                Ok(Event::Stop) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn pid_of(child: &Child) -> Pid {
    // The kernel's process ids are positive 32-bit integers.
    Pid::from_raw(child.id().cast_signed())
}

fn log_end(ended: &io::Result<ExitStatus>) {
    match ended {
        Ok(status) => tracing::warn!(%status, "Postgres ended by itself, starting it again"),
        Err(error) => tracing::warn!(%error, "Postgres is gone, starting it again"),
    }
}
