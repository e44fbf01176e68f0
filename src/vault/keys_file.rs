//! The file of the master keys: only its owner may read it, and a reader sees the old or the new text, never half.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{ErrorKind, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
};

use secrecy::zeroize::Zeroizing;

use super::ring::{self, KeyId, Ring};

/// Why there are no keys to be had. Its text is one line and holds nothing of a key.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file is not there, or closed to us.
    #[error("{path}: the master keys cannot be read: {cause}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the operating system says.
        cause: std::io::Error,
    },
    /// Others than its owner can read the file.
    #[error("{path}: others can read the master keys (mode {mode:03o}): run `chmod 600 {path}`")]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The text is not one of keys.
    #[error("{origin}: these are no master keys: {}", problems.join("; "))]
    Invalid {
        /// Where the text stands.
        origin: String,
        /// All that is wrong with it.
        problems: Vec<String>,
    },
    /// A new file could not be put in its place.
    #[error("{path}: the master keys cannot be written: {cause}")]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// What the operating system says.
        cause: std::io::Error,
    },
    /// The keys stand where we cannot add one.
    #[error("{origin}: a key must be added by hand")]
    NotOurs {
        /// Where they stand.
        origin: String,
    },
    /// There is no number left for another key.
    #[error("every key id is taken")]
    IdsUsedUp,
    /// The operating system has no randomness to give.
    #[error(transparent)]
    Randomness(#[from] rand::rngs::SysError),
}

/// What tells one state of the file from the next without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    changed: (i64, i64),
    length: u64,
}

/// Far more than anybody has keys.
const LONGEST: u64 = 64 * 1024;

const HEADER: &str = "\
# The master keys of kaquan: the first one seals, all of them open what they have sealed.
# Keep a copy apart from the backups of the database; without it they are of no use.
";

pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    fs::metadata(path).ok().map(|found| Stamp::of(&found))
}

/// Reads the keys, if only their owner can.
pub(super) fn read(path: &Path) -> Result<(Ring, Stamp), KeysError> {
    let (text, stamp) = text(&mut open(path)?, path)?;
    Ok((parse(&text, path)?, stamp))
}

/// Makes the file with a first key; one that is there already stays as it is.
pub(super) fn make(path: &Path) -> Result<(), KeysError> {
    let line = ring::fresh_line(KeyId(1))?;
    let draft = Draft::write(path, &ring::with_first(HEADER, &line))?;
    // Unlike a rename, a link never takes the place of another file.
    match fs::hard_link(&draft.path, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(unwritable(path)(error)),
        Ok(()) | Err(_) => sync_folder(path),
    }
}

/// Puts a fresh key in front, with a number above all in the file and above `used`.
pub(super) fn add_first(path: &Path, used: Option<KeyId>) -> Result<KeyId, KeysError> {
    // The file itself is replaced, not a link to it.
    let path = &path.canonicalize().map_err(unreadable(path))?;
    let mut file = lock(path)?;
    let (text, _) = text(&mut file, path)?;
    let highest = parse(&text, path)?.ids().into_iter().chain(used).max();
    let id = highest.map_or(Some(1), |id| id.0.checked_add(1)).ok_or(KeysError::IdsUsedUp)?;
    let line = ring::fresh_line(KeyId(id))?;
    let mut draft = Draft::write(path, &ring::with_first(&text, &line))?;
    draft.give_to_owner_of(&file, path)?;
    draft.take_the_place_of(path)?;
    Ok(KeyId(id))
}

/// Opens the file and keeps others from replacing it, until it is closed.
fn lock(path: &Path) -> Result<File, KeysError> {
    loop {
        let file = open(path)?;
        file.lock().map_err(unreadable(path))?;
        // Somebody may have put another in its place while we waited.
        let ours = file.metadata().map_err(unreadable(path))?.ino();
        if fs::metadata(path).map_err(unreadable(path))?.ino() == ours {
            return Ok(file);
        }
    }
}

fn open(path: &Path) -> Result<File, KeysError> {
    let file = File::open(path).map_err(unreadable(path))?;
    let found = file.metadata().map_err(unreadable(path))?;
    if !found.is_file() {
        return Err(unreadable(path)(ErrorKind::InvalidInput.into()));
    }
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeysError::Exposed { path: path.to_owned(), mode });
    }
    Ok(file)
}

fn text(file: &mut File, path: &Path) -> Result<(Zeroizing<String>, Stamp), KeysError> {
    let found = file.metadata().map_err(unreadable(path))?;
    // The whole room at once: a text that grows leaves its beginning behind in memory.
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(LONGEST).unwrap_or(0)));
    file.take(LONGEST).read_to_string(&mut text).map_err(unreadable(path))?;
    Ok((text, Stamp::of(&found)))
}

fn parse(text: &str, path: &Path) -> Result<Ring, KeysError> {
    let invalid = |problems| KeysError::Invalid { origin: path.display().to_string(), problems };
    Ring::parse(text).map_err(invalid)
}

/// A file in the making beside the real one; gone when it is dropped before it took that place.
struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    /// Returns when the text is on the disk.
    fn write(beside: &Path, text: &str) -> Result<Self, KeysError> {
        let mut name = beside.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.new", uuid::Uuid::new_v4().simple()));
        let path = beside.with_file_name(name);
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&path);
        let mut draft = Self { file: file.map_err(unwritable(beside))?, path };
        draft.fill(text).map_err(unwritable(beside))?;
        Ok(draft)
    }

    fn fill(&mut self, text: &str) -> std::io::Result<()> {
        self.file.set_permissions(Permissions::from_mode(0o600))?;
        self.file.write_all(text.as_bytes())?;
        self.file.sync_all()
    }

    /// Root may add a key for a server that runs as somebody else.
    fn give_to_owner_of(&mut self, old: &File, path: &Path) -> Result<(), KeysError> {
        let (old, new) = (old.metadata(), self.file.metadata());
        let (old, new) = (old.map_err(unwritable(path))?, new.map_err(unwritable(path))?);
        if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
            fchown(&self.file, Some(old.uid()), Some(old.gid())).map_err(unwritable(path))?;
        }
        Ok(())
    }

    /// Returns when also the name is on the disk: what is sealed with a key that gets lost is lost too.
    fn take_the_place_of(self, path: &Path) -> Result<(), KeysError> {
        fs::rename(&self.path, path).map_err(unwritable(path))?;
        sync_folder(path)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _renamed = fs::remove_file(&self.path);
    }
}

fn sync_folder(path: &Path) -> Result<(), KeysError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(unwritable(path))?;
    folder.sync_all().map_err(unwritable(path))
}

impl Stamp {
    fn of(found: &fs::Metadata) -> Self {
        let changed = (found.ctime(), found.ctime_nsec());
        Self { inode: found.ino(), changed, length: found.len() }
    }
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> KeysError {
    let path = path.to_owned();
    |cause| KeysError::Unreadable { path, cause }
}

fn unwritable(path: &Path) -> impl FnOnce(std::io::Error) -> KeysError {
    let path = path.to_owned();
    |cause| KeysError::Unwritable { path, cause }
}
