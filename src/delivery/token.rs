//! Access tokens and card tickets: one of each for an app, shared by all servers, fetched by one of them at a time.
//!
//! While one server fetches, the others go on with the old token for as long as it lives. Who may fetch is a lease in the
//! token's row, so that no connection and no lock is held while the platform is asked.

mod failed;
mod grant;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;

use self::failed::Failed;
use super::{Inner, account::Account, attempt::Said, dialect::Trouble};
use crate::{
    domain::{delivery::Outcome, id::AppId},
    outgoing::secret::AccessToken,
    store::{
        self,
        platform_token::{FetchedToken, Purpose},
    },
    vault::Place,
};

/// A token in the clear.
pub(crate) struct Token {
    pub value: AccessToken,
    pub generation: i64,
    expires_at: DateTime<Utc>,
    refresh_at: DateTime<Utc>,
}

/// Why there is no token.
#[derive(Debug, Clone)]
pub(crate) struct TokenTrouble {
    pub outcome: Outcome,
    pub note: String,
}

/// The tokens of all apps, as far as this server knows them.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<(AppId, Purpose), Arc<Slot>>>);

#[derive(Default)]
struct Slot {
    known: Mutex<Known>,
    /// Held by whoever fetches on this server.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    /// Of the app, as it was known to whoever asked last.
    version: i32,
    token: Option<Arc<Token>>,
    /// How fetching last failed.
    failed: Option<Failed>,
}

/// How long one server may take to fetch, before another may.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often to look whether another server has fetched.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: u32 = 300;

impl Tokens {
    /// A token that serves now. One that is refused by the platform is named by its generation, and never given again.
    pub async fn get(
        &self,
        inner: &Inner,
        account: &Account,
        purpose: Purpose,
        refused: Option<i64>,
    ) -> Result<Arc<Token>, TokenTrouble> {
        let slot = self.slot(account.app, purpose);
        let now = inner.clock.now();
        let old = slot.lock().of(account.version).token.clone();
        let old = old.filter(|token| now < token.expires_at && Some(token.generation) != refused);
        if let Some(token) = &old {
            if now < token.refresh_at {
                return Ok(Arc::clone(token));
            }
            // Ahead of time: one fetches, the others go on with what they have; so do all for a while when it failed.
            if slot.lock().failed.as_ref().is_some_and(|failed| failed.holds_ahead_of_time(now)) {
                return Ok(Arc::clone(token));
            }
            let Ok(_fetching) = slot.fetching.try_lock() else { return Ok(Arc::clone(token)) };
            let next = renew(inner, (account, purpose), &slot, token.generation, false).await;
            return next.or_else(|_trouble| Ok(Arc::clone(token)));
        }
        let _fetching = slot.fetching.lock().await;
        let (newer, failed) = {
            let known = slot.lock();
            (known.token.clone(), known.failed.clone())
        };
        if let Some(token) = newer
            && now < token.expires_at
            && Some(token.generation) != refused
        {
            return Ok(token);
        }
        if let Some(trouble) = failed.and_then(|failed| failed.holds(now)) {
            return Err(trouble);
        }
        renew(inner, (account, purpose), &slot, refused.unwrap_or_default(), true).await
    }

    fn slot(&self, app: AppId, purpose: Purpose) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry((app, purpose)).or_default())
    }
}

