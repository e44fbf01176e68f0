//! `MEMBER_CARD`: what only member cards have, and how they are activated.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::form::MiniPage;

/// What only a member card has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberCard {
    /// What members may do that others may not.
    pub prerogative: String,
    /// Whether it shows points; once it does, it always does.
    #[serde(default)]
    pub supply_bonus: bool,
    /// Whether it shows money; once it does, it always does.
    #[serde(default)]
    pub supply_balance: bool,
    /// When points are wiped.
    #[serde(default)]
    pub bonus_cleared: Option<String>,
    /// How points are earned.
    #[serde(default)]
    pub bonus_rules: Option<String>,
    /// What the money is good for.
    #[serde(default)]
    pub balance_rules: Option<String>,
    /// How it comes to life.
    #[serde(default)]
    pub activation: Activation,
}

/// How a member card comes to life.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Activation {
    /// With being taken.
    #[default]
    Auto,
    /// With a form of WeChat's; the page of a mini-program may follow it.
    Form {
        /// What opens after the form.
        #[serde(default)]
        then: Option<MiniPage>,
    },
    /// On a page of our mini-program.
    Page {
        /// Which.
        page: MiniPage,
    },
}

impl MemberCard {
    /// Its own level, beside `base_info`: also the page for activation stands here, and not in there.
    pub(super) fn wire(&self) -> Map<String, Value> {
        let mut wire = self.changeable();
        let mut put = |key: &str, value: Value| wire.insert(key.to_owned(), value);
        put("supply_bonus", json!(self.supply_bonus));
        put("supply_balance", json!(self.supply_balance));
        let page = match &self.activation {
            Activation::Auto => {
                put("auto_activate", json!(true));
                None
            }
            Activation::Form { then } => {
                put("wx_activate", json!(true));
                if then.is_some() {
                    put("wx_activate_after_submit", json!(true));
                }
                then.as_ref()
            }
            Activation::Page { page } => Some(page),
        };
        if let Some(page) = page {
            put("activate_app_brand_user_name", json!(page.user_name));
            put("activate_app_brand_pass", json!(page.page));
        }
        wire
    }

    /// What can be changed later; a review follows.
    pub(super) fn changeable(&self) -> Map<String, Value> {
        let mut wire = Map::new();
        wire.insert("prerogative".to_owned(), json!(self.prerogative));
        for (key, text) in [
            ("bonus_cleared", &self.bonus_cleared),
            ("bonus_rules", &self.bonus_rules),
            ("balance_rules", &self.balance_rules),
        ] {
            if let Some(text) = text {
                wire.insert(key.to_owned(), json!(text));
            }
        }
        wire
    }

    /// The page that activation leads to.
    pub const fn page(&self) -> Option<&MiniPage> {
        match &self.activation {
            Activation::Auto => None,
            Activation::Form { then } => then.as_ref(),
            Activation::Page { page } => Some(page),
        }
    }
}
