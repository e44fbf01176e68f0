//! Examples of calls: told to readers of the contract, and run by a test in the order in which they stand.

use serde::Deserialize;
use serde_json::{Map, Value};

/// One call and its answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The operation that is called.
    pub operation: String,
    /// The variable parts of the path.
    #[serde(default)]
    pub path: Map<String, Value>,
    /// The parameters behind the question mark.
    #[serde(default)]
    pub query: Map<String, Value>,
    /// The header of that name.
    pub idempotency_key: Option<String>,
    /// The body: JSON, or a text where another kind of body is taken.
    pub body: Option<Value>,
    /// The status of the answer.
    pub status: u16,
    /// The JSON body of the answer, if it has one.
    pub response: Option<Value>,
}

const FILES: [(&str, &str); 8] = [
    ("1-contract", include_str!("../examples/1-contract.json")),
    ("2-campaign", include_str!("../examples/2-campaign.json")),
    ("3-people", include_str!("../examples/3-people.json")),
    ("4-webhooks", include_str!("../examples/4-webhooks.json")),
    ("5-coupons", include_str!("../examples/5-coupons.json")),
    ("6-access", include_str!("../examples/6-access.json")),
    ("7-gateways", include_str!("../examples/7-gateways.json")),
    ("8-cards", include_str!("../examples/8-cards.json")),
];

/// All examples, in an order in which they can be run.
pub fn all() -> Vec<Example> {
    FILES.into_iter().flat_map(|(_, text)| read(text).unwrap_or_default()).collect()
}

fn read(text: &str) -> serde_json::Result<Vec<Example>> {
    serde_json::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_examples_can_be_read() {
        for (name, text) in FILES {
            assert!(read(text).is_ok(), "{name}: {:?}", read(text).err());
        }
    }
}
