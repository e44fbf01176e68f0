//! A process that owns a Postgres and writes to it until it is told to stop, or killed.
//!
//! The test binary runs itself again: `lives` below is the body of the other process.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use kaquan::postgres::Postgres;
use kaquan::postgres::settings::Settings;
use nix::sys::signal::Signal;
use sqlx::ConnectOptions;

use crate::scene::{block_on, send};

const DATA_DIR: &str = "KAQUAN_TEST_DATA_DIR";
/// Marks our lines among those of the test harness.
const PREFIX: &str = "owner: ";

/// The parent's end of it.
pub struct Owner {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Owner {
    pub fn start(data: &Path) -> Self {
        Self::spawn(&std::env::current_exe().unwrap(), data, None)
    }

    /// The same as another user, from a copy of the binary which that user can reach.
    pub fn start_as(user: (u32, u32), program: &Path, data: &Path) -> Self {
        Self::spawn(program, data, Some(user))
    }

    fn spawn(program: &Path, data: &Path, user: Option<(u32, u32)>) -> Self {
        let mut command = Command::new(program);
        command.args(["--exact", "owner::lives", "--ignored", "--nocapture"]).env(DATA_DIR, data);
        command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some((uid, gid)) = user {
            command.uid(uid).gid(gid);
        }
        // A copy is busy for a moment when another test was just starting a process, which inherits its open file.
        let mut tries = 0;
        let mut child = loop {
            match command.spawn() {
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < 250 => {
                    tries += 1;
                    thread::park_timeout(Duration::from_millis(20));
                }
                spawned => break spawned.unwrap(),
            }
        };
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The process id of its server, as soon as that is ready.
    pub fn postmaster(&mut self) -> u32 {
        self.next().expect("the owner ended before its Postgres was ready")
    }

    /// The next row that was committed and acknowledged.
    pub fn row(&mut self) -> i64 {
        self.next().expect("the owner ended before its next row")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, and the others in the same breath; answers with its last words: the rows that
    /// were acknowledged and not yet read.
    pub fn kill_with(mut self, others: &[u32]) -> Vec<i64> {
        send(self.child.id(), Signal::SIGKILL);
        for other in others {
            send(*other, Signal::SIGKILL);
        }
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Tells it to stop its server and to end.
    pub fn stop(mut self) {
        drop(self.child.stdin.take());
        while self.next::<i64>().is_some() {}
        assert!(self.child.wait().unwrap().success());
    }

    fn next<T: std::str::FromStr>(&mut self) -> Option<T> {
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some((_, said)) = line.trim_end().split_once(PREFIX) {
                return said.parse().ok();
            }
        }
    }
}

#[test]
#[ignore = "the body of another process, started by the tests"]
#[expect(clippy::disallowed_methods, reason = "the only way to tell a test of our own binary")]
fn lives() {
    let Some(data) = std::env::var_os(DATA_DIR).map(PathBuf::from) else {
        return;
    };
    // A test that hangs must not keep its processes.
    thread::spawn(|| {
        thread::sleep(Duration::from_mins(2));
        std::process::abort();
    });
    let told_to_stop = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&told_to_stop);
    thread::spawn(move || {
        // It closes when the parent says so, and when the parent dies.
        let _closed = io::stdin().read_to_end(&mut Vec::new());
        tell.store(true, Ordering::Release);
    });

    let postgres = Postgres::start(&Settings::at(data)).unwrap();
    say(postgres.postmaster_pid().unwrap());
    block_on(write_rows(&postgres, &told_to_stop)).unwrap();
    postgres.stop();
}

async fn write_rows(postgres: &Postgres, told_to_stop: &AtomicBool) -> sqlx::Result<()> {
    postgres.ensure_database("kaquan").await?;
    let mut conn = postgres.options("kaquan").connect().await?;
    sqlx::query("create table if not exists written (n bigint generated always as identity)")
        .execute(&mut conn)
        .await?;
    while !told_to_stop.load(Ordering::Acquire) {
        let written: sqlx::Result<i64> =
            sqlx::query_scalar("insert into written default values returning n")
                .fetch_one(&mut conn)
                .await;
        match written {
            Ok(n) => say(n),
            // Its server was killed; we are next.
            Err(_) => break,
        }
    }
    Ok(())
}

fn say(what: impl std::fmt::Display) {
    let mut out = io::stdout().lock();
    // One write: a kill leaves a whole line or none.
    let _nobody_reads = out.write_all(format!("{PREFIX}{what}\n").as_bytes());
    let _nobody_reads = out.flush();
}
