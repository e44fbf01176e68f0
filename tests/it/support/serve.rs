//! The real binary, as a process of its own.

use std::{net::SocketAddr, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, Command},
    task::JoinHandle,
};

/// A running `kaquan serve`; killed when dropped.
pub struct Serve {
    pub address: SocketAddr,
    pub metrics_address: SocketAddr,
    child: Child,
    log: JoinHandle<Vec<String>>,
}

/// What it is told, besides listening on free ports.
pub type Environment<'a> = &'a [(&'a str, &'a str)];

/// A start waits for an orphaned Postgres, which waits for the disk.
const READY_WITHIN: Duration = Duration::from_mins(1);

impl Serve {
    /// Starts it and returns when it listens.
    pub async fn start(environment: Environment<'_>) -> Self {
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_kaquan")));
        command.arg("serve").env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("KAQUAN__SERVER__LISTEN", "127.0.0.1:0");
        command.env("KAQUAN__METRICS__LISTEN", "127.0.0.1:0");
        command.envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        let listening = tokio::time::timeout(READY_WITHIN, until_listening(&mut lines, &mut said));
        let Ok(Some((address, metrics_address))) = listening.await else {
            panic!("the server does not listen:\n{}", said.join("\n"));
        };
        // Read on, or the server would wait for a reader one day.
        let log = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                said.push(line);
            }
            said
        });
        Self { address, metrics_address, child, log }
    }

    pub fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// `kill -9`; answers with everything it ever logged.
    pub async fn kill(mut self) -> Vec<String> {
        self.child.kill().await.unwrap();
        self.last_words().await
    }

    /// Asks it to stop; answers with everything it ever logged.
    pub async fn stop(mut self) -> Vec<String> {
        let pid = nix::unistd::Pid::from_raw(self.pid().cast_signed());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        let ended = tokio::time::timeout(READY_WITHIN, self.child.wait()).await;
        assert!(ended.unwrap().unwrap().success());
        self.last_words().await
    }

    /// Asks it to stop; from then on it has nothing to warn of.
    pub async fn stop_quietly(self) {
        let log = self.stop().await;
        let farewell = log.iter().skip_while(|line| !line.contains("Stopping"));
        let loud = farewell.filter(|line| line.contains("WARN") || line.contains("ERROR"));
        let loud: Vec<_> = loud.collect();
        assert!(loud.is_empty(), "{loud:#?}");
    }

    async fn last_words(self) -> Vec<String> {
        let log = self.log.await.unwrap();
        let panic = log.iter().find(|line| line.contains("panicked at"));
        assert!(panic.is_none(), "{panic:?}");
        log
    }
}

/// Reads `kaquan is listening address=… metrics=…`, wherever in a line it stands.
async fn until_listening(
    lines: &mut Lines<BufReader<ChildStderr>>,
    said: &mut Vec<String>,
) -> Option<(SocketAddr, SocketAddr)> {
    while let Some(line) = lines.next_line().await.unwrap() {
        let field = |name: &str| {
            let text = line.split_whitespace().find_map(|word| word.strip_prefix(name));
            text.and_then(|text| text.parse().ok())
        };
        let found = field("address=").zip(field("metrics="));
        let listening = line.contains("kaquan is listening");
        said.push(line);
        if listening {
            return found;
        }
    }
    None
}
