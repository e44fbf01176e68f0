//! One try of a push as it goes over the wire: its query, its body, and how a fault spoils them.

use chrono::{DateTime, Utc};
use url::form_urlencoded;

use super::app::{Callback, PushMode};
use super::crypto;
use super::fault::PushFault;
use super::person::derived;
use super::push::Push;
use super::world::World;

const FOREIGN: &str = "wxsomebodyelse0001";

/// Query and body, ready to go.
#[derive(Debug)]
pub(super) struct Parcel {
    pub url: String,
    pub at: DateTime<Utc>,
    pub query: String,
    /// Empty when it is asked for with GET.
    pub body: String,
    /// Whether nobody may accept it.
    pub is_forged: bool,
}

/// What is new in every try.
struct Fresh {
    timestamp: String,
    nonce: String,
    random: [u8; 16],
}

impl Fresh {
    fn draw(key: &str, now: DateTime<Utc>, what: &str) -> Self {
        let letters = derived(&[key, "try", what], 32);
        let mut random = [b'0'; 16];
        random.copy_from_slice(letters.as_bytes().get(..16).unwrap_or(&[b'0'; 16]));
        let nonce: String = letters.bytes().skip(16).take(9).map(digit).collect();
        Self { timestamp: now.timestamp().to_string(), nonce, random }
    }
}

fn digit(letter: u8) -> char {
    char::from(b'1' + letter % 9)
}

impl Parcel {
    /// The next try of a push; nothing when it, its account or its callback has gone.
    pub fn pack(world: &World, number: u64, fault: Option<PushFault>, which: &str) -> Option<Self> {
        let now = world.now();
        let mut state = world.lock();
        let fresh = Fresh::draw(&state.key, now, &format!("{number}/{which}"));
        let push = state.outbox.get(number)?.clone();
        let app = state.apps.get(&push.appid)?;
        let callback = app.callback.clone()?;
        Some(write(&push, &app.original_id, &callback, &fresh, fault, now))
    }

    /// The question that a console asks before it saves an address, and the answer it wants.
    pub fn question(world: &World, appid: &str) -> Option<(Self, String)> {
        let now = world.now();
        let mut state = world.lock();
        let echo = state.digits(19);
        let fresh = Fresh::draw(&state.key, now, &echo);
        let callback = state.apps.get(appid)?.callback.clone()?;
        let signature = crypto::sorted_sha1(&[&callback.token, &fresh.timestamp, &fresh.nonce]);
        let query = written(&[
            ("signature", &signature),
            ("echostr", &echo),
            ("timestamp", &fresh.timestamp),
            ("nonce", &fresh.nonce),
        ]);
        let parcel =
            Self { url: callback.url, at: now, query, body: String::new(), is_forged: false };
        Some((parcel, echo))
    }
}

fn written(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn write(
    push: &Push,
    original_id: &str,
    callback: &Callback,
    fresh: &Fresh,
    fault: Option<PushFault>,
    now: DateTime<Utc>,
) -> Parcel {
    let is_broken = fault == Some(PushFault::WrongSignature);
    let token = if is_broken { "nobodysToken" } else { callback.token.as_str() };
    let (timestamp, nonce) = (fresh.timestamp.as_str(), fresh.nonce.as_str());
    let signature = crypto::sorted_sha1(&[token, timestamp, nonce]);
    let mut query = vec![
        ("signature", signature.as_str()),
        ("timestamp", timestamp),
        ("nonce", nonce),
        ("openid", push.openid.as_str()),
    ];
    let key = callback.aes_key.as_deref().and_then(crypto::aes_key);
    let is_plain = callback.mode == PushMode::Plain || fault == Some(PushFault::Plain);
    let Some(key) = key.filter(|_| !is_plain) else {
        let is_forged = is_broken || callback.mode == PushMode::Secure;
        let body = push.message.clone();
        let query = written(&query);
        return Parcel { url: callback.url.clone(), at: now, query, body, is_forged };
    };
    let is_foreign = fault == Some(PushFault::ForeignAppid);
    let appid = if is_foreign { FOREIGN } else { push.appid.as_str() };
    let sealed = crypto::seal(&key, &fresh.random, &push.message, appid);
    let msg_signature = crypto::sorted_sha1(&[token, timestamp, nonce, &sealed]);
    query.extend([("encrypt_type", "aes"), ("msg_signature", msg_signature.as_str())]);
    let encrypt = format!("<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>");
    let open =
        push.message.strip_suffix("</xml>").filter(|_| callback.mode == PushMode::Compatible);
    let body = match open {
        Some(open) => format!("{open}{encrypt}"),
        None => format!("<xml><ToUserName><![CDATA[{original_id}]]></ToUserName>{encrypt}"),
    };
    let query = written(&query);
    Parcel { url: callback.url.clone(), at: now, query, body, is_forged: is_broken || is_foreign }
}
