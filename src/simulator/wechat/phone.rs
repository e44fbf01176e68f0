//! The phone: `wx.addCard` and `wx.openCard` in a mini-program, and the entries on a card.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::app::{App, AppKind};
use super::card::{Card, CodeMode, Dates, jump};
use super::codes::is_code;
use super::coupon::{Life, Origin};
use super::crypto;
use super::grant::{Wish, grant};
use super::state::State;
use super::trouble::{Refused, Trouble};

/// One member of the `cardList` that `wx.addCard` is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CardToAdd {
    /// The card.
    pub card_id: String,
    /// A text that holds JSON; anything else is refused.
    pub card_ext: Value,
}

/// What `wx.addCard` calls back with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Added {
    /// `addCard:ok`, or why it failed.
    pub err_msg: String,
    /// What became of each card.
    pub card_list: Vec<AddedCard>,
}

/// One card in an answer of `wx.addCard`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AddedCard {
    /// The card.
    pub card_id: String,
    /// As it was given.
    pub card_ext: Value,
    /// The encrypted code, when it was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Whether it was taken.
    pub is_success: bool,
    /// Why not; a real phone shows it to the person alone.
    #[serde(rename = "_refused", skip_serializing_if = "Option::is_none")]
    pub refused: Option<(i64, String)>,
}

/// One member of the `cardList` that `wx.openCard` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CardToOpen {
    /// The card.
    pub card_id: String,
    /// The real code.
    pub code: String,
}

/// Where an entry on a card leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jump {
    /// `gh_…@app`.
    pub user_name: String,
    /// The page, with `encrypt_code` and `card_id` in its query.
    pub path: String,
}

/// The person confirms in `wx.addCard`.
pub(super) fn add_card(
    state: &mut State,
    now: DateTime<Utc>,
    mp_appid: &str,
    person: &str,
    list: &[CardToAdd],
) -> Added {
    let mp = state.apps.get(mp_appid).filter(|app| app.kind == AppKind::Mp).cloned();
    let may = |state: &State, mp: &App, to_add: &CardToAdd| {
        let card = state.cards.get(&to_add.card_id)?;
        state.account(&card.appid).filter(|owner| mp.is_bound_to(owner)).map(drop)
    };
    let allowed = mp.filter(|mp| list.iter().all(|one| may(state, mp, one).is_some()));
    let Some(mp) = allowed.filter(|_| !list.is_empty()) else {
        return Added { err_msg: "addCard:fail no permission".to_owned(), card_list: Vec::new() };
    };
    let mut first = None;
    let card_list: Vec<AddedCard> = list
        .iter()
        .map(|to_add| {
            let came = add(state, now, &mp, person, to_add);
            let refused = came.as_ref().err().map(|no| (no.code, no.words.clone()));
            if let Some((code, words)) = &refused {
                first.get_or_insert_with(|| format!("addCard:fail {code} {words}"));
                if *code == 40080 {
                    state.report.deviation(&format!("addCard: {code} {words}"));
                }
            }
            AddedCard {
                card_id: to_add.card_id.clone(),
                card_ext: to_add.card_ext.clone(),
                is_success: came.is_ok(),
                code: came.ok(),
                refused,
            }
        })
        .collect();
    let some = card_list.iter().any(|card| card.is_success);
    let ok = || "addCard:ok".to_owned();
    Added { err_msg: if some { ok() } else { first.unwrap_or_else(ok) }, card_list }
}

/// One card: the encrypted code.
fn add(
    state: &mut State,
    now: DateTime<Utc>,
    mp: &App,
    person: &str,
    to_add: &CardToAdd,
) -> Result<String, Trouble> {
    let card = state.cards.get(&to_add.card_id).cloned().ok_or_else(Trouble::no_card)?;
    let ext = Ext::read(&to_add.card_ext, state.switches.strict)?;
    ext.check_signature(state, now, &card)?;
    let stamp = (card.card_id.clone(), ext.timestamp.clone(), ext.nonce.clone());
    if !state.seen.insert(stamp) {
        return Err(bad_ext("repeated timestamp and nonce_str"));
    }
    ext.check_code(&card)?;
    let openid = state.openid(&card.appid, person);
    let mp_openid = state.openid(&mp.appid, person);
    ext.check_openid(&card, &openid, &mp_openid)?;
    if ext.begins.is_some() && !matches!(card.dates, Dates::Term { .. }) {
        state.report.deviation("addCard: fixed_begintimestamp of a card without a term");
    }
    let wish = Wish {
        card_id: card.card_id.clone(),
        person: person.to_owned(),
        origin: Origin::AddCard,
        code: Some(ext.code).filter(|code| !code.is_empty()),
        outer_str: ext.outer_str,
        outer_id: 0,
        begins: ext.begins,
    };
    let code = grant(state, now, &wish)?;
    Ok(state.encrypt(&card.appid, &code))
}

fn bad_ext(why: &str) -> Trouble {
    Trouble::new(40080, format!("invalid card ext: {why}"))
}

