//! Pages that a front end asks for by a code, such as a coupon centre: floors one below the other, laid out by the merchant.

mod check;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{id::TemplateId, problem::Problem};

/// A page as front ends see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The name that front ends have for it.
    pub content_code: String,
    /// From the top downwards.
    pub floors: Vec<Floor>,
}

/// One floor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// The number that front ends know it by; each once in a page.
    pub id: i64,
    /// A text that stands above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intro: Option<String>,
    /// What it shows.
    pub content: FloorContent,
}

/// What a floor shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum FloorContent {
    /// Pictures that take turns.
    Banners {
        /// How fast they do, in words that the front end understands.
        #[serde(default)]
        speed: String,
        /// In the order of their turns.
        list: Vec<Banner>,
    },
    /// Coupons to claim.
    Coupons {
        /// What stands above them.
        title: String,
        /// Whether the title is shown.
        is_shown: bool,
        /// In the order in which they are shown.
        list: Vec<CouponEntry>,
    },
}

/// A picture among those that take turns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Banner {
    /// The picture: an `http` or `https` address, in which `{mode}`, `{width}` and `{height}` may stand.
    pub src: String,
    /// Where it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// One place in a list of coupons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CouponEntry {
    /// What is claimed here: one template, or several that go together.
    pub templates: Vec<TemplateId>,
    /// Where somebody goes who has it already; empty for nowhere.
    #[serde(default)]
    pub go_shopping: String,
    /// How it looks.
    pub image: Image,
}

/// A picture of a coupon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// The picture: an `http` or `https` address, in which `{mode}`, `{width}` and `{height}` may stand.
    pub src: String,
    /// Where it leads; empty for nowhere.
    #[serde(default)]
    pub url: String,
}

/// The place of a page: the code by which it is asked for, and the sort of front end that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// 1 to 64 letters, digits, `-` or `_`.
    pub content_code: String,
    /// Up to 32 of the same; empty for every sort of front end that has no page of its own.
    pub client_type: String,
}

impl Slot {
    /// All that is wrong with it.
    pub fn check(&self) -> Result<(), Vec<Problem>> {
        check::slot(self)
    }
}

impl Page {
    /// All that is wrong with the floors.
    pub fn check(&self) -> Result<(), Vec<Problem>> {
        check_floors(&self.floors)
    }
}

/// All that is wrong with the floors of a page.
pub fn check_floors(floors: &[Floor]) -> Result<(), Vec<Problem>> {
    check::floors(floors)
}

/// The templates that the floors name, each once.
pub fn templates(floors: &[Floor]) -> Vec<TemplateId> {
    let entries = floors.iter().flat_map(|floor| match &floor.content {
        FloorContent::Banners { .. } => &[][..],
        FloorContent::Coupons { list, .. } => list,
    });
    let named: BTreeSet<_> = entries.flat_map(|entry| &entry.templates).copied().collect();
    named.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_templates_of_all_floors_are_named_once() {
        let [one, two] = [1, 2].map(|n| TemplateId::from(uuid::Uuid::from_u128(n)));
        let image = json!({ "src": "https://img.example.com/a.png" });
        let coupons = |templates: &[TemplateId]| {
            json!({ "type": "coupons", "title": "", "is_shown": false,
                "list": [{ "templates": templates, "image": image }] })
        };
        let floors: Vec<Floor> = serde_json::from_value(json!([
            { "id": 1, "content": { "type": "banners", "list": [image] } },
            { "id": 2, "content": coupons(&[two, one]) },
            { "id": 3, "content": coupons(&[two]) },
        ]))
        .unwrap();

        assert_eq!(templates(&floors), [one, two]);
    }

    #[test]
    fn a_floor_that_says_more_than_we_know_is_refused() {
        let banners = json!({ "type": "banners", "speed": "3", "list": [] });
        let good = json!({ "id": 1, "content": banners });
        assert!(serde_json::from_value::<Floor>(good.clone()).is_ok());

        let mut beside = good.clone();
        beside["name"] = "x".into();
        let mut inside = good.clone();
        inside["content"]["title"] = "x".into();
        let mut other = good;
        other["content"]["type"] = "video".into();

        for floor in [beside, inside, other] {
            assert!(serde_json::from_value::<Floor>(floor.clone()).is_err(), "{floor}");
        }
    }
}
