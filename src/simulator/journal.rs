//! The journal: every request to the platform's surface, with what it must not show left out.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::app::{App, is_token_shaped};
use super::calls;
use super::fault::CallFault;
use super::json;
use super::reply::Answer;
use super::sent::Incoming;

const HIDDEN: &str = "***";
/// Names whose values open doors.
const SECRETS: [&str; 7] = [
    "access_token",
    "client_secret",
    "sk",
    "refresh_token",
    "session_key",
    "session_secret",
    "app_secret",
];
/// Calls whose `code` signs a person in; elsewhere it is a coupon's.
const SIGN_IN: [&str; 2] = ["getsessionkey", calls::OLD_SESSION];
const MOST_TEXT: usize = 2000;

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Counts up from 1 and never repeats.
    pub number: u64,
    /// When it came, by the platform's clock.
    pub at: DateTime<Utc>,
    /// Which call it was, or `unknown`.
    pub call: String,
    /// The method and the path.
    pub line: String,
    /// Whose token it carried; none before that was known.
    pub app_key: Option<String>,
    /// What was sent, from query and body; JSON with dotted names, files by their size.
    pub parameters: BTreeMap<String, String>,
    /// The status of the answer; none when the connection was closed instead.
    pub status: Option<u16>,
    /// The answer before any fault bent it.
    pub answer: String,
    /// What went wrong on purpose.
    pub fault: Option<CallFault>,
    /// What departed from the documents, and where they are silent.
    pub notes: Vec<String>,
}

/// The entries that are kept.
#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: VecDeque<Entry>,
    last: u64,
}

impl Journal {
    /// Numbers the entry and forgets the oldest above `most`.
    pub fn add(&mut self, mut entry: Entry, most: usize) {
        self.last += 1;
        entry.number = self.last;
        while !self.entries.is_empty() && self.entries.len() >= most {
            self.entries.pop_front();
        }
        if most > 0 {
            self.entries.push_back(entry);
        }
    }

    /// What came after an entry, oldest first; of one call or of any.
    pub fn after(&self, number: u64, call: Option<&str>) -> Vec<Entry> {
        let wanted =
            |entry: &&Entry| entry.number > number && call.is_none_or(|name| entry.call == name);
        self.entries.iter().filter(wanted).cloned().collect()
    }
}

/// Everything that was sent, however it was wrong, with secrets covered.
pub(super) fn parameters<'a>(
    incoming: &Incoming,
    call: &str,
    apps: &(impl Iterator<Item = &'a App> + Clone),
) -> BTreeMap<String, String> {
    let body = incoming.body.as_deref().unwrap_or_default();
    let mut pairs = of_form(incoming.query().as_bytes());
    if incoming.is_kind("application/x-www-form-urlencoded") {
        pairs.extend(of_form(body));
    } else if incoming.is_kind("application/json") {
        pairs.extend(json::object(body).map(|body| json::leaves(&body)).unwrap_or_default());
    }
    for part in &incoming.files {
        pairs.push((part.name.clone(), format!("({} bytes)", part.bytes.len())));
    }
    let covered = pairs.into_iter().map(|(name, value)| {
        let value = cover(call, &name, value, apps.clone());
        (short(name, 120), short(value, MOST_TEXT))
    });
    covered.collect()
}

/// The answer as text, with secrets covered.
pub(super) fn answered(call: &str, answer: &Answer) -> String {
    let secretive = call == calls::TOKEN || SIGN_IN.contains(&call);
    if !secretive {
        return short(answer.body.to_string(), MOST_TEXT);
    }
    let mut body = answer.body.clone();
    cover_within(&mut body);
    short(body.to_string(), MOST_TEXT)
}

fn of_form(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

fn cover<'a>(
    call: &str,
    name: &str,
    value: String,
    mut apps: impl Iterator<Item = &'a App>,
) -> String {
    let secret = SECRETS.contains(&name)
        || (name == "code" && SIGN_IN.contains(&call))
        // A secret is one under any other name, too.
        || is_token_shaped(&value)
        || apps.any(|app| app.app_secret == value);
    if secret {
        return HIDDEN.to_owned();
    }
    if name == "callbackUrl" {
        // Whoever knows its path can ask for codes.
        return Url::parse(&value).map_or(HIDDEN.to_owned(), |url| {
            format!("{}/{HIDDEN}", url.origin().ascii_serialization())
        });
    }
    value
}

fn cover_within(value: &mut Value) {
    let Some(fields) = value.as_object_mut() else { return };
    for (name, value) in fields {
        if SECRETS.contains(&name.as_str()) {
            *value = HIDDEN.into();
        } else {
            cover_within(value);
        }
    }
}

fn short(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
