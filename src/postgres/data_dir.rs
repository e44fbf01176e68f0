//! The data folder: what lies where, and the lock that keeps a second kaquan out.
//!
//! The folder itself belongs to kaquan. Only `pg`, `run` and `pglog` belong to the server's user,
//! so that a server turned hostile cannot make root write through a link of its choosing.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;

use super::error::{StartError, failed_to};
use super::leftovers::pause;
use super::os_user::OsUser;

/// The folder of the socket, inside the data folder.
pub(super) const SOCKET_DIR: &str = "run";
/// The operating system's limit for the path of a socket.
const SOCKET_PATH_LIMIT: usize = 107;

/// How long a predecessor that is just ending may keep the lock.
const PATIENCE: Duration = Duration::from_millis(500);

/// Names of what lies in a data folder.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The cluster, Postgres' own data folder.
    pub(super) fn cluster(&self) -> PathBuf {
        self.root.join("pg")
    }

    /// A cluster in the making; it gets the real name when it is whole.
    pub(super) fn unfinished_cluster(&self) -> PathBuf {
        self.root.join("pg.new")
    }

    /// The folder of the socket.
    pub(super) fn socket_dir(&self) -> PathBuf {
        self.root.join(SOCKET_DIR)
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.socket_dir().join(".s.PGSQL.5432")
    }

    /// Names the process behind the socket, and outlives it when that is killed.
    pub(super) fn socket_lock(&self) -> PathBuf {
        self.socket_dir().join(".s.PGSQL.5432.lock")
    }

    /// The folder of the server's own log, one file per weekday.
    pub(super) fn logs(&self) -> PathBuf {
        self.root.join("pglog")
    }

    /// Refuses early what the server could only refuse obscurely.
    pub(super) fn check_socket_path(&self) -> Result<(), StartError> {
        let socket = self.socket();
        if socket.as_os_str().len() > SOCKET_PATH_LIMIT {
            return Err(StartError::SocketPathTooLong { socket, limit: SOCKET_PATH_LIMIT });
        }
        Ok(())
    }

    /// Lets the server's user through, if the folder is ours to open.
    pub(super) fn open_to(&self, user: &OsUser) -> Result<(), StartError> {
        let found = fs::metadata(&self.root).map_err(failed_to("read", &self.root))?;
        if user.switched && found.uid() == 0 && !user.may_enter(&found) {
            let mode = found.permissions().mode() | 0o011;
            fs::set_permissions(&self.root, Permissions::from_mode(mode))
                .map_err(failed_to("open", &self.root))?;
        }
        Ok(())
    }

    /// A new file that the server's user may read, in place of whatever had its name.
    pub(super) fn new_file(&self, name: &str) -> Result<File, StartError> {
        let path = self.root.join(name);
        remove_if_there(&path)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(failed_to("make", &path))?;
        file.set_permissions(Permissions::from_mode(0o644)).map_err(failed_to("open", &path))?;
        Ok(file)
    }

    /// Writes a file that the server reads; a reader sees the old or the new text, never half.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, StartError> {
        let (draft, path) = (format!("{name}.new"), self.root.join(name));
        self.new_file(&draft)?.write_all(text.as_bytes()).map_err(failed_to("write", &path))?;
        fs::rename(self.root.join(draft), &path).map_err(failed_to("write", &path))?;
        Ok(path)
    }
}

/// A data folder that no other kaquan can use until this is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) layout: Layout,
    lock: File,
}

impl Claim {
    /// Makes the folder when missing and takes its lock.
    pub(super) fn take(data_dir: &Path) -> Result<Self, StartError> {
        fs::create_dir_all(data_dir).map_err(failed_to("make", data_dir))?;
        let root = data_dir.canonicalize().map_err(failed_to("find", data_dir))?;
        let path = root.join("kaquan.lock");
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&path)
            .map_err(failed_to("open", &path))?;

        let begun = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => pause(),
                Err(TryLockError::WouldBlock) => {
                    let owner = written_in(&mut lock);
                    return Err(StartError::InUse { data_dir: root, owner });
                }
                Err(TryLockError::Error(error)) => return Err(failed_to("lock", &path)(error)),
            }
        }
        sign(&mut lock).map_err(failed_to("write", &path))?;
        Ok(Self { layout: Layout { root }, lock })
    }

    /// Gives the lock file to the server's user, who may be the one to start kaquan next time.
    pub(super) fn share_with(&self, user: &OsUser) -> Result<(), StartError> {
        if !user.switched {
            return Ok(());
        }
        fchown(&self.lock, Some(user.uid), Some(user.gid))
            .map_err(failed_to("share", &self.layout.root))
    }
}

impl Drop for Claim {
    /// Closing alone would leave the lock to a child that was forked this very moment.
    fn drop(&mut self) {
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(%error, "The lock of the data folder stays until kaquan ends");
        }
    }
}

/// The lock is the kernel's; the process id in the file only helps people.
fn sign(lock: &mut File) -> std::io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

fn written_in(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Whether there was a file to remove.
pub(super) fn remove_if_there(path: &Path) -> Result<bool, StartError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed_to("remove", path)(error)),
    }
}
