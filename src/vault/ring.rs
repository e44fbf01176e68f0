//! The master keys, as they stand in a text: `<id> <base64 of 32 bytes>` on each line, the first one seals, all open.

use std::fmt;

use aes_gcm::{Aes256Gcm, KeyInit};
use base64::{Engine, engine::general_purpose::STANDARD};
use rand::{TryRng, rngs::SysRng};
use secrecy::zeroize::Zeroizing;
use serde::Serialize;

/// The number under which a master key goes; sealed values name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct KeyId(pub u32);

/// All master keys that are at hand, the one that seals in front.
#[derive(Default)]
pub(super) struct Ring(Vec<Key>);

/// One master key; forgotten by the memory when it is dropped.
struct Key {
    id: KeyId,
    cipher: Box<Aes256Gcm>,
}

const KEY_BYTES: usize = 32;

impl Ring {
    /// Reads the keys. `#` begins a comment; `;` may stand for the end of a line, as in an environment variable.
    ///
    /// # Errors
    /// All that is wrong, in words that repeat nothing of a key.
    pub(super) fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut keys: Vec<Key> = Vec::new();
        let mut problems = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let entries = without_comment(line).split(';').map(str::trim);
            for entry in entries.filter(|entry| !entry.is_empty()) {
                match Key::parse(entry) {
                    Ok(key) if keys.iter().any(|other| other.id == key.id) => {
                        problems.push(format!("line {number}: {} is there twice", key.id));
                    }
                    Ok(key) => keys.push(key),
                    Err(problem) => problems.push(format!("line {number}: {problem}")),
                }
            }
        }
        if keys.is_empty() && problems.is_empty() {
            problems.push("there is no key in it".to_owned());
        }
        if problems.is_empty() { Ok(Self(keys)) } else { Err(problems) }
    }

    /// The key that seals.
    pub(super) fn first(&self) -> Option<(KeyId, &Aes256Gcm)> {
        self.0.first().map(|key| (key.id, &*key.cipher))
    }

    pub(super) fn find(&self, id: KeyId) -> Option<&Aes256Gcm> {
        self.0.iter().find(|key| key.id == id).map(|key| &*key.cipher)
    }

    pub(super) fn ids(&self) -> Vec<KeyId> {
        self.0.iter().map(|key| key.id).collect()
    }
}

impl Key {
    fn parse(entry: &str) -> Result<Self, &'static str> {
        let (id, key) =
            entry.split_once(char::is_whitespace).ok_or("expected `<id> <base64 of 32 bytes>`")?;
        let id = id.parse().map_err(|_| "the id must be a number up to 4294967295")?;
        let mut bytes = Zeroizing::new([0u8; KEY_BYTES + 1]);
        let length = STANDARD
            .decode_slice(key.trim(), &mut *bytes)
            .map_err(|_| "the key must be 32 bytes in base64")?;
        if length != KEY_BYTES {
            return Err("the key must be 32 bytes in base64");
        }
        let cipher = Aes256Gcm::new_from_slice(&bytes[..KEY_BYTES])
            .map_err(|_| "the key must be 32 bytes in base64")?;
        Ok(Self { id: KeyId(id), cipher: Box::new(cipher) })
    }
}

/// A line with a fresh key, to be added to a text of keys.
///
/// # Errors
/// When the operating system has no randomness to give.
pub(super) fn fresh_line(id: KeyId) -> Result<Zeroizing<String>, rand::rngs::SysError> {
    let mut bytes = Zeroizing::new([0u8; KEY_BYTES]);
    SysRng.try_fill_bytes(&mut *bytes)?;
    // Room for all of it: a text that grows leaves its beginning behind in memory.
    let mut line = Zeroizing::new(String::with_capacity(64));
    line.push_str(&id.0.to_string());
    line.push(' ');
    STANDARD.encode_string(*bytes, &mut line);
    Ok(line)
}

/// The text with a line before its first key, below the comments above it.
pub(super) fn with_first(text: &str, line: &str) -> Zeroizing<String> {
    let is_key = |line: &&str| !without_comment(line).trim().is_empty();
    let above: usize =
        text.split_inclusive('\n').take_while(|line| !is_key(line)).map(str::len).sum();
    let (above, below) = text.split_at(above);
    let mut whole = Zeroizing::new(String::with_capacity(text.len() + line.len() + 2));
    whole.push_str(above);
    if !above.is_empty() && !above.ends_with('\n') {
        whole.push('\n');
    }
    whole.push_str(line);
    whole.push('\n');
    whole.push_str(below);
    whole
}

fn without_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or_default()
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZEROS: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    fn ids(text: &str) -> Vec<u32> {
        Ring::parse(text).unwrap_or_default().ids().into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn keys_stand_on_lines_or_between_semicolons() {
        for (text, expected) in [
            (format!("1 {ZEROS}"), vec![1]),
            (format!("# ours\n\n  7\t{ZEROS}  # of May\r\n3 {ZEROS}\n"), vec![7, 3]),
            (format!("7 {ZEROS}; 3 {ZEROS};"), vec![7, 3]),
        ] {
            assert_eq!(ids(&text), expected, "{text}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_and_no_key_with_it() {
        let text =
            format!("1 {ZEROS}\nsecret\nx {ZEROS}\n2 c2VjcmV0\n3 {ZEROS}AAAA\n1 {ZEROS}\n4 se+?");

        let problems = Ring::parse(&text).err().unwrap();

        let lines: Vec<_> = problems.iter().map(|problem| &problem[..6]).collect();
        assert_eq!(lines, ["line 2", "line 3", "line 4", "line 5", "line 6", "line 7"]);
        let told = problems.join(" ");
        assert!(
            !["secret", "c2Vj", "AAAA", "se+"].iter().any(|part| told.contains(part)),
            "{told}"
        );
    }

    #[test]
    fn a_text_without_a_key_is_none() {
        for text in ["", "\n", "# 1 AAAA", ";;"] {
            assert_eq!(Ring::parse(text).err().unwrap(), ["there is no key in it"], "{text}");
        }
    }

    #[test]
    fn a_fresh_key_goes_before_the_first_and_below_the_comments() {
        let line = fresh_line(KeyId(9)).unwrap();

        for (text, expected) in [
            (format!("1 {ZEROS}\n2 {ZEROS}"), vec![9, 1, 2]),
            (format!("# ours\n\n1 {ZEROS}; 2 {ZEROS}\n"), vec![9, 1, 2]),
            ("# none yet".to_owned(), vec![9]),
        ] {
            let whole = with_first(&text, &line);
            assert_eq!(ids(&whole), expected, "{text}");
            assert!(whole.starts_with('#') == text.starts_with('#'), "{text}");
        }
        assert_ne!(*line, *fresh_line(KeyId(9)).unwrap());
    }
}
