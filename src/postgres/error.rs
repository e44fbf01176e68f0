//! Why the embedded Postgres cannot serve, in words that say how to mend it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Why there is no running Postgres.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No server is installed where one is looked for.
    #[error(
        "no Postgres server on this machine: install it (apt-get install postgresql), \
         or name the folder of its binaries, or set DATABASE_URL"
    )]
    NoBinaries,
    /// The named folder is not a folder of Postgres binaries.
    #[error("{} is no folder of Postgres binaries: `postgres` and `initdb` must both run from there", .0.display())]
    NotABinDir(PathBuf),
    /// A server is installed, but its SQL is older than ours.
    #[error(
        "Postgres {found} is too old: install version {needed} or newer (apt-get install postgresql)"
    )]
    TooOld {
        /// The newest major version on the machine.
        found: u32,
        /// The oldest major version that kaquan works with.
        needed: u32,
    },
    /// The cluster was made by a major version that is not installed; no other can read it.
    #[error("the data in {} was written by Postgres {wanted}, which is not installed: apt-get install postgresql-{wanted}", .cluster.display())]
    MajorMissing {
        /// The folder of the cluster.
        cluster: PathBuf,
        /// The major version that made it.
        wanted: u32,
    },
    /// Another kaquan holds the lock of the data folder.
    #[error("another kaquan ({}) already uses {}: stop it, or choose another data folder", owner_words(*.owner), .data_dir.display())]
    InUse {
        /// The folder both want.
        data_dir: PathBuf,
        /// The process id which the other wrote into the lock file.
        owner: Option<u32>,
    },
    /// We are root, which Postgres refuses to be, and there is nobody else to be.
    #[error(
        "Postgres does not run as root and there is no user `postgres`: install postgresql, or run kaquan as another user"
    )]
    NoServerUser,
    /// `initdb` insists on a name for the user it runs as.
    #[error("user id {0} has no name: add it to /etc/passwd, or run kaquan as a user with a name")]
    NamelessUser(u32),
    /// The server's user has no right of way to a folder it needs.
    #[error("the user `{user}`, as whom Postgres runs, cannot enter {}: choose another data folder, or let it through (chmod o+x)", .folder.display())]
    CannotEnter {
        /// The operating system's user of the server.
        user: String,
        /// The first folder on the way that is closed to it.
        folder: PathBuf,
    },
    /// The operating system has room for 107 bytes only.
    #[error("{} is too long for a unix socket (more than {limit} bytes): choose a data folder with a shorter path", .socket.display())]
    SocketPathTooLong {
        /// The socket that cannot be.
        socket: PathBuf,
        /// How many bytes a socket's path may have.
        limit: usize,
    },
    /// `initdb` could not make a cluster.
    #[error("initdb failed ({status}): {output}")]
    Initdb {
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        output: String,
    },
    /// The server ended before it was ready.
    #[error("Postgres ended before it was ready ({status}): {output} (more in {})", .logs.display())]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// What it said before its own log was open.
        output: String,
        /// The folder of its logs.
        logs: PathBuf,
    },
    /// Processes of an earlier server still use the cluster and outlive every signal.
    #[error("an earlier Postgres on this data will not end: look at the processes {pids:?}")]
    StillRunning {
        /// Their process ids.
        pids: Vec<i32>,
    },
    /// We were told to stop before the server was ready.
    #[error("stopped while Postgres was starting")]
    Stopped,
    /// The operating system said no.
    #[error("cannot {attempt} {}", .path.display())]
    Io {
        /// The verb.
        attempt: &'static str,
        /// Its object.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

/// Names the attempt that an [`io::Error`] ended: `.map_err(failed_to("read", path))`.
pub(super) fn failed_to(
    attempt: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> StartError {
    let path = path.to_owned();
    move |source| StartError::Io { attempt, path, source }
}

fn owner_words(owner: Option<u32>) -> String {
    owner.map_or_else(|| "process unknown".to_owned(), |pid| format!("process {pid}"))
}