impl Known {
    /// Whoever changes an app may have changed its secret, and what was granted for the old one serves nobody; what still
    /// serves is in the database.
    fn of(&mut self, version: i32) -> &Self {
        if self.version < version {
            *self = Self { version, ..Self::default() };
        }
        self
    }
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A token that is newer than `seen`: another server's, or one that is fetched here. `wait` for another server's.
async fn renew(
    inner: &Inner,
    asked: (&Account, Purpose),
    slot: &Slot,
    seen: i64,
    wait: bool,
) -> Result<Arc<Token>, TokenTrouble> {
    if asked.1 == Purpose::CardTicket {
        // What it is fetched with is there before anybody is kept waiting; what is wrong with that is told below.
        let _there_or_not = Box::pin(inner.tokens.get(inner, asked.0, Purpose::Access, None)).await;
    }
    for _ in 0..LOOKS {
        match look(inner, asked, seen).await.map_err(TokenTrouble::ours)? {
            Look::There(token) => {
                slot.lock().token = Some(Arc::clone(&token));
                return Ok(token);
            }
            Look::Fetch { fence, old } => {
                match fetch(inner, asked, fence, (old, wait && seen > 0)).await {
                    Ok(Some(token)) => {
                        let mut known = slot.lock();
                        known.failed = None;
                        known.token = Some(Arc::clone(&token));
                        return Ok(token);
                    }
                    // Another server was faster after all.
                    Ok(None) => {}
                    Err(trouble) => {
                        slot.lock().failed = Some(Failed::new(inner.clock.now(), trouble.clone()));
                        return Err(trouble);
                    }
                }
            }
            Look::Wait if wait => pause().await,
            Look::Wait => break,
        }
    }
    Err(TokenTrouble {
        outcome: Outcome::NotYet { after: None },
        note: "另一台服务器在获取 access token，迟迟没有结果 · \
               another server fetches the access token and does not come to an end"
            .to_owned(),
    })
}

enum Look {
    There(Arc<Token>),
    Fetch {
        fence: i64,
        /// The one that it takes the place of, as long as that can be known.
        old: Option<AccessToken>,
    },
    Wait,
}

async fn look(
    inner: &Inner,
    (account, purpose): (&Account, Purpose),
    seen: i64,
) -> sqlx::Result<Look> {
    let mut conn = inner.db.acquire().await?;
    let stored = store::platform_token::find(&mut conn, account.app, purpose).await?;
    let (mut generation, mut old) = (0, None);
    if let Some(stored) = stored {
        generation = stored.generation;
        let now = inner.clock.at_database(stored.database_now);
        let place = place(account, purpose);
        // One that cannot be opened is as good as none.
        let value = stored.sealed.and_then(|sealed| inner.vault.unseal(place, &sealed).ok());
        let value = value.and_then(|value| AccessToken::parse(value.expose_secret()).ok());
        let times = stored.expires_at.zip(stored.refresh_at);
        match (value, times) {
            (Some(value), Some((expires_at, refresh_at)))
                if generation > seen && now < expires_at =>
            {
                let token = Token { value, generation, expires_at, refresh_at };
                return Ok(Look::There(Arc::new(token)));
            }
            (value, _) => old = value,
        }
    }
    let now = inner.clock.instead_of_database();
    let row = (account.app, purpose);
    let lease = store::platform_token::lease_refresh(&mut conn, now, row, generation, PATIENCE);
    Ok(lease.await?.map_or(Look::Wait, |fence| Look::Fetch { fence, old }))
}

/// Asks the platform, with no connection held; `None` when the lease was lost meanwhile.
async fn fetch(
    inner: &Inner,
    (account, purpose): (&Account, Purpose),
    fence: i64,
    (old, is_refused): (Option<AccessToken>, bool),
) -> Result<Option<Arc<Token>>, TokenTrouble> {
    metrics::counter!("kaquan_token_fetches_total").increment(1);
    let row = (account.app, purpose);
    let granted = match grant::ask(inner, account, purpose, old, is_refused).await {
        Ok(granted) => granted,
        Err(trouble) => {
            let released = async {
                let mut conn = inner.db.acquire().await?;
                store::platform_token::release_refresh(&mut conn, row, fence).await
            };
            if let Err(error) = released.await {
                tracing::warn!(error = %error, "cannot let others fetch the token");
            }
            return Err(trouble);
        }
    };
    let sealed = inner.vault.seal(place(account, purpose), granted.value.expose());
    let sealed = sealed.map_err(|error| TokenTrouble {
        outcome: Outcome::Locked,
        note: format!("access token 无法加密保存 · the access token cannot be sealed: {error}"),
    })?;
    let now = inner.clock.now();
    let (expires_at, refresh_at) = (now + granted.expires_in, now + granted.refresh_in);
    let stored = FetchedToken { sealed, expires_at, refresh_at };
    let mut conn = inner.db.acquire().await.map_err(TokenTrouble::ours)?;
    let generation = store::platform_token::store(&mut conn, row, fence, &stored).await;
    let generation = generation.map_err(TokenTrouble::ours)?;
    tracing::info!(app.id = %account.app, ?purpose, "token fetched");
    Ok(generation.map(|generation| {
        Arc::new(Token { value: granted.value, generation, expires_at, refresh_at })
    }))
}

const fn place(account: &Account, purpose: Purpose) -> Place {
    match purpose {
        Purpose::Access => Place::platform_token(account.app.uuid()),
        Purpose::CardTicket => Place::card_ticket(account.app.uuid()),
    }
}

#[expect(clippy::disallowed_methods, reason = "only the worker waits")]
async fn pause() {
    tokio::time::sleep(LOOK).await;
}

impl TokenTrouble {
    fn theirs(error: &impl Trouble) -> Self {
        let outcome = match error.outcome(false) {
            // The whole app has to wait: no call of it would fare better.
            told @ (Outcome::Locked | Outcome::TooFast { .. } | Outcome::UsedUpToday) => told,
            // Whatever else it was: of the delivery itself nothing was sent.
            Outcome::Done
            | Outcome::DoneBefore
            | Outcome::Busy { .. }
            | Outcome::Unknown { .. }
            | Outcome::NotAsked
            | Outcome::NotYet { .. }
            | Outcome::Refused => Outcome::NotAsked,
        };
        Self { outcome, note: format!("没有 access token · no access token: {error}") }
    }

    fn ours(error: impl std::fmt::Display) -> Self {
        let outcome = Outcome::NotYet { after: None };
        Self { outcome, note: format!("没有 access token · no access token: {error}") }
    }
}

impl From<TokenTrouble> for Said {
    fn from(trouble: TokenTrouble) -> Self {
        Self::unheard(trouble.outcome, trouble.note)
    }
}
