//! The coupon service of the first generation, one call per file.

use serde_json::{Value, json};

use super::fields::Fields;
use super::reply::Trouble;
use super::turn::Turn;

pub(super) mod add_stock;
pub(super) mod banner;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod list;
pub(super) mod stat;
pub(super) mod sync;
mod terms;
pub(super) mod update;
pub(super) mod write_off;

const USUAL_SIZE: i64 = 20;
const MOST_SIZE: i64 = 100;

/// A page of a list, as it was asked for.
struct Page {
    asked: i64,
    skipped: usize,
    size: usize,
}

impl Page {
    /// Reads the page from the parameter of that name; its base is not documented for lists.
    fn of(turn: &Turn<'_>, fields: &Fields, name: &str) -> Result<Self, Trouble> {
        let asked = fields.find_integer(name)?.unwrap_or(0);
        let size = fields.find_integer("pageSize")?.unwrap_or(USUAL_SIZE);
        if asked < 0 || !(1..=MOST_SIZE).contains(&size) {
            return Err(Trouble::parameter(format!("{name} or pageSize is out of range")));
        }
        let tolerant = turn.state.switches.first_page_tolerance && name == "page" && asked > 0;
        let skipped = (if tolerant { asked - 1 } else { asked }).saturating_mul(size);
        Ok(Self {
            asked,
            skipped: usize::try_from(skipped).unwrap_or(usize::MAX),
            size: usize::try_from(size).unwrap_or_default(),
        })
    }

    /// `{"dataList":[…],"pageNo":0,"total":1}` with what is on this page.
    fn show<T>(&self, all: &[T], show: impl Fn(&T) -> Value) -> Value {
        let shown: Vec<Value> = all.iter().skip(self.skipped).take(self.size).map(show).collect();
        json!({ "dataList": shown, "pageNo": self.asked, "total": all.len() })
    }
}

/// The template must be there, alive, and the app's own.
fn check_own(turn: &Turn<'_>, template_id: i64) -> Result<(), Trouble> {
    let template = turn.state.templates.get(&template_id);
    if template.is_some_and(|template| turn.owns(&template.app_key) && !template.deleted) {
        return Ok(());
    }
    Err(Trouble::no_coupon())
}
