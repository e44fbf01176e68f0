//! `GET|POST /callbacks/wechat/{token}`: WeChat asks whether we are there, and pushes what happens to cards.

mod reply;
mod request;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{Request, Uri};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout};
use url::Url;

use self::{
    reply::Reply,
    request::{Letter, Query, read_body},
};
use super::{
    event::{self, Message, Told},
    push::{MessageKey, Refused},
    settings::{PushMode, Settings},
    xml,
};
use crate::{
    clock::Clock,
    http::client_address::client_address,
    service::{
        card_address::{CardAddress, CardAddresses, PushSecrets},
        card_inbox::{CardInbox, Kept, NewCardPush},
        source::Sources,
    },
};

/// What the callback needs.
#[derive(Clone)]
pub struct Pushes {
    /// Knows whom an address concerns.
    pub addresses: Arc<CardAddresses>,
    /// Keeps what was pushed.
    pub inbox: CardInbox,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Learns where WeChat calls from.
    pub sources: Arc<Sources>,
    /// Whether pushes in the open are believed of accounts that are set to them.
    pub accept_plain: bool,
    /// Hops whose word about the caller's address is taken.
    pub trusted_proxies: Arc<[ipnet::IpNet]>,
}

/// How long a push may wait for the database in all. WeChat waits five seconds; asked again it can wait for another server.
const PATIENCE: Duration = Duration::from_millis(800);

/// The callback's routes.
pub fn router(state: Pushes) -> Router {
    Router::new().route("/callbacks/wechat/{token}", get(verify).post(receive)).with_state(state)
}

/// The address for WeChat's console, below our own. Whoever knows it can call it.
pub fn address(base: &Url, secret: &str) -> SecretString {
    let base = base.as_str().trim_end_matches('/');
    SecretString::from(format!("{base}/callbacks/wechat/{secret}"))
}

/// WeChat's console asks whether the address is ours.
async fn verify(State(state): State<Pushes>, request: Request<Body>) -> Response {
    let reply = match state.prove(request.into_parts().0.uri).await {
        Ok(echo) => Reply::Echo(echo),
        Err(reply) => reply,
    };
    reply.counted("kaquan_wechat_verifications_total").into_response()
}

/// Answers one push. Nothing is answered with success that is not kept.
async fn receive(State(state): State<Pushes>, request: Request<Body>) -> Response {
    let reply = state.take(request).await.unwrap_or_else(|reply| reply);
    reply.counted("kaquan_wechat_pushes_total").into_response()
}

impl Pushes {
    async fn prove(&self, uri: Uri) -> Result<String, Reply> {
        let secret = secret_of(&uri);
        let address = self.find(secret, Instant::now()).await?;
        let query = Query::read(&uri).ok_or(Reply::Incomplete)?;
        let (Some(signature), Some(echo)) = (&query.signature, &query.echo) else {
            return Err(Reply::Incomplete);
        };
        let is_ours = |address: &CardAddress| {
            let signed = |secrets: &PushSecrets| query.is_signed(secrets, None, signature);
            address.secrets.iter().any(signed).then_some(()).ok_or(Refused)
        };
        self.with_fresh(secret, address, Instant::now(), is_ours).await?;
        Ok(echo.clone())
    }

    async fn take(&self, request: Request<Body>) -> Result<Reply, Reply> {
        let began = Instant::now();
        let secret = secret_of(request.uri()).to_owned();
        let address = self.find(&secret, began).await?;
        let query = Query::read(request.uri()).ok_or(Reply::Incomplete)?;
        let caller = client_address(&request, &self.trusted_proxies);
        let waited = began.elapsed();
        let body = read_body(request).await?;
        // How long the body took is the caller's affair.
        let began = Instant::now().checked_sub(waited).unwrap_or(began);

        let letter = Letter::read(&query, &body)?;
        let open = |address: &CardAddress| self.open(&letter, address);
        let (address, message) = self.with_fresh(&secret, address, began, open).await?;
        let fields = xml::read(message.as_bytes())?;
        let settings = Settings::read(&address.settings);
        if !is_called(&settings, fields.get("ToUserName"), letter.is_sealed()) {
            return Err(Reply::Refused);
        }
        if let Some(caller) = caller {
            self.sources.observe(address.app, caller);
        }
        match event::read(&fields)? {
            Message::Ordinary => Ok(Reply::Ordinary),
            Message::Event(told) => self.keep(began, &address, *told, message).await,
        }
    }

