//! People: one union id in a group of apps, and one open id in each app.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::state::State;
use super::trouble::Refused;

/// A person as the apps know them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The name that tests and the page use.
    pub name: String,
    /// The union id in each group of apps.
    pub union_ids: BTreeMap<String, String>,
    /// The open id in each app.
    pub open_ids: BTreeMap<String, String>,
}

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A text of letters and digits that follows from what it is made of; at most 32 letters.
pub(super) fn derived(parts: &[&str], length: usize) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let letters = digest.iter().take(length);
    letters.map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}

impl State {
    /// The person's open id in an app, made up the first time.
    pub fn openid(&mut self, appid: &str, name: &str) -> String {
        self.meet(name);
        let made = format!("o{}", derived(&[&self.key, "openid", appid, name], 27));
        if let Some(person) = self.people.get_mut(name) {
            person.open_ids.entry(appid.to_owned()).or_insert_with(|| made.clone());
        }
        self.openids.insert((appid.to_owned(), made.clone()), name.to_owned());
        made
    }

    /// The person's union id in the group of an app, if it has one.
    pub fn union_id(&mut self, appid: &str, name: &str) -> Option<String> {
        self.meet(name);
        let group = self.apps.get(appid)?.group.clone()?;
        let made = format!("o{}", derived(&[&self.key, "unionid", &group, name], 27));
        let person = self.people.get_mut(name)?;
        Some(person.union_ids.entry(group).or_insert(made).clone())
    }

    /// Makes the person known to every app there is.
    pub fn person(&mut self, name: &str) -> Result<Person, Refused> {
        if name.is_empty() {
            return Err(Refused::Input("a person has a name".to_owned()));
        }
        for appid in self.apps.keys().cloned().collect::<Vec<_>>() {
            self.openid(&appid, name);
            self.union_id(&appid, name);
        }
        self.people.get(name).cloned().ok_or(Refused::NoSuch("person"))
    }

    fn meet(&mut self, name: &str) {
        let person = self.people.entry(name.to_owned()).or_default();
        name.clone_into(&mut person.name);
    }
}
