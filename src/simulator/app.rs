//! Apps and their access tokens.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::state::State;

/// The key of the app that is always there.
pub const DEFAULT_APP_KEY: &str = "sim-app-key";
/// The secret of the app that is always there.
pub const DEFAULT_APP_SECRET: &str = "SimAppSecret00000000000000000001";
/// What a token may do.
pub(super) const SCOPE: &str = "smartapp_snsapi_base";

/// One developer's mini-program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct App {
    /// The number in the template's `appId`.
    pub app_id: i64,
    /// The `client_id`.
    pub app_key: String,
    /// The `client_secret`.
    pub app_secret: String,
}

/// What an app starts from; what is left out is made up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppSeed {
    /// The number in the template's `appId`.
    pub app_id: Option<i64>,
    /// The `client_id`.
    pub app_key: Option<String>,
    /// The `client_secret`.
    pub app_secret: Option<String>,
}

impl AppSeed {
    /// The app that is always there.
    pub fn default_app() -> Self {
        Self {
            app_id: Some(10_000_001),
            app_key: Some(DEFAULT_APP_KEY.to_owned()),
            app_secret: Some(DEFAULT_APP_SECRET.to_owned()),
        }
    }
}

/// A token and whose it is.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub app_key: String,
    pub expires_at: DateTime<Utc>,
}

/// Why a token opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenRefusal {
    Garbled,
    Unknown,
    Expired,
}

impl State {
    /// Makes a token for the app, in the platform's own format.
    pub fn issue_token(&mut self, app_key: &str, now: DateTime<Utc>) -> String {
        if self.switches.revoke_previous_token {
            self.tokens.retain(|_, token| token.app_key != app_key);
        }
        let ttl = self.switches.token_ttl;
        let expires_at = now + TimeDelta::seconds(ttl);
        let app_id = self.apps.get(app_key).map_or(0, |app| app.app_id);
        let text = format!("24.{}.{ttl}.{}.282335-{app_id}", self.hex(32), expires_at.timestamp());
        let token = Token { app_key: app_key.to_owned(), expires_at };
        self.tokens.insert(text.clone(), token);
        text
    }

    /// Ends the tokens of one app, or all: each call with one answers 110 from now on.
    pub fn revoke_tokens(&mut self, app_key: Option<&str>) {
        self.tokens.retain(|_, token| app_key.is_some_and(|key| token.app_key != key));
    }

    /// Lets the tokens of one app, or all, run out now: each call with one answers 111.
    pub fn expire_tokens(&mut self, app_key: Option<&str>, now: DateTime<Utc>) {
        for token in self.tokens.values_mut() {
            if app_key.is_none_or(|key| token.app_key == key) {
                token.expires_at = now;
            }
        }
    }

    /// The app that the token belongs to.
    pub fn app_of_token(&self, text: &str, now: DateTime<Utc>) -> Result<String, TokenRefusal> {
        if !is_token_shaped(text) {
            return Err(TokenRefusal::Garbled);
        }
        let token = self.tokens.get(text).ok_or(TokenRefusal::Unknown)?;
        if token.expires_at <= now {
            return Err(TokenRefusal::Expired);
        }
        Ok(token.app_key.clone())
    }
}

/// `24.<32 hex>.<ttl>.<expiry>.<digits>-<digits>`.
pub(super) fn is_token_shaped(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split('.').collect();
    let [kind, key, ttl, expiry, owner] = parts[..] else {
        return false;
    };
    let hex = key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    let both = owner.split_once('-').is_some_and(|(user, app)| digits(user) && digits(app));
    kind.len() == 2 && digits(kind) && hex && digits(ttl) && digits(expiry) && both
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_five_parts_of_known_shapes() {
        let good = "24.0123456789abcdef0123456789abcdef.2592000.1700000000.282335-10000001";

        assert!(is_token_shaped(good));
        assert!(!is_token_shaped(""));
        assert!(!is_token_shaped("24.x"));
        assert!(!is_token_shaped(&good.replace('-', "_")));
        assert!(!is_token_shaped(&good.replace("abcdef", "ghijkl")));
    }
}