    /// The message, if it is from WeChat and for this account.
    fn open(&self, letter: &Letter<'_>, address: &CardAddress) -> Result<String, Refused> {
        match letter {
            Letter::Sealed { query, signature, sealed } => {
                address.secrets.iter().find_map(|secrets| {
                    // This signature covers the cipher text; the other one covers nothing of the body.
                    if !query.is_signed(secrets, Some(sealed), signature) {
                        return None;
                    }
                    let key = MessageKey::parse(secrets.key.expose_secret()).ok()?;
                    key.open(sealed, &address.app_key).ok()
                })
            }
            Letter::Plain { query, signature, text } => {
                let may_be = self.accept_plain
                    && Settings::read(&address.settings).push == PushMode::Plain
                    && address.secrets.iter().any(|one| query.is_signed(one, None, signature));
                may_be.then(|| (*text).to_owned())
            }
        }
        .ok_or(Refused)
    }

    async fn keep(
        &self,
        began: Instant,
        address: &CardAddress,
        told: Told,
        message: String,
    ) -> Result<Reply, Reply> {
        let push = NewCardPush {
            app: address.app,
            open_id: told.open_id,
            pushed_at: told.at,
            kind: told.kind,
            card_ref: told.card_ref,
            code: told.code,
            digest: Sha256::digest(message.as_bytes()).into(),
            body: message,
            event: told.event.map(|event| serde_json::to_value(event).unwrap_or_default()),
            received_at: self.clock.now(),
        };
        match timeout(left(began), self.inbox.keep(push)).await {
            Ok(Ok(Kept::New)) => Ok(Reply::Kept),
            Ok(Ok(Kept::Known)) => Ok(Reply::Known),
            Ok(Err(_)) | Err(_) => Err(Reply::Busy),
        }
    }

    async fn find(&self, secret: &str, began: Instant) -> Result<Arc<CardAddress>, Reply> {
        match timeout(left(began), self.addresses.find(secret)).await {
            Ok(Ok(found)) => found.ok_or(Reply::NotFound),
            Ok(Err(error)) => {
                tracing::error!(error = %error, "Cannot look up an address for pushes");
                Err(Reply::Busy)
            }
            Err(_) => Err(Reply::Busy),
        }
    }

    /// What `look` makes of the address, if need be as it is in the database now: another server may have changed it.
    async fn with_fresh<T>(
        &self,
        secret: &str,
        address: Arc<CardAddress>,
        began: Instant,
        look: impl Fn(&CardAddress) -> Result<T, Refused>,
    ) -> Result<(Arc<CardAddress>, T), Reply> {
        if let Ok(seen) = look(&address) {
            return Ok((address, seen));
        }
        let fresh = timeout(left(began), self.addresses.find_anew(secret)).await;
        // Who cannot be believed is not told to come again, whatever the database says.
        let Ok(Ok(Some(fresh))) = fresh else { return Err(Reply::Refused) };
        let seen = look(&fresh).map_err(|_| {
            tracing::warn!(app.id = %fresh.app, "A push is not from WeChat, or not for this account");
            Reply::Refused
        })?;
        Ok((fresh, seen))
    }
}

/// The token stands last in the path; it is not taken from an extractor, so that none can print it.
fn secret_of(uri: &Uri) -> &str {
    uri.path().rsplit('/').next().unwrap_or_default()
}

/// What is left of the patience.
fn left(began: Instant) -> Duration {
    PATIENCE.saturating_sub(began.elapsed())
}

/// Whether the account has this name in messages. A sealed one names its `AppID` too, and so may do where nobody has told us
/// the name.
fn is_called(settings: &Settings, name: Option<&str>, is_sealed: bool) -> bool {
    match settings.original_id.as_deref() {
        Some(known) => name == Some(known),
        None => is_sealed,
    }
}
