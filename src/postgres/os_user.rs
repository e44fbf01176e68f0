//! The operating system's user as whom the server runs: never root.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

use super::error::{StartError, failed_to};

/// Who installs Postgres on the usual distributions.
const USUAL_NAME: &str = "postgres";

/// Whom the server is, and whether we must become somebody else for it.
#[derive(Debug, Clone)]
pub(super) struct OsUser {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// We are root and give root up before the server runs.
    pub(super) switched: bool,
}

impl OsUser {
    /// Ourselves; or, for root, the owner of an existing cluster, else `postgres`.
    pub(super) fn find(cluster: &Path) -> Result<Self, StartError> {
        let ourselves = Uid::effective();
        if !ourselves.is_root() {
            return Self::named(ourselves, false);
        }
        let owner = fs::metadata(cluster).map(|folder| Uid::from_raw(folder.uid()));
        match owner {
            Ok(owner) if !owner.is_root() => Self::named(owner, true),
            _ => match User::from_name(USUAL_NAME) {
                Ok(Some(user)) => Ok(Self::from_user(user, true)),
                _ => Err(StartError::NoServerUser),
            },
        }
    }

    fn named(uid: Uid, switched: bool) -> Result<Self, StartError> {
        match User::from_uid(uid) {
            Ok(Some(user)) => Ok(Self::from_user(user, switched)),
            _ => Err(StartError::NamelessUser(uid.as_raw())),
        }
    }

    fn from_user(user: User, switched: bool) -> Self {
        Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw(), switched }
    }

    /// The names that may log in: the server's own, and root's when kaquan is root.
    pub(super) fn may_log_in(&self) -> Vec<&str> {
        if self.switched { vec![&self.name, "root"] } else { vec![&self.name] }
    }

    /// Makes `folder`, when missing, and gives it to the server's user alone.
    pub(super) fn give(&self, folder: &Path) -> Result<(), StartError> {
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(failed_to("make", folder)(error));
            }
            _ => {}
        }
        if self.switched {
            lchown(folder, Some(self.uid), Some(self.gid))
                .map_err(failed_to("give away", folder))?;
        }
        fs::set_permissions(folder, Permissions::from_mode(0o700))
            .map_err(failed_to("close", folder))
    }

    /// Whether the permission bits let this user through `folder`.
    pub(super) fn may_enter(&self, folder: &Metadata) -> bool {
        let class = if folder.uid() == self.uid {
            0o100
        } else if folder.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        folder.permissions().mode() & class != 0
    }

    /// The first folder on the way to `path`, itself included, that is closed to this user.
    pub(super) fn barrier_to(&self, path: &Path) -> Option<PathBuf> {
        let mut way: Vec<&Path> = path.ancestors().collect();
        way.reverse();
        let closed = way
            .into_iter()
            .find(|folder| fs::metadata(folder).is_ok_and(|found| !self.may_enter(&found)));
        closed.map(Path::to_owned)
    }
}
