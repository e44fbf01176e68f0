//! What can be set for one placement, which is one card at WeChat.

use serde::Deserialize;
use serde_json::{Map, Value};

pub use super::form::CodeMode;
use super::{
    limits,
    look::{CardLook, merge},
    settings::Settings,
};
use crate::domain::problem::{Problem, Problems};

/// The settings of one placement, stored with it: who chooses its codes, and how it looks other than all cards.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlacementSettings {
    /// Who chooses codes; it never changes on a card that is there.
    pub code_mode: CodeMode,
    /// What it has otherwise than all cards of the account.
    pub card: CardLook,
}

const CODE_MODE: &str = "code_mode";

impl PlacementSettings {
    /// Reads stored settings; what is not understood counts as absent, since it was checked when it was stored.
    pub fn read(stored: &Value) -> Self {
        Self::parse(stored).unwrap_or_default()
    }

    /// How the card looks on this account.
    pub fn look(&self, app: &Settings) -> CardLook {
        merge(&app.card, self)
    }

    /// The code mode stands beside the fields of the look, all on one level.
    fn parse(stored: &Value) -> Result<Self, serde_json::Error> {
        let mut look = Map::deserialize(stored)?;
        let mode = look.remove(CODE_MODE);
        let code_mode = mode.map(CodeMode::deserialize).transpose()?.unwrap_or_default();
        Ok(Self { code_mode, card: CardLook::deserialize(Value::Object(look))? })
    }
}

/// Whether we choose the codes of a placement with these settings, one for each signature.
pub fn codes_are_ours(settings: &Value) -> bool {
    PlacementSettings::read(settings).code_mode == CodeMode::Custom
}

/// Whether the settings can be stored with a placement.
pub fn check(settings: &Value) -> Result<(), Vec<Problem>> {
    match PlacementSettings::parse(settings) {
        Err(error) => Err(vec![Problem { param: "settings", message: error.to_string() }]),
        Ok(settings) => limits::check_look(&settings.card),
    }
}

/// Whether the text can be WeChat's `card_id`: up to 32 letters, digits, `-` or `_`, in practice 28 that begin with `p`.
pub fn check_platform_ref(text: &str) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    problems.expect(
        limits::is_card_id(text),
        "platform_ref",
        "微信 card_id：以 p 开头，最多 32 个字符 · WeChat's card_id: begins with p, up to 32 characters",
    );
    problems.into_result()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn mode_and_look_stand_on_one_level() {
        let settings = json!({ "code_mode": "deposit", "notice": "出示", "can_share": false });

        let read = PlacementSettings::read(&settings);

        assert_eq!(check(&settings), Ok(()));
        assert_eq!((read.code_mode, read.card.can_share), (CodeMode::Deposit, Some(false)));
        assert_eq!(PlacementSettings::read(&json!({})), PlacementSettings::default());
        let app = Settings::read(&json!({ "card": { "notice": "扫码", "brand_name": "店" } }));
        let look = read.look(&app);
        assert_eq!(
            (look.notice.as_deref(), look.brand_name.as_deref()),
            (Some("出示"), Some("店"))
        );
    }

    #[test]
    fn links_into_web_pages_and_other_slips_are_refused() {
        for bad in [
            json!({ "custom_url": "https://m.example/" }),
            json!({ "center_url": "" }),
            json!({ "promotion_url": null }),
            json!({ "code_mode": "ours" }),
            json!([]),
            json!(1),
        ] {
            assert_eq!(check(&bad).unwrap_err()[0].param, "settings", "{bad}");
        }
    }

    #[test]
    fn a_card_id_is_known_when_it_is_seen() {
        for (text, right) in [
            ("pFS7Fjg8kV1IdDz01r4SQwMkuCKc", true),
            ("p1Pj9jr90_SQRaVqYI239Ka1erk-", true),
            ("pX", true),
            ("", false),
            ("oFS7Fjg8kV1IdDz01r4SQwMkuCKc", false),
            ("p FS7", false),
            ("p/../x", false),
            (&"p".repeat(33), false),
        ] {
            assert_eq!(check_platform_ref(text).is_ok(), right, "{text}");
        }
    }
}
