//! What a client may do and must send, as kept beside its keys.

use serde_json::Value;

use super::method::Method;
use crate::domain::problem::{Problem, Problems};

/// The settings of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// Whose word about the person is taken.
    pub mode: Mode,
    /// Whether each request must say when it was made.
    pub require_timestamp: bool,
    /// Whether anybody may read the templates of a type without a signature.
    pub public_list: bool,
    /// Whether anybody may read the coupon centre without one, as somebody whom nobody knows.
    pub public_center: bool,
}

/// Whose word about the person is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// The client is a server of the merchant's: `uid` is believed.
    #[default]
    Trusted,
    /// The client would be an app in people's hands, with sessions of ours; not served so far.
    Session,
}

impl Settings {
    /// As kept; what cannot be read is taken for the least that there is.
    pub fn read(kept: &Value) -> Self {
        let least = Self { mode: Mode::Session, require_timestamp: true, ..Self::default() };
        check(kept).unwrap_or(least)
    }

    /// Whether the method is answered without a signature.
    pub const fn is_public(self, method: Method) -> bool {
        matches!(method, Method::QueryCoupon) && self.public_list
            || matches!(method, Method::QueryCouponCenter) && self.public_center
    }
}

/// Reads what the merchant writes about a client: an object with `mode`, `require_timestamp` and `public_methods`, each of
/// which may be missing.
pub fn check(written: &Value) -> Result<Settings, Vec<Problem>> {
    let (mut settings, mut problems) = (Settings::default(), Problems::default());
    let Some(members) = written.as_object() else {
        problems.expect(false, "settings", "an object");
        return problems.into_result().map(|()| settings);
    };
    for (name, value) in members {
        match name.as_str() {
            "mode" => match value.as_str() {
                Some("trusted") => settings.mode = Mode::Trusted,
                Some("session") => settings.mode = Mode::Session,
                _ => problems.expect(false, "settings.mode", "trusted or session"),
            },
            "require_timestamp" => match value.as_bool() {
                Some(required) => settings.require_timestamp = required,
                None => problems.expect(false, "settings.require_timestamp", "true or false"),
            },
            "public_methods" => {
                let known = settings.open(value);
                let message =
                    "a list of app.promotion.queryCoupon and app.promotion.queryCouponCenter";
                problems.expect(known, "settings.public_methods", message);
            }
            _ => {
                let message = "only mode, require_timestamp and public_methods";
                problems.expect(false, "settings", message);
            }
        }
    }
    problems.into_result().map(|()| settings)
}

impl Settings {
    /// Whether the list names only what may be public.
    fn open(&mut self, methods: &Value) -> bool {
        methods.as_array().is_some_and(|methods| {
            methods.iter().all(|method| {
                match method.as_str().and_then(Method::parse) {
                    Some(Method::QueryCoupon) => self.public_list = true,
                    Some(Method::QueryCouponCenter) => self.public_center = true,
                    _ => return false,
                }
                true
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_read_as_written_or_not_at_all() {
        let all = json!({
            "mode": "session", "require_timestamp": true,
            "public_methods": ["app.promotion.queryCoupon", "app.promotion.queryCouponCenter"],
        });
        let expected = Settings {
            mode: Mode::Session,
            require_timestamp: true,
            public_list: true,
            public_center: true,
        };

        assert_eq!(check(&json!({})), Ok(Settings::default()));
        assert_eq!(check(&all), Ok(expected));
        for (written, param) in [
            (json!(null), "settings"),
            (json!([]), "settings"),
            (json!({ "debug": true }), "settings"),
            (json!({ "mode": "Trusted" }), "settings.mode"),
            (json!({ "require_timestamp": "true" }), "settings.require_timestamp"),
            (json!({ "public_methods": "app.promotion.queryCoupon" }), "settings.public_methods"),
            (json!({ "public_methods": ["app.promotion.getCoupon"] }), "settings.public_methods"),
            (json!({ "public_methods": [1] }), "settings.public_methods"),
        ] {
            let problems = check(&written).unwrap_err();
            assert_eq!(problems[0].param, param, "{written}");
            assert_eq!(Settings::read(&written).mode, Mode::Session, "{written}");
        }
        let both = json!({ "mode": 1, "require_timestamp": 1 });
        assert_eq!(check(&both).unwrap_err().len(), 2);
    }

    #[test]
    fn only_what_says_nothing_of_anybody_can_be_public() {
        let listed = json!({ "public_methods": ["app.promotion.queryCoupon"] });
        let settings = check(&listed).unwrap();

        for method in Method::ALL {
            assert_eq!(settings.is_public(method), method == Method::QueryCoupon, "{method:?}");
        }
    }
}