/// `cardExt`, read.
#[derive(Debug, Default)]
struct Ext {
    timestamp: String,
    nonce: String,
    code: String,
    openid: String,
    outer_str: String,
    signature: String,
    begins: Option<i64>,
}

impl Ext {
    fn read(sent: &Value, strict: bool) -> Result<Self, Trouble> {
        let text = sent.as_str().ok_or_else(|| bad_ext("it is no text"))?;
        let map: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| bad_ext("it holds no JSON object"))?;
        if strict && map.contains_key("api_ticket") {
            return Err(bad_ext("api_ticket never leaves the server"));
        }
        let text = |name: &str| match map.get(name) {
            None => Ok(String::new()),
            Some(Value::String(text)) if strict && text.is_empty() => Err(bad_ext(name)),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Number(number)) if !strict => Ok(number.to_string()),
            Some(
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_),
            ) => Err(bad_ext(name)),
        };
        let ext = Self {
            timestamp: text("timestamp")?,
            nonce: text("nonce_str")?,
            code: text("code")?,
            openid: text("openid")?,
            outer_str: text("outer_str")?,
            signature: text("signature")?,
            begins: map.get("fixed_begintimestamp").and_then(Value::as_i64),
        };
        let is_moment = (1..=12).contains(&ext.timestamp.len())
            && ext.timestamp.bytes().all(|byte| byte.is_ascii_digit());
        if !is_moment {
            return Err(bad_ext("timestamp"));
        }
        let is_nonce = ext.nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if ext.nonce.len() > 32 || (strict && (ext.nonce.is_empty() || !is_nonce)) {
            return Err(bad_ext("nonce_str"));
        }
        Ok(ext)
    }

    fn check_signature(
        &self,
        state: &State,
        now: DateTime<Utc>,
        card: &Card,
    ) -> Result<(), Trouble> {
        let tickets = state.tickets.iter();
        let mut valid = tickets.filter(|(_, t)| t.appid == card.appid && t.expires > now);
        let fits = |ticket: &str| {
            let values =
                [ticket, &card.card_id, &self.timestamp, &self.nonce, &self.code, &self.openid];
            crypto::sorted_sha1(&values) == self.signature
        };
        if valid.any(|(ticket, _)| fits(ticket)) { Ok(()) } else { Err(bad_ext("签名错误")) }
    }

    fn check_code(&self, card: &Card) -> Result<(), Trouble> {
        match card.mode {
            CodeMode::Custom if is_code(&self.code) => Ok(()),
            CodeMode::Wechat | CodeMode::Deposit if self.code.is_empty() => Ok(()),
            CodeMode::Custom => Err(bad_ext("code")),
            CodeMode::Wechat | CodeMode::Deposit => Err(bad_ext("WeChat picks the code")),
        }
    }

    fn check_openid(&self, card: &Card, theirs: &str, in_mp: &str) -> Result<(), Trouble> {
        if self.openid.is_empty() {
            let needed = card.flag("bind_openid");
            return if needed { Err(bad_ext("openid")) } else { Ok(()) };
        }
        if self.openid == theirs {
            return Ok(());
        }
        // As merchants report it: the open id of the mini-program makes the card look sold out.
        if self.openid == in_mp {
            return Err(Trouble::new(45031, "已领完"));
        }
        Err(bad_ext("openid of somebody else"))
    }
}

/// `wx.openCard`: the real code of a coupon that the person owns.
pub(super) fn open_card(state: &State, mp: &str, person: &str, list: &[CardToOpen]) -> String {
    let mp = state.apps.get(mp).filter(|app| app.kind == AppKind::Mp);
    let opens = |wanted: &CardToOpen| {
        let coupon = state.coupon(&wanted.card_id, &wanted.code);
        let theirs = coupon.filter(|c| c.person == person && c.life != Life::GivenAway);
        let owner = theirs.and_then(|coupon| state.account(&coupon.appid));
        owner.zip(mp).is_some_and(|(owner, mp)| mp.is_bound_to(owner))
    };
    let good = !list.is_empty() && list.iter().all(opens);
    if good { "openCard:ok" } else { "openCard:fail" }.to_owned()
}

/// The person taps an entry on a card.
pub(super) fn tap(
    state: &mut State,
    serial: u64,
    entry: &str,
    now: DateTime<Utc>,
) -> Result<Jump, Refused> {
    let coupon = state.coupons.get(&serial).cloned().ok_or(Refused::NoSuch("coupon"))?;
    let card = state.cards.get(&coupon.card_id).ok_or(Refused::NoSuch("card"))?;
    let (user_name, page) = jump::of(&card.base, entry).ok_or(Refused::NoSuch("entry"))?;
    if entry == "center" && !coupon.can_consume(now) {
        return Err(Refused::Input("this entry is shown while the card can be used".to_owned()));
    }
    let sealed = state.encrypt(&coupon.appid, &coupon.code);
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("encrypt_code", &sealed)
        .append_pair("card_id", &coupon.card_id)
        .finish();
    let mark = if page.contains('?') { '&' } else { '?' };
    Ok(Jump { user_name, path: format!("{page}{mark}{query}") })
}
