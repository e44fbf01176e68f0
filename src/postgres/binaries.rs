//! Finds the machine's Postgres: the newest one, or the one that made an existing cluster.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::StartError;

/// The oldest major version that our SQL works with.
const OLDEST_MAJOR: u32 = 15;

/// Folders whose sub-folders may each hold one major version, with the folder of its binaries below.
const VERSIONED: [(&str, &str); 3] =
    [("/usr/lib/postgresql", "bin"), ("/usr", "bin"), ("/usr/libexec", "")];

/// Folders that hold one Postgres at most.
const PLAIN: [&str; 3] = ["/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin"];

/// One installed Postgres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) dir: PathBuf,
    pub(super) major: u32,
    /// As the server prints it: `15.18`.
    pub(super) version: String,
}

impl Binaries {
    /// The Postgres to run: from `bin_dir` when given, else the best of the machine.
    pub(super) fn find(bin_dir: Option<&Path>, cluster: &Path) -> Result<Self, StartError> {
        let installed: Vec<Self> = match bin_dir {
            Some(dir) => {
                vec![Self::ask(dir).ok_or_else(|| StartError::NotABinDir(dir.to_owned()))?]
            }
            None => usual_places().iter().filter_map(|dir| Self::ask(dir)).collect(),
        };
        choose(installed, made_by(cluster)?).map_err(|no| no.into_start_error(cluster))
    }

    /// What lies in `dir`; `None` unless both programs are there and say who they are.
    fn ask(dir: &Path) -> Option<Self> {
        if !dir.join("initdb").exists() {
            return None;
        }
        let said = Command::new(dir.join("postgres")).arg("--version").output().ok()?;
        let (major, version) = parse_version(&String::from_utf8_lossy(&said.stdout))?;
        Some(Self { dir: dir.to_owned(), major, version })
    }
}

fn usual_places() -> Vec<PathBuf> {
    let versioned = VERSIONED.iter().flat_map(|(parent, below)| {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        entries
            .filter(|entry| is_version_folder(&entry.file_name().to_string_lossy()))
            .map(move |entry| entry.path().join(below))
    });
    versioned.chain(PLAIN.iter().map(PathBuf::from)).collect()
}

/// `15` (Debian), `pgsql-15` (Red Hat) or `postgresql15` (Alpine).
fn is_version_folder(name: &str) -> bool {
    let digits = name.trim_start_matches("pgsql-").trim_start_matches("postgresql");
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn parse_version(said: &str) -> Option<(u32, String)> {
    let version = said.split_once("(PostgreSQL)")?.1.split_whitespace().next()?;
    let digits = version.split(|letter: char| !letter.is_ascii_digit()).next()?;
    Some((digits.parse().ok()?, version.to_owned()))
}

/// The major version that made the cluster; `None` when there is no cluster yet.
fn made_by(cluster: &Path) -> Result<Option<u32>, StartError> {
    let path = cluster.join("PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.trim().parse().ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StartError::Io { attempt: "read", path, source }),
    }
}

/// Why none of the installed ones will do.
#[derive(Debug, PartialEq, Eq)]
enum NoneFits {
    Nothing,
    TooOld { found: u32 },
    MajorMissing { wanted: u32 },
}

impl NoneFits {
    fn into_start_error(self, cluster: &Path) -> StartError {
        match self {
            Self::Nothing => StartError::NoBinaries,
            Self::TooOld { found } => StartError::TooOld { found, needed: OLDEST_MAJOR },
            Self::MajorMissing { wanted } => {
                StartError::MajorMissing { cluster: cluster.to_owned(), wanted }
            }
        }
    }
}

/// A cluster belongs to the major version that made it; a new one gets the newest.
fn choose(installed: Vec<Binaries>, made_by: Option<u32>) -> Result<Binaries, NoneFits> {
    if let Some(wanted) = made_by {
        let same = installed.into_iter().find(|binaries| binaries.major == wanted);
        return same.ok_or(NoneFits::MajorMissing { wanted });
    }
    let newest = installed.into_iter().max_by_key(|binaries| binaries.major);
    let newest = newest.ok_or(NoneFits::Nothing)?;
    if newest.major < OLDEST_MAJOR {
        return Err(NoneFits::TooOld { found: newest.major });
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(majors: &[u32]) -> Vec<Binaries> {
        let one = |major: &u32| Binaries {
            dir: PathBuf::from(format!("/{major}/bin")),
            major: *major,
            version: format!("{major}.1"),
        };
        majors.iter().map(one).collect()
    }

    #[test]
    fn a_new_cluster_gets_the_newest() {
        assert_eq!(choose(installed(&[15, 17, 16]), None).unwrap().major, 17);
    }

    #[test]
    fn an_existing_cluster_keeps_the_major_that_made_it() {
        assert_eq!(choose(installed(&[15, 17]), Some(15)).unwrap().major, 15);
        let missing = choose(installed(&[17]), Some(15));
        assert_eq!(missing, Err(NoneFits::MajorMissing { wanted: 15 }));
    }

    #[test]
    fn nothing_and_too_old_are_told_apart() {
        assert_eq!(choose(installed(&[]), None), Err(NoneFits::Nothing));
        assert_eq!(choose(installed(&[13]), None), Err(NoneFits::TooOld { found: 13 }));
    }

    #[test]
    fn versions_are_read_as_the_distributions_print_them() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(parse_version(debian), Some((15, "15.18".to_owned())));
        assert_eq!(
            parse_version("postgres (PostgreSQL) 18beta1\n"),
            Some((18, "18beta1".to_owned()))
        );
        assert_eq!(parse_version("sh: not found"), None);
    }

    #[test]
    fn version_folders_of_three_distributions_are_known() {
        for name in ["15", "pgsql-16", "postgresql17"] {
            assert!(is_version_folder(name), "{name}");
        }
        for name in ["lib", "postgresql", "pgsql-x"] {
            assert!(!is_version_folder(name), "{name}");
        }
    }
}
