//! What can be set for one Baidu app.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{
    address::{OPEN_API, SESSION_API},
    client::Account,
    login::LoginBy,
    sign::Reading,
};
use crate::{
    domain::problem::{Problem, Problems},
    outgoing::address,
};

/// The settings of one app, stored with it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Pins one reading of the sign; both are accepted when absent.
    pub sign_reading: Option<Reading>,
    /// Where the open API lives; Baidu's own address when absent.
    pub open_api_url: Option<Url>,
    /// Where old session keys are asked for; Baidu's own address when absent.
    pub session_api_url: Option<Url>,
    /// How access tokens are asked for.
    pub token_by: TokenBy,
    /// How Baidu is asked who has logged in.
    pub login: LoginBy,
}

/// How access tokens are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenBy {
    /// The secret travels in a body, which no access log keeps.
    #[default]
    PostForm,
    /// As Baidu's own libraries do it, with the secret in the URL.
    Get,
}

impl Settings {
    /// Reads stored settings; what is not understood counts as absent, since it was checked when it was stored.
    pub fn read(stored: &Value) -> Self {
        Self::deserialize(stored).unwrap_or_default()
    }

    /// The readings of the sign that are accepted.
    pub const fn readings(&self) -> &'static [Reading] {
        match self.sign_reading {
            None => &[Reading::Documented, Reading::Mirrored],
            Some(Reading::Documented) => &[Reading::Documented],
            Some(Reading::Mirrored) => &[Reading::Mirrored],
        }
    }

    /// Where calls for the app with this key go.
    pub fn account<'a>(&'a self, app_key: &'a str) -> Account<'a> {
        Account {
            app_key,
            open_api: self.open_api_url.as_ref().unwrap_or(&OPEN_API),
            session_api: self.session_api_url.as_ref().unwrap_or(&SESSION_API),
        }
    }
}

/// Whether the settings can be stored with an app.
pub fn check(settings: &Value) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    match Settings::deserialize(settings) {
        Err(error) => problems.expect(false, "settings", error.to_string()),
        Ok(settings) => {
            for (param, url) in [
                ("settings.open_api_url", &settings.open_api_url),
                ("settings.session_api_url", &settings.session_api_url),
            ] {
                if let Some(Err(refusal)) = url.as_ref().map(address::check_base) {
                    problems.expect(false, param, refusal.to_string());
                }
            }
        }
    }
    problems.into_result()
}

/// Whether the text can be Baidu's `couponTemplateId`: a decimal number that fits in 63 bits.
pub fn check_platform_ref(text: &str) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let plain = super::wire::template_id(text).is_some();
    problems.expect(plain, "platform_ref", "Baidu's couponTemplateId: decimal digits");
    problems.into_result()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_app_without_settings_lives_at_baidus_own_addresses() {
        let settings = Settings::read(&json!({}));

        let account = settings.account("key");

        assert_eq!(account.open_api.as_str(), "https://openapi.baidu.com/");
        assert_eq!(account.session_api.as_str(), "https://spapi.baidu.com/");
        assert_eq!((settings.token_by, settings.login), (TokenBy::PostForm, LoginBy::SessionKey));
    }

    #[test]
    fn addresses_can_be_set_if_a_secret_may_travel_there() {
        let good = json!({
            "open_api_url": "http://127.0.0.1:8001", "session_api_url": "https://proxy.example/s",
            "token_by": "get", "sign_reading": "documented", "login": "jscode2session",
        });
        let bad = json!({
            "open_api_url": "http://openapi.baidu.com", "session_api_url": "https://a:b@example.com",
        });

        assert_eq!(check(&good), Ok(()));
        let params: Vec<_> = check(&bad).unwrap_err().iter().map(|p| p.param).collect();
        assert_eq!(params, ["settings.open_api_url", "settings.session_api_url"]);
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        for bad in [
            json!({ "open_api": "x" }),
            json!({ "token_by": "put" }),
            json!({ "login": "js_code" }),
            json!({ "a": 1 }),
        ] {
            assert_eq!(check(&bad).unwrap_err()[0].param, "settings");
        }
        let shapeless = json!({ "open_api_url": "openapi.baidu.com" });
        assert_eq!(check(&shapeless).unwrap_err()[0].param, "settings");
    }
}
