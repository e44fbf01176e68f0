//! Hashes of passwords. Each costs 64 MiB and a tenth of a second, so few are made at a time, and everybody else waits.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Makes hashes, two at a time; clones share their turns.
#[derive(Debug, Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    patience: Duration,
    count: Arc<Count>,
}

/// How many hashes are being made.
#[derive(Debug, Default)]
struct Count {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// The right to make hashes, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    permit: Arc<OwnedSemaphorePermit>,
    count: Arc<Count>,
}

/// Why there is no hash.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Too many others are waiting for theirs.
    #[error("too many logins at the same time; try again")]
    Crowded,
    /// Argon2 itself failed, for want of memory or of randomness.
    #[error("the password cannot be hashed: {0}")]
    Failed(String),
}

const AT_ONCE: usize = 2;
const PATIENCE: Duration = Duration::from_secs(5);
/// 64 MiB, three passes, one lane.
const COST: (u32, u32, u32) = (64 * 1024, 3, 1);

/// Nobody's password, at the price of anybody's: for logins that nobody has.
const NOBODYS: &str = "$argon2id$v=19$m=65536,t=3,p=1$a2FxdWFuLm5vYm9keS4u$6vXj0n2nq5d3mVb1qkH0gq5cM4iY0m6b9r3dYd7m0aE";

/// All hashes of this process take their turns here.
static OF_THIS_PROCESS: LazyLock<Passwords> = LazyLock::new(|| Passwords::new(PATIENCE));

impl Passwords {
    /// The process's own.
    pub fn of_this_process() -> Self {
        OF_THIS_PROCESS.clone()
    }

    /// With turns of their own, and this patience with whoever waits for one.
    pub fn new(patience: Duration) -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), patience, count: Arc::default() }
    }

    /// Waits for a turn, for a few seconds at most.
    pub async fn turn(&self) -> Result<Turn, HashError> {
        let waited =
            tokio::time::timeout(self.patience, Arc::clone(&self.turns).acquire_owned()).await;
        let permit = waited.ok().and_then(Result::ok).ok_or(HashError::Crowded)?;
        Ok(Turn { permit: Arc::new(permit), count: Arc::clone(&self.count) })
    }

    /// A fresh hash, as a PHC string.
    pub async fn hash(&self, password: &SecretString) -> Result<String, HashError> {
        self.turn().await?.hash(password).await
    }

    /// The most hashes that were ever made at the same time.
    pub fn most_at_once(&self) -> usize {
        self.count.most.load(Ordering::Relaxed)
    }
}

impl Turn {
    /// A fresh hash, as a PHC string.
    pub async fn hash(&self, password: &SecretString) -> Result<String, HashError> {
        let password = password.clone();
        self.work(move |argon| {
            let hash: Result<PasswordHash, _> =
                argon.hash_password(password.expose_secret().as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|error| HashError::Failed(error.to_string()))
        })
        .await
    }

    /// Whether the password is the one of this hash; with no hash it is not, at the same price.
    pub async fn verify(
        &self,
        password: &SecretString,
        hash: Option<&str>,
    ) -> Result<bool, HashError> {
        let password = password.clone();
        let somebodys = hash.is_some();
        let hash = hash.unwrap_or(NOBODYS).to_owned();
        self.work(move |argon| {
            let parsed = PasswordHash::new(&hash);
            let parsed = parsed.map_err(|error| HashError::Failed(error.to_string()))?;
            let right = argon.verify_password(password.expose_secret().as_bytes(), &parsed).is_ok();
            Ok(right && somebodys)
        })
        .await
    }

    /// On a thread where others do not wait for it. The turn lasts as long as the work, also when nobody waits any more.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(Argon2<'static>) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let (memory, passes, lanes) = COST;
        let params = Params::new(memory, passes, lanes, None)
            .map_err(|error| HashError::Failed(error.to_string()))?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let (permit, count) = (Arc::clone(&self.permit), Arc::clone(&self.count));
        let done = tokio::task::spawn_blocking(move || {
            count.begin();
            let done = work(argon);
            count.now.fetch_sub(1, Ordering::Relaxed);
            drop(permit);
            done
        });
        done.await.map_err(|error| HashError::Failed(error.to_string()))?
    }
}

impl Count {
    fn begin(&self) {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_nobodys_is_nobodys() {
        let passwords = Passwords::new(PATIENCE);
        let right = SecretString::from("correct horse battery");

        let hash = passwords.hash(&right).await.unwrap();
        let turn = passwords.turn().await.unwrap();

        assert!(hash.starts_with("$argon2id$v=19$m=65536,t=3,p=1$"));
        assert!(turn.verify(&right, Some(&hash)).await.unwrap());
        assert!(!turn.verify(&"wrong".into(), Some(&hash)).await.unwrap());
        assert!(!turn.verify(&right, None).await.unwrap());
    }

    #[tokio::test]
    async fn whoever_finds_no_turn_is_sent_away() {
        let passwords = Passwords::new(Duration::from_millis(1));
        let _turns = (passwords.turn().await.unwrap(), passwords.turn().await.unwrap());

        assert!(matches!(passwords.turn().await, Err(HashError::Crowded)));
    }
}
