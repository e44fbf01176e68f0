//! A data folder for one test, and questions to ask of the server and of the operating system.

use std::fs::{self, Permissions};
use std::future::Future;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kaquan::postgres::Postgres;
use kaquan::postgres::settings::{Durability, Settings};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::{ConnectOptions, Connection};

/// A folder that is gone after the test. It lies in the system's temporary folder: there the path
/// is short enough for a socket, and the server's user may enter.
pub struct Scene {
    pub folder: PathBuf,
}

impl Scene {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("kaquan-{}-{number}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub fn cluster(&self) -> PathBuf {
        self.data().join("pg")
    }

    pub fn settings(&self) -> Settings {
        Settings::at(self.data())
    }

    /// A server as merchants have it.
    pub fn start_durable(&self) -> Postgres {
        Postgres::start(&self.settings()).unwrap()
    }

    /// A server that does not wait for the disk: no test here cuts the power.
    pub fn start(&self) -> Postgres {
        let durability = Durability::OffForTests;
        Postgres::start(&Settings { durability, ..self.settings() }).unwrap()
    }

    /// A cluster that was made and cleanly stopped.
    pub fn with_cluster() -> Self {
        let scene = Self::new();
        scene.start().stop();
        scene
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // A test that failed may have left it in any state; the next run does not meet it.
        let _left = fs::remove_dir_all(&self.folder);
    }
}

/// Runs one future to its end.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The one value that a query answers with.
pub fn ask<T>(postgres: &Postgres, database: &str, query: &'static str) -> T
where
    T: Send + Unpin + sqlx::Type<sqlx::Postgres> + for<'r> sqlx::Decode<'r, sqlx::Postgres>,
{
    block_on(async {
        let mut conn = postgres.options(database).connect().await.unwrap();
        let value = sqlx::query_scalar(query).fetch_one(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        value
    })
}

/// Waits for what the operating system announces to nobody, half a minute at most.
#[expect(clippy::disallowed_methods, reason = "no event tells of a file or of a stranger's end")]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{what} did not come about");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal; whoever has ended a moment ago, because its parent did, needs none.
pub fn send(pid: u32, signal: Signal) {
    match kill(Pid::from_raw(pid.cast_signed()), signal) {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(error) => panic!("cannot send {signal} to {pid}: {error}"),
    }
}

/// Whether the process runs; a zombie does not.
pub fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != "Z")
}

pub fn children_of(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    pids.filter(|pid| stat(*pid).is_some_and(|(_, its_parent)| its_parent == parent)).collect()
}

/// State and parent of a process.
fn stat(pid: u32) -> Option<(String, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}

/// The user and group that own `path`.
pub fn owner_of(path: &Path) -> (u32, u32) {
    let found = fs::metadata(path).unwrap();
    (found.uid(), found.gid())
}
