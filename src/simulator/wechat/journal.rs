//! The journal: every request to WeChat's surface, with what it must not show left out.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::calls;
use super::fault::CallFault;
use super::request::Incoming;
use super::state::keep;

const HIDDEN: &str = "***";
/// Names whose values open doors.
const SECRETS: [&str; 5] = ["access_token", "secret", "js_code", "session_key", "ticket"];
const MOST_TEXT: usize = 4000;

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Counts up from 1 and never repeats.
    pub number: u64,
    /// When it came, by the simulator's clock.
    pub at: DateTime<Utc>,
    /// GET or POST.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Whose token it carried, when that was known.
    pub appid: Option<String>,
    /// The query, secrets covered.
    pub query: BTreeMap<String, String>,
    /// The body as it came, secrets covered.
    pub body: String,
    /// The status; nothing when the connection closed without one.
    pub status: Option<u16>,
    /// The number in the answer; 0 when it names none.
    pub errcode: i64,
    /// The answer, secrets covered.
    pub answer: String,
    /// The fault that struck.
    pub fault: Option<CallFault>,
    /// What was odd about it.
    pub notes: Vec<String>,
}

/// The entries that are kept.
#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: VecDeque<Entry>,
    last: u64,
}

impl Journal {
    pub fn add(&mut self, mut entry: Entry, most: usize) {
        self.last += 1;
        entry.number = self.last;
        keep(&mut self.entries, entry, most);
    }

    /// What came after an entry, oldest first; of one path or of any.
    pub fn after(&self, number: u64, path: Option<&str>) -> Vec<Entry> {
        let wanted =
            |entry: &&Entry| entry.number > number && path.is_none_or(|path| entry.path == path);
        self.entries.iter().filter(wanted).cloned().collect()
    }
}

/// An entry before anything came of the request.
pub(super) fn entry(at: DateTime<Utc>, incoming: &Incoming, fault: Option<CallFault>) -> Entry {
    let covered = |(name, value): &(String, String)| {
        let hidden = SECRETS.contains(&name.as_str());
        (name.clone(), if hidden { HIDDEN.to_owned() } else { short(value) })
    };
    Entry {
        number: 0,
        at,
        method: incoming.head.method.to_string(),
        path: short(incoming.path()),
        appid: None,
        query: incoming.query.iter().map(covered).collect(),
        body: body(incoming),
        status: None,
        errcode: 0,
        answer: String::new(),
        fault,
        notes: Vec::new(),
    }
}

fn body(incoming: &Incoming) -> String {
    let sent = incoming.body.as_deref().unwrap_or_default();
    if let Some(part) = incoming.files.first() {
        return format!("({}: {} bytes)", part.name, part.bytes.len());
    }
    match serde_json::from_slice::<Map<String, Value>>(sent) {
        Ok(map) if map.keys().any(|name| SECRETS.contains(&name.as_str())) => {
            short(&covered(&Value::Object(map)))
        }
        Ok(_) | Err(_) => short(&String::from_utf8_lossy(sent)),
    }
}

/// The answer as text; what it hands out is covered.
pub(super) fn answered(path: &str, answer: &Value) -> String {
    let of_picture = answer.get("show_qrcode_url").is_some();
    let secretive = calls::at(path).is_some() && !of_picture;
    short(&if secretive { covered(answer) } else { answer.to_string() })
}

fn covered(value: &Value) -> String {
    let mut value = value.clone();
    if let Some(members) = value.as_object_mut() {
        for (name, inner) in members.iter_mut() {
            if SECRETS.contains(&name.as_str()) {
                *inner = HIDDEN.into();
            }
        }
    }
    value.to_string()
}

fn short(text: &str) -> String {
    if text.len() <= MOST_TEXT {
        return text.to_owned();
    }
    let end = (0..=MOST_TEXT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", text.get(..end).unwrap_or_default())
}
