//! The fixtures as they are written down: what the kit makes for itself before it runs cases that need something.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// All of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What every template says that says nothing else.
    pub terms: Map<String, Value>,
    /// Of the merchant's own, by their names here.
    pub apps: Vec<String>,
    /// Members who are there throughout.
    pub people: BTreeMap<String, Value>,
    /// Members whom each case has for itself, if it names them; null for one whom nobody told of.
    pub cast: BTreeMap<String, Value>,
    /// By their names here.
    pub templates: BTreeMap<String, TemplatePlan>,
    /// Bodies of pages.
    pub pages: Vec<Value>,
    /// Of both protocols; each of its own has a `main`.
    pub clients: BTreeMap<String, BTreeMap<String, ClientPlan>>,
}

/// One template.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplatePlan {
    /// What it says besides.
    #[serde(default)]
    pub terms: Map<String, Value>,
    /// The stock on each of the apps.
    #[serde(default)]
    pub placed: BTreeMap<String, i64>,
    /// Who has a coupon of it from the start.
    #[serde(default)]
    pub claimed_by: Vec<String>,
    /// What is done to it in the end: `pause` or `end`.
    pub then: Option<String>,
}

/// One client.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientPlan {
    /// As its protocol has them.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// Which apps it, or its first grant, sees.
    pub apps: Vec<String>,
    /// Other grants, by their names here.
    #[serde(default)]
    pub grants: BTreeMap<String, GrantPlan>,
}

/// One grant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantPlan {
    /// Which apps it sees.
    pub apps: Vec<String>,
    /// What it may do.
    pub actions: Option<Vec<String>>,
    /// Which shops there are.
    pub stores: Option<Vec<String>>,
    /// Whether it ends at once.
    #[serde(default)]
    pub revoked: bool,
}

/// Reads the one that comes with the program.
pub fn read() -> serde_json::Result<Plan> {
    serde_json::from_str(include_str!("../../../tests/gateways/world.json"))
}
