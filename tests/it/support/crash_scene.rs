//! A durable embedded Postgres under a real server, both to be killed.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{serve::Serve, until::until_within};

/// A data folder of its own, and the server that runs on it.
pub struct CrashScene {
    folder: PathBuf,
    pub serve: Option<Serve>,
    /// From the start of a process, or from a kill of its Postgres alone, until callbacks are welcome again.
    pub ready_in: Vec<(Victim, Duration)>,
}

/// What a round kills; never by name, always by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    Server,
    Backend,
    Postmaster,
    PostmasterAndBackends,
    ServerAndPostmaster,
    Everything,
}

/// How long anything may take to come back.
const DEADLINE: Duration = Duration::from_secs(30);

impl CrashScene {
    pub async fn set() -> Self {
        // Short enough for a socket's path, and open to the user that Postgres runs as.
        let folder = std::env::temp_dir().join(format!("kaquan-crash-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        let mut scene = Self { folder, serve: None, ready_in: Vec::new() };
        scene.start().await;
        scene
    }

    pub fn server(&self) -> &Serve {
        self.serve.as_ref().unwrap()
    }

    /// A pool beside the server's own.
    pub async fn pool(&self) -> PgPool {
        let options = PgConnectOptions::new_without_pgpass()
            .host("localhost")
            .socket(self.folder.join("data/run"))
            .username("kaquan")
            .database("kaquan");
        PgPoolOptions::new().max_connections(2).connect_with(options).await.unwrap()
    }

    /// Kills, all in one breath, and returns when the victims are gone or replaced.
    pub async fn kill(&mut self, victim: Victim) {
        let postmaster = self.postmaster();
        let server = self.server().pid().cast_signed();
        let children = children_of(postmaster);
        let doomed = match victim {
            Victim::Server => vec![server],
            // The youngest child is one that serves a connection.
            Victim::Backend => children.into_iter().max().into_iter().collect(),
            Victim::Postmaster => vec![postmaster],
            Victim::PostmasterAndBackends => [vec![postmaster], children].concat(),
            Victim::ServerAndPostmaster => vec![server, postmaster],
            Victim::Everything => [vec![server, postmaster], children].concat(),
        };
        let serve_dies = doomed.contains(&server);
        for pid in doomed {
            // A child may have ended by itself since we looked.
            let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        if serve_dies {
            self.serve.take().unwrap().kill().await;
        } else {
            let begun = Instant::now();
            let replaced = |pid| victim == Victim::Backend || pid != postmaster;
            let back = async || self.find_postmaster().is_some_and(replaced);
            until_within(DEADLINE, "Postgres is back", back).await;
            self.ready().await;
            self.ready_in.push((victim, begun.elapsed()));
        }
    }

    /// Starts the server again if the victim was the server.
    pub async fn start_after(&mut self, victim: Victim) {
        if self.serve.is_none() {
            let begun = Instant::now();
            self.start().await;
            self.ready_in.push((victim, begun.elapsed()));
        }
    }

    async fn start(&mut self) {
        let data = self.folder.join("data");
        let serve = Serve::start(&[
            ("KAQUAN__DATABASE__DATA_DIR", data.to_str().unwrap()),
            ("KAQUAN__LOG__FILTER", "info"),
        ])
        .await;
        self.serve = Some(serve);
        self.ready().await;
    }

    async fn ready(&self) {
        let url = format!("http://{}/health/ready", self.server().address);
        let client = super::letter::client();
        let ready = async || client.get(&url).send().await.is_ok_and(|reply| reply.status() == 200);
        until_within(DEADLINE, "callbacks are welcome", ready).await;
    }

    fn postmaster(&self) -> i32 {
        self.find_postmaster().expect("no Postgres runs")
    }

    fn find_postmaster(&self) -> Option<i32> {
        let text = fs::read_to_string(self.folder.join("data/pg/postmaster.pid")).ok()?;
        text.lines().next()?.parse().ok()
    }
}

impl Drop for CrashScene {
    fn drop(&mut self) {
        drop(self.serve.take());
        let _left = fs::remove_dir_all(&self.folder);
    }
}

fn children_of(parent: i32) -> Vec<i32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

fn parent_of(pid: i32) -> Option<i32> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
