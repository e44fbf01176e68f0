//! One server on our cluster: its settings, who may log in, and the spawning of its process.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};

use super::binaries::Binaries;
use super::cluster::ROLE;
use super::data_dir::Layout;
use super::error::{StartError, failed_to};
use super::leftovers;
use super::os_user::OsUser;
use super::pid_file::PidFile;
use super::settings::Settings;
use super::tool::Tool;

/// All that is needed to start the server, the first time and after a crash.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) layout: Layout,
    pub(super) binaries: Binaries,
    pub(super) user: OsUser,
    pub(super) settings: Settings,
}

/// A server's process, ready or not.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) child: Child,
    pub(super) last_end: leftovers::LastEnd,
    early_output: File,
}

impl Server {
    /// Clears up after the last server and starts the next. It must be called on a thread that
    /// lives as long as the server shall.
    pub(super) fn spawn(&self) -> Result<Process, StartError> {
        let layout = &self.layout;
        let cluster = layout.cluster();
        let last_end = leftovers::settle(layout)?;
        let early_output = layout.new_file("pg-start.log")?;
        let stderr = early_output.try_clone().map_err(failed_to("share", layout.root()))?;

        let program = self.binaries.dir.join("postgres");
        let tool = Tool { program, user: &self.user, folder: &cluster };
        let mut command = tool.command();
        command.arg("-D").arg(&cluster).arg("-k").arg(layout.socket_dir());
        // On the command line no edit of postgresql.conf and no `alter system` can undo them.
        for (name, value) in self.parameters()? {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command.arg("-c").arg(format!("wal_compression={}", self.wal_compression()));
        command.stdout(Stdio::null()).stderr(stderr);
        let child = command.spawn().map_err(|error| tool.not_begun(error))?;
        Ok(Process { child, last_end, early_output })
    }

    fn parameters(&self) -> Result<Vec<(&'static str, String)>, StartError> {
        let mut parameters = self.login_files()?;
        parameters.extend(self.of_settings()?);
        parameters.extend(ALWAYS.map(|(name, value)| (name, value.to_owned())));
        Ok(parameters)
    }

    /// Whoever the operating system says is root or the server's user is the role `kaquan`. No
    /// password exists. Written at each start, since kaquan may run as another user each time.
    fn login_files(&self) -> Result<Vec<(&'static str, String)>, StartError> {
        let mut map = String::new();
        for name in self.user.may_log_in() {
            map.extend(["kaquan \"", name, "\" ", ROLE, "\n"]);
        }
        let doors = self.layout.write("pg_hba.conf", "local all all peer map=kaquan\n")?;
        let names = self.layout.write("pg_ident.conf", &map)?;
        Ok(vec![("hba_file", shown(&doors)), ("ident_file", shown(&names))])
    }

    /// Indexes of millions of codes are written all over, and each page goes to the log whole the first time after a
    /// checkpoint. The built-in compression costs more than all the rest of a claim then; lz4 does not, where it is built in.
    fn wal_compression(&self) -> &'static str {
        let cluster = self.layout.cluster();
        let program = self.binaries.dir.join("postgres");
        let mut asks = Tool { program, user: &self.user, folder: &cluster }.command();
        asks.arg("-D").arg(&cluster).args(["-C", "wal_compression", "-c", "wal_compression=lz4"]);
        asks.stdout(Stdio::null()).stderr(Stdio::null());
        if asks.status().is_ok_and(|status| status.success()) { "lz4" } else { "on" }
    }

    fn of_settings(&self) -> Result<Vec<(&'static str, String)>, StartError> {
        let durable = self.settings.durability.switch().to_owned();
        Ok(vec![
            ("cluster_name", leftovers::mark(&self.layout.cluster())?),
            ("fsync", durable.clone()),
            ("synchronous_commit", durable.clone()),
            ("full_page_writes", durable),
            ("max_connections", self.settings.max_connections.to_string()),
            ("shared_buffers", self.settings.shared_buffers.clone()),
            ("max_wal_size", self.settings.max_wal_size.clone()),
            ("log_directory", shown(&self.layout.logs())),
        ])
    }

    /// Whether the server of this process takes connections yet.
    pub(super) fn is_ready(&self, process: &Process) -> bool {
        let text = fs::read_to_string(self.layout.cluster().join("postmaster.pid"));
        let said = text.ok().and_then(|text| PidFile::parse(&text));
        said.is_some_and(|file| file.is_ready && file.pid == process.child.id())
    }

    /// The error of a server that ended too early, with its last words.
    pub(super) fn ended(&self, process: &mut Process, status: ExitStatus) -> StartError {
        let mut output = String::new();
        let file = &mut process.early_output;
        if file.rewind().and_then(|()| file.read_to_string(&mut output)).is_err() {
            output.push_str("its output cannot be read");
        }
        let output = output.trim().to_owned();
        StartError::Ended { status, output, logs: self.layout.logs() }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// What never depends on the merchant.
const ALWAYS: [(&str, &str); 17] = [
    // A socket in a closed folder is the only door.
    ("listen_addresses", ""),
    ("port", "5432"),
    ("unix_socket_permissions", "0700"),
    ("timezone", "UTC"),
    ("checkpoint_completion_target", "0.9"),
    // Our statements are short; compiling them costs more than it saves.
    ("jit", "off"),
    // One file per weekday, overwritten a week later.
    ("logging_collector", "on"),
    ("log_filename", "postgres-%a.log"),
    ("log_truncate_on_rotation", "on"),
    ("log_rotation_age", "1d"),
    ("log_rotation_size", "0"),
    // Codes and open ids stay out: no statement, no parameter, no "Key (code)=(…) exists".
    ("log_min_messages", "warning"),
    ("log_min_error_statement", "panic"),
    ("log_error_verbosity", "terse"),
    ("log_parameter_max_length", "0"),
    ("log_parameter_max_length_on_error", "0"),
    ("log_line_prefix", "%m [%p] %e "),
];
