//! The cases as they are written down, one a line.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// One rule of a protocol, tried out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// By which it is known.
    pub name: String,
    /// Where in the protocol's document the rule stands.
    pub rule: String,
    /// The pieces of the fixtures that it uses; one that uses none needs no administration.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Words of its own, each with one meaning throughout.
    #[serde(default, rename = "let")]
    pub words: BTreeMap<String, String>,
    /// What has happened before, by way of the administration.
    #[serde(default)]
    pub given: Vec<Given>,
    /// What is sent, one after the other.
    pub steps: Vec<Step>,
}

/// Something that has happened before.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Given {
    /// Somebody has a coupon of a template, which has a name from then on.
    Claim {
        /// The name in the fixtures.
        template: String,
        /// Whose it is.
        #[serde(default = "user")]
        by: String,
        /// Its name: `${c.code}` is its code when it is `c`.
        name: String,
    },
    /// A coupon is kept for an order.
    Lock {
        /// Its name.
        coupon: String,
        /// Which order.
        order: String,
    },
    /// A coupon was used for an order.
    Use {
        /// Its name.
        coupon: String,
        /// Which order.
        order: String,
    },
    /// A coupon was taken out of use.
    Void {
        /// Its name.
        coupon: String,
    },
}

fn user() -> String {
    "user".to_owned()
}

/// One request and its answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The request, as its protocol writes it down.
    #[serde(default)]
    pub send: Map<String, Value>,
    /// What the answer must be, as [`Expect`] reads it.
    pub expect: Value,
    /// Words for parts of the answer, by pointers into it.
    #[serde(default)]
    pub capture: BTreeMap<String, String>,
    /// So often it is sent until the answer is right; for limits on how often somebody may ask.
    #[serde(default = "once")]
    pub tries: u32,
}

const fn once() -> u32 {
    1
}

/// What an answer must be.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The status of HTTP; 200 when left out.
    pub http: Option<u16>,
    /// A success with this `data`.
    pub ok: Option<Value>,
    /// A failure with this code and this message.
    pub fails: Option<(Value, Value)>,
    /// The whole body, where it is like no other.
    pub body: Option<Value>,
    /// Another text than the usual one with a success.
    pub message: Option<Value>,
    /// A failure that comes in the same envelope as a success.
    pub full: bool,
    /// No body at all.
    pub empty: bool,
    /// `data` as it is written, to the letter.
    pub text: Option<String>,
    /// What stands somewhere in the body as it is written.
    pub contains: Vec<String>,
}

impl Case {
    /// Whether something has to be made on the server before it can be run.
    pub fn needs_something(&self) -> bool {
        !self.needs.is_empty() || !self.given.is_empty()
    }
}

/// The cases of a file, or the line that cannot be read.
pub fn read(text: &str) -> Result<Vec<Case>, String> {
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    lines
        .map(|(line, number)| {
            serde_json::from_str(line).map_err(|error| format!("line {number}: {error}"))
        })
        .collect()
}
