//! Words in a case that stand for what is known only when it runs: `${user}`, `${now-301}`, `${c.code}`.

use std::{collections::HashMap, sync::Arc};

use anyhow::{Context, bail};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{clock::Clock, domain::day::in_china};

/// What words mean.
#[derive(Clone)]
pub struct Words {
    clock: Arc<dyn Clock>,
    /// The moment from which times of the fixtures are reckoned.
    base: DateTime<Utc>,
    known: HashMap<String, String>,
}

impl Words {
    /// Only the times and the random numbers.
    pub fn new(clock: Arc<dyn Clock>, base: DateTime<Utc>) -> Self {
        Self { clock, base, known: HashMap::new() }
    }

    /// Gives a word its meaning.
    pub fn set(&mut self, word: impl Into<String>, meaning: impl Into<String>) {
        self.known.insert(word.into(), meaning.into());
    }

    /// The time by which requests are made.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A value with each word replaced; a text that is nothing but `${#word}` becomes a number.
    pub fn fill(&self, value: &Value) -> anyhow::Result<Value> {
        Ok(match value {
            Value::String(text) => self.fill_text(text)?,
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.fill(item)).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let filled = members
                    .iter()
                    .map(|(name, member)| anyhow::Ok((self.replace(name)?, self.fill(member)?)));
                Value::Object(filled.collect::<Result<Map<_, _>, _>>()?)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        })
    }

    fn fill_text(&self, text: &str) -> anyhow::Result<Value> {
        let number = text.strip_prefix("${#").and_then(|rest| rest.strip_suffix('}'));
        let Some(word) = number.filter(|word| !word.contains('}')) else {
            return Ok(Value::String(self.replace(text)?));
        };
        let meaning = self.meaning(word)?;
        let number: i64 = meaning.parse().with_context(|| format!("`{word}` is no number"))?;
        Ok(number.into())
    }

    /// A text with each word replaced.
    pub fn replace(&self, text: &str) -> anyhow::Result<String> {
        let mut parts = text.split("${");
        let mut replaced = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (word, rest) = part.split_once('}').context("a word without an end")?;
            replaced.push_str(&self.meaning(word)?);
            replaced.push_str(rest);
        }
        Ok(replaced)
    }

    fn meaning(&self, word: &str) -> anyhow::Result<String> {
        if let Some(known) = self.known.get(word) {
            return Ok(known.clone());
        }
        let place = word.find(['+', '-']).unwrap_or(word.len());
        let (name, shift) = word.split_at(place);
        let seconds = if shift.is_empty() { 0 } else { shift.parse()? };
        let moved = |moment: DateTime<Utc>| moment + TimeDelta::seconds(seconds);
        let base = moved(self.base);
        Ok(match name {
            "now" => moved(self.clock.now()).timestamp().to_string(),
            "base" => base.timestamp().to_string(),
            "base_at" => base.to_rfc3339_opts(SecondsFormat::Secs, true),
            "base_local" => in_china(base).format("%Y-%m-%d %H:%M:%S").to_string(),
            "nonce" => nonce().to_string(),
            "fresh" => Uuid::new_v4().simple().to_string(),
            _ => bail!("there is no word `{word}`"),
        })
    }
}

/// A positive number that nobody has used.
pub fn nonce() -> u64 {
    let (high, _) = Uuid::new_v4().as_u64_pair();
    1 + high % 999_999_999_999_999_999
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::ManualClock;

    fn words() -> Words {
        let noon: DateTime<Utc> = "2026-11-11T04:00:00Z".parse().unwrap();
        let mut words = Words::new(Arc::new(ManualClock::at(noon)), noon);
        words.set("user", "1001");
        words
    }

    #[test]
    fn words_stand_anywhere_in_a_value() {
        let filled = words().fill(&json!({ "a": ["u-${user}", "${#user}", 1], "${user}": null }));

        assert_eq!(filled.unwrap(), json!({ "a": ["u-1001", 1001, 1], "1001": null }));
    }

    #[test]
    fn times_are_shifted_by_seconds() {
        for (text, filled) in [
            ("${base_at+60}", "2026-11-11T04:01:00Z"),
            ("${base_local-1}", "2026-11-11 11:59:59"),
            ("${now-301}/${base}", "1794369299/1794369600"),
        ] {
            assert_eq!(words().replace(text).unwrap(), filled);
        }
    }

    #[test]
    fn a_word_that_nobody_knows_is_an_error() {
        for text in ["${other}", "${user", "${now+x}"] {
            assert!(words().replace(text).is_err(), "{text}");
        }
        assert_ne!(words().replace("${fresh}").unwrap(), words().replace("${fresh}").unwrap());
    }
}
