//! Secrets at rest: sealed with a master key that the database never sees, and bound to the place where they stand.
//!
//! AES-256-GCM. A sealed value is one byte of version, four of the key's id, twelve of nonce, and the ciphertext with its
//! tag; table, column and row are authenticated with it. Keys come from a file or from the settings; a file is read again
//! when it has changed, so that keys are exchanged while servers run.

mod keys_file;
mod place;
mod ring;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use aes_gcm::aead::{Aead, Payload};
use rand::{TryRng, rngs::SysRng};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

pub use self::{keys_file::KeysError, place::Place, ring::KeyId};
use self::{keys_file::Stamp, ring::Ring};
use crate::config::secrets::Secrets;

/// Seals and opens. Cheap to clone; all clones share the keys.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    source: Source,
    kept: RwLock<Kept>,
}

/// Where the keys stand.
enum Source {
    File(PathBuf),
    /// A file that we make ourselves, when nothing is sealed yet.
    OwnFile(PathBuf),
    Settings,
    Nowhere,
}

/// The keys as they were read last.
#[derive(Default)]
struct Kept {
    ring: Arc<Ring>,
    /// The state of the file that was looked at last, also when it could not be used.
    stamp: Option<Stamp>,
}

/// Why a value was not sealed or not opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is nothing to seal with.
    #[error("there is no master key: set secrets.master_keys_file or secrets.master_keys")]
    NoKey,
    /// The key that sealed the value is not at hand.
    #[error("sealed with {id}, which is not among the master keys")]
    UnknownKey {
        /// The number that the value names.
        id: KeyId,
    },
    /// Sealed elsewhere, by somebody else, or changed since.
    #[error("not sealed for this place, or changed since")]
    NotOurs,
    /// The operating system has no randomness to give.
    #[error(transparent)]
    Randomness(#[from] rand::rngs::SysError),
}

const VERSION: u8 = 1;
const NONCE: usize = 12;
/// Version and key id.
const HEAD: usize = 5;

impl Vault {
    /// Reads the keys that the settings name, or else those of `own_file`, which need not be there yet.
    ///
    /// # Errors
    /// When keys are named and cannot be used; the text is one line.
    pub fn open(settings: &Secrets, own_file: Option<PathBuf>) -> Result<Self, KeysError> {
        if let Some(keys) = &settings.master_keys {
            let ring = Ring::parse(keys.expose_secret()).map_err(|problems| {
                KeysError::Invalid { origin: "secrets.master_keys".to_owned(), problems }
            })?;
            return Ok(Self::new(Source::Settings, Kept { ring: Arc::new(ring), stamp: None }));
        }
        if let Some(path) = &settings.master_keys_file {
            let kept = Kept::read(path)?;
            return Ok(Self::new(Source::File(path.clone()), kept));
        }
        let Some(path) = own_file else { return Ok(Self::without_keys()) };
        let kept = if path.exists() { Kept::read(&path)? } else { Kept::default() };
        Ok(Self::new(Source::OwnFile(path), kept))
    }

    /// Opens nothing and seals nothing.
    pub fn without_keys() -> Self {
        Self::new(Source::Nowhere, Kept::default())
    }

    fn new(source: Source, kept: Kept) -> Self {
        Self(Arc::new(Inner { source, kept: RwLock::new(kept) }))
    }

