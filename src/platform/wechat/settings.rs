//! What can be set for one official account, and for one mini-program.

#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{address::API, client::Account, limits, look::CardLook};
use crate::{
    domain::problem::{Problem, Problems},
    outgoing::address,
};

/// The settings of one official account, stored with it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `gh_…`: what pushes call the account.
    pub original_id: Option<String>,
    /// Where the API lives; WeChat's own address when absent.
    pub api_url: Option<Url>,
    /// How access tokens are asked for.
    pub token_by: TokenBy,
    /// How pushes come.
    pub push: PushMode,
    /// How all cards of the account look, unless a placement says otherwise.
    pub card: CardLook,
}

/// How access tokens are asked for; the two ways know nothing of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenBy {
    /// Whoever asks gets the same token for as long as it lives.
    #[default]
    StableToken,
    /// Whoever asks ends the life of the token before, and the secret travels in the URL.
    Token,
}

/// How pushes come, as it is set in WeChat's console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushMode {
    /// Encrypted; no other is believed.
    #[default]
    Encrypted,
    /// Both ways at once; only what is encrypted is believed.
    Compatible,
    /// In the open.
    Plain,
}

/// The settings of one mini-program, stored with it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MiniSettings {
    /// Where the API lives; WeChat's own address when absent.
    pub api_url: Option<Url>,
}

impl Settings {
    /// Reads stored settings; what is not understood counts as absent, since it was checked when it was stored.
    pub fn read(stored: &Value) -> Self {
        Self::deserialize(stored).unwrap_or_default()
    }

    /// Where calls for the account with this `AppID` go.
    pub fn account<'a>(&'a self, app_key: &'a str) -> Account<'a> {
        Account { app_id: app_key, api: self.api_url.as_ref().unwrap_or(&API) }
    }
}

impl MiniSettings {
    /// As [`Settings::read`].
    pub fn read(stored: &Value) -> Self {
        Self::deserialize(stored).unwrap_or_default()
    }

    /// Where calls for the mini-program with this `AppID` go.
    pub fn account<'a>(&'a self, app_key: &'a str) -> Account<'a> {
        Account { app_id: app_key, api: self.api_url.as_ref().unwrap_or(&API) }
    }
}

/// Whether the settings can be stored with an official account.
pub fn check(settings: &Value) -> Result<(), Vec<Problem>> {
    let settings = match object(settings).and_then(Settings::deserialize) {
        Ok(settings) => settings,
        Err(error) => return Err(unreadable(&error)),
    };
    let mut problems = Problems::default();
    let named = settings.original_id.as_deref().is_none_or(limits::is_original_id);
    problems.expect(
        named,
        "settings.original_id",
        "公众号原始 ID，形如 gh_86a091e50ad4 · the account's original id, such as gh_86a091e50ad4",
    );
    check_url(settings.api_url.as_ref(), &mut problems);
    problems.join(limits::check_look(&settings.card));
    problems.into_result()
}

/// Whether the settings can be stored with a mini-program.
pub fn check_mini(settings: &Value) -> Result<(), Vec<Problem>> {
    let settings = match object(settings).and_then(MiniSettings::deserialize) {
        Ok(settings) => settings,
        Err(error) => return Err(unreadable(&error)),
    };
    let mut problems = Problems::default();
    check_url(settings.api_url.as_ref(), &mut problems);
    problems.into_result()
}

/// A list in the order of the fields would do for a derived reader, and is nothing that anybody should rely on.
fn object(settings: &Value) -> Result<Value, serde_json::Error> {
    serde_json::Map::deserialize(settings).map(Value::Object)
}

fn unreadable(error: &serde_json::Error) -> Vec<Problem> {
    vec![Problem { param: "settings", message: error.to_string() }]
}

fn check_url(url: Option<&Url>, problems: &mut Problems) {
    if let Some(Err(refusal)) = url.map(address::check_base) {
        problems.expect(false, "settings.api_url", refusal.to_string());
    }
}
