//! Runs a Postgres program as the server's user, tied to the life of the thread that starts it.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getppid};

use super::error::StartError;
use super::os_user::OsUser;

/// One program, whom it runs as, and the folder it runs in.
pub(super) struct Tool<'a> {
    pub(super) program: PathBuf,
    pub(super) user: &'a OsUser,
    pub(super) folder: &'a Path,
}

impl Tool<'_> {
    /// A command with a clean environment, no input and a process group of its own, so that
    /// Ctrl-C in a terminal reaches the server only after kaquan has drained.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(self.folder)
            .stdin(Stdio::null())
            .process_group(0)
            .env_clear()
            .env("LC_ALL", "C.UTF-8")
            .env("PATH", "/usr/bin:/bin");
        if self.user.switched {
            // The standard library also drops the supplementary groups.
            command.uid(self.user.uid).gid(self.user.gid);
        }
        end_with_this_thread(&mut command);
        command
    }

    /// Why the program could not even begin: a closed folder is named.
    pub(super) fn not_begun(&self, source: io::Error) -> StartError {
        let closed =
            || self.user.barrier_to(self.folder).or_else(|| self.user.barrier_to(&self.program));
        if source.kind() == io::ErrorKind::PermissionDenied && self.user.switched {
            let folder = closed().unwrap_or_else(|| self.folder.to_owned());
            return StartError::CannotEnter { user: self.user.name.clone(), folder };
        }
        StartError::Io { attempt: "run", path: self.program.clone(), source }
    }
}

/// Asks the kernel for a fast shutdown of the program when the thread that spawned it ends,
/// however that happens; `kill -9` included.
fn end_with_this_thread(command: &mut Command) {
    let parent = Pid::this();
    // It runs after the change of user, which would clear the signal.
    let before_exec = move || {
        prctl::set_pdeathsig(Signal::SIGINT)?;
        // The parent may have died before the kernel knew of our wish.
        if getppid() == parent { Ok(()) } else { Err(io::Error::from(Errno::ECANCELED)) }
    };
    #[expect(unsafe_code, reason = "two system calls between fork and exec, both signal-safe")]
    unsafe {
        command.pre_exec(before_exec)
    };
}
