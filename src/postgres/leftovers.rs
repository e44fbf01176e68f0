//! Ends what an earlier, killed kaquan left behind, so that a start never needs a person.
//!
//! Postgres alone refuses to start while a zombie, a stranger or a backend on its way out has the
//! process id in an old lock file. We hold the lock of the data folder, so any server that still
//! uses the cluster is a leftover: it is asked to end, awaited, and its lock files are removed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::data_dir::{Layout, remove_if_there};
use super::error::{StartError, failed_to};

/// Signals for a leftover, each with the time when patience with the one before it is over.
/// After the latter two the next start recovers from the write-ahead log.
const ESCALATION: [(Duration, Signal); 3] = [
    (Duration::ZERO, Signal::SIGINT),
    // By then replaying the log is quicker than waiting for a busy disk.
    (Duration::from_secs(5), Signal::SIGQUIT),
    (Duration::from_secs(40), Signal::SIGKILL),
];
const GIVE_UP: Duration = Duration::from_mins(2);

/// How the last server on a cluster went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastEnd {
    /// It shut down, or there was none.
    Clean,
    /// It was killed; the next start recovers.
    Killed,
}

/// Makes the cluster free for a new server, whatever happened to the last one.
pub(super) fn settle(layout: &Layout) -> Result<LastEnd, StartError> {
    end_users_of(&layout.cluster())?;
    remove_if_there(&layout.socket())?;
    remove_if_there(&layout.socket_lock())?;
    // A server that shuts down removes its own file.
    let was_killed = remove_if_there(&layout.cluster().join("postmaster.pid"))?;
    Ok(if was_killed { LastEnd::Killed } else { LastEnd::Clean })
}

/// Asks every Postgres process at work in `folder` to end and waits until all have.
pub(super) fn end_users_of(folder: &Path) -> Result<(), StartError> {
    let place = Place::of(folder)?;
    let begun = Instant::now();
    let mut signals = ESCALATION.iter().peekable();
    loop {
        let users = place.users();
        if users.is_empty() {
            return Ok(());
        }
        if begun.elapsed() > GIVE_UP {
            let pids = users.iter().map(|user| user.pid).collect();
            return Err(StartError::StillRunning { pids });
        }
        if let Some((_, signal)) = signals.next_if(|(due, _)| *due <= begun.elapsed()) {
            users.iter().filter(|user| user.takes(*signal)).for_each(|user| user.send(*signal));
        }
        pause();
    }
}

/// One short wait for something that the operating system lets nobody wait for.
#[expect(clippy::disallowed_methods, reason = "no event tells of a stranger's end; never in tokio")]
pub(super) fn pause() {
    thread::sleep(Duration::from_millis(5));
}

/// The name by which the processes of a cluster can be told from those of any other.
pub(super) fn mark(cluster: &Path) -> Result<String, StartError> {
    Ok(Place::of(cluster)?.mark())
}

/// A folder by its identity rather than its name alone.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    folder: &'a Path,
    device: u64,
    inode: u64,
}

/// A process at work in a folder.
#[derive(Debug)]
struct User {
    pid: i32,
    is_server_child: bool,
}

impl User {
    /// A child gets no polite request: to a backend, SIGINT means "cancel your query".
    fn takes(&self, signal: Signal) -> bool {
        signal != Signal::SIGINT || !self.is_server_child
    }

    fn send(&self, signal: Signal) {
        let pid = self.pid;
        tracing::info!(pid, %signal, "An earlier Postgres still runs on this data: {signal}");
        // It may have ended since we looked, which is all we want.
        let _ended = kill(Pid::from_raw(pid), signal);
    }
}

impl<'a> Place<'a> {
    fn of(folder: &'a Path) -> Result<Self, StartError> {
        let found = fs::metadata(folder).map_err(failed_to("read", folder))?;
        Ok(Self { folder, device: found.dev(), inode: found.ino() })
    }

    fn mark(self) -> String {
        format!("kaquan-{:x}-{:x}", self.device, self.inode)
    }

    fn is_named_in(self, title: &str) -> bool {
        title.split('\0').any(|word| Path::new(word) == self.folder)
    }

    fn users(self) -> Vec<User> {
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        processes.filter_map(|process| self.user(&process.path())).collect()
    }

    /// Every process of a server works in the folder of its cluster; a zombie works nowhere.
    fn user(self, process: &Path) -> Option<User> {
        let pid = process.file_name()?.to_str()?.parse().ok()?;
        let name = fs::read_to_string(process.join("comm")).ok()?;
        if !["postgres", "postmaster", "initdb"].contains(&name.trim()) {
            return None;
        }
        let title = fs::read(process.join("cmdline")).ok()?;
        let title = String::from_utf8_lossy(&title);
        let works_here = match fs::metadata(process.join("cwd")) {
            Ok(found) => found.dev() == self.device && found.ino() == self.inode,
            // Root without CAP_SYS_PTRACE, as in most containers, may not look; but all can read
            // the title: of a server and of initdb the folder stands there, of the server's
            // children its `cluster_name`.
            Err(_) => title.contains(&self.mark()) || self.is_named_in(&title),
        };
        works_here.then(|| User { pid, is_server_child: title.starts_with("postgres:") })
    }
}
