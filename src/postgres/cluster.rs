//! Makes a new cluster, all or nothing.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use super::binaries::Binaries;
use super::data_dir::Layout;
use super::error::{StartError, failed_to};
use super::leftovers;
use super::os_user::OsUser;
use super::settings::Durability;
use super::tool::Tool;

/// The one role of the cluster, and the one of its superuser.
pub(super) const ROLE: &str = "kaquan";

/// How long the children of a killed `initdb` may take to notice.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes the cluster when there is none; says whether it did.
pub(super) fn make_if_missing(
    layout: &Layout,
    binaries: &Binaries,
    user: &OsUser,
    durability: Durability,
) -> Result<bool, StartError> {
    let cluster = layout.cluster();
    if cluster.join("PG_VERSION").exists() {
        return Ok(false);
    }
    let unfinished = layout.unfinished_cluster();
    if unfinished.exists() {
        remove(&unfinished)?;
    }
    user.give(&unfinished)?;
    run_initdb(layout, binaries, user, durability)?;
    // A kill before this line leaves no cluster, one after it a whole one.
    fs::rename(&unfinished, &cluster).map_err(failed_to("name", &cluster))?;
    File::open(layout.root())
        .and_then(|root| root.sync_all())
        .map_err(failed_to("sync", layout.root()))?;
    Ok(true)
}

/// Removes what a killed `initdb` left; a child of it may still be writing, or removing, for a
/// moment.
fn remove(unfinished: &Path) -> Result<(), StartError> {
    leftovers::end_users_of(unfinished)?;
    let begun = Instant::now();
    loop {
        match fs::remove_dir_all(unfinished) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error)
                if error.kind() == ErrorKind::DirectoryNotEmpty && begun.elapsed() < PATIENCE =>
            {
                leftovers::pause();
            }
            Err(error) => return Err(failed_to("remove", unfinished)(error)),
        }
    }
}

fn run_initdb(
    layout: &Layout,
    binaries: &Binaries,
    user: &OsUser,
    durability: Durability,
) -> Result<(), StartError> {
    let unfinished = layout.unfinished_cluster();
    let tool = Tool { program: binaries.dir.join("initdb"), user, folder: &unfinished };
    let mut command = tool.command();
    // A collation that never drifts with the C library, and pages that know when they are damaged.
    command.args(["--username", ROLE, "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]);
    // Without the login files that every start hands over, nobody gets in.
    command.arg("--auth=reject").arg("--pgdata").arg(&unfinished);
    match durability {
        Durability::On => {}
        Durability::OffForTests => {
            command.arg("--no-sync");
        }
    }
    let said = command.output().map_err(|error| tool.not_begun(error))?;
    if said.status.success() {
        return Ok(());
    }
    let output = String::from_utf8_lossy(&said.stderr).trim().to_owned();
    Err(StartError::Initdb { status: said.status, output })
}