    /// Makes our own file with a first key when it is not there. Only for when nothing is sealed: a lost file is mended
    /// with its copy, never with another key.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn make_first_key(&self) -> Result<(), KeysError> {
        if let Source::OwnFile(path) = &self.0.source
            && !self.has_key()
        {
            keys_file::make(path)?;
            self.read_again(path)?;
            tracing::info!(path = %path.display(), "A master key was made: keep a copy of its file");
        }
        Ok(())
    }

    /// Puts a fresh key in front of the others in their file. `used` is the highest id that sealed values name.
    ///
    /// # Errors
    /// When the keys are in no file, or it cannot be replaced.
    pub fn add_first_key(&self, used: Option<KeyId>) -> Result<KeyId, KeysError> {
        let (Source::File(path) | Source::OwnFile(path)) = &self.0.source else {
            return Err(KeysError::NotOurs { origin: self.origin() });
        };
        let id = keys_file::add_first(path, used)?;
        self.read_again(path)?;
        Ok(id)
    }

    /// A line with a fresh key that is kept nowhere, for a person to add.
    ///
    /// # Errors
    /// When there is no randomness or no id left.
    pub fn fresh_key_line(&self, used: Option<KeyId>) -> Result<SecretString, KeysError> {
        let highest = self.key_ids().into_iter().chain(used).max();
        let id = highest.map_or(Some(1), |id| id.0.checked_add(1)).ok_or(KeysError::IdsUsedUp)?;
        Ok(SecretString::from(ring::fresh_line(KeyId(id))?.as_str()))
    }

    /// Whether the keys stand in a file, to which one can be added.
    pub fn has_file(&self) -> bool {
        matches!(self.0.source, Source::File(_) | Source::OwnFile(_))
    }

    /// Where the keys stand, for people.
    pub fn origin(&self) -> String {
        match &self.0.source {
            Source::File(path) | Source::OwnFile(path) => path.display().to_string(),
            Source::Settings => "secrets.master_keys".to_owned(),
            Source::Nowhere => "nowhere".to_owned(),
        }
    }

    /// Whether anything can be sealed.
    pub fn has_key(&self) -> bool {
        !self.key_ids().is_empty()
    }

    /// The keys at hand, the one that seals in front.
    pub fn key_ids(&self) -> Vec<KeyId> {
        self.refresh();
        self.ring().ids()
    }

    /// Seals a text for one place.
    ///
    /// # Errors
    /// Without a key or without randomness.
    pub fn seal(&self, place: Place, secret: &str) -> Result<Vec<u8>, VaultError> {
        self.refresh();
        let ring = self.ring();
        let (id, cipher) = ring.first().ok_or(VaultError::NoKey)?;
        let mut nonce = [0u8; NONCE];
        SysRng.try_fill_bytes(&mut nonce)?;
        let payload = Payload { msg: secret.as_bytes(), aad: &place.to_bytes() };
        // It fails for texts of more than 64 GiB only.
        let ciphertext = cipher.encrypt(&nonce.into(), payload).map_err(|_| VaultError::NotOurs)?;
        let mut sealed = Vec::with_capacity(HEAD + NONCE + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&id.0.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// When the key is not at hand, or the value does not belong here.
    pub fn unseal(&self, place: Place, sealed: &[u8]) -> Result<SecretString, VaultError> {
        let (id, rest) = split(sealed)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>().ok_or(VaultError::NotOurs)?;
        let mut ring = self.ring();
        if ring.find(id).is_none() {
            self.refresh();
            ring = self.ring();
        }
        let cipher = ring.find(id).ok_or(VaultError::UnknownKey { id })?;
        let payload = Payload { msg: ciphertext, aad: &place.to_bytes() };
        let opened = cipher.decrypt(&(*nonce).into(), payload).map_err(|_| VaultError::NotOurs)?;
        let opened = Zeroizing::new(opened);
        let text = std::str::from_utf8(&opened).map_err(|_| VaultError::NotOurs)?;
        Ok(SecretString::from(text))
    }

    fn ring(&self) -> Arc<Ring> {
        let kept = self.0.kept.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&kept.ring)
    }

    /// Reads the file again if it has changed. Keys that served so far go on when the new ones are of no use.
    fn refresh(&self) {
        let (Source::File(path) | Source::OwnFile(path)) = &self.0.source else { return };
        let now = keys_file::stamp(path);
        if self.0.kept.read().unwrap_or_else(PoisonError::into_inner).stamp == now {
            return;
        }
        if let Err(error) = self.read_again(path) {
            self.0.kept.write().unwrap_or_else(PoisonError::into_inner).stamp = now;
            tracing::error!(%error, "The master keys have changed and cannot be used; the old ones stay: {error}");
        }
    }

    /// Nobody looks or reads meanwhile, so that an older state of the file never follows a newer one.
    fn read_again(&self, path: &Path) -> Result<(), KeysError> {
        let mut kept = self.0.kept.write().unwrap_or_else(PoisonError::into_inner);
        *kept = Kept::read(path)?;
        Ok(())
    }
}

/// Which key a sealed value names.
///
/// # Errors
/// When it is no sealed value of ours.
pub fn key_id_of(sealed: &[u8]) -> Result<KeyId, VaultError> {
    split(sealed).map(|(id, _)| id)
}

fn split(sealed: &[u8]) -> Result<(KeyId, &[u8]), VaultError> {
    match sealed.split_first_chunk::<HEAD>() {
        Some(([VERSION, id @ ..], rest)) => Ok((KeyId(u32::from_be_bytes(*id)), rest)),
        Some(_) | None => Err(VaultError::NotOurs),
    }
}

impl Kept {
    fn read(path: &Path) -> Result<Self, KeysError> {
        let (ring, stamp) = keys_file::read(path)?;
        Ok(Self { ring: Arc::new(ring), stamp: Some(stamp) })
    }
}

/// Says where the keys stand, and nothing of them.
impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({})", self.origin())
    }
}

#[cfg(test)]
mod tests;
