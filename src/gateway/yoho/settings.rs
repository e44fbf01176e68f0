//! What a client may do and must send, as kept beside its keys.

use serde_json::Value;

use super::method::Method;
use crate::domain::problem::{Problem, Problems};

/// The settings of one client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Whose word about the person is taken.
    pub mode: Mode,
    /// Whether each request must say when it was made.
    pub require_timestamp: bool,
    /// Whether anybody may read the templates of a type without a signature.
    pub public_list: bool,
    /// Whether anybody may read the coupon centre without one, as somebody whom nobody knows.
    pub public_center: bool,
    /// What the client may call; none for everything that there is.
    pub methods: Option<Vec<Method>>,
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
        let least = Self {
            mode: Mode::Session,
            require_timestamp: true,
            methods: Some(Vec::new()),
            ..Self::default()
        };
        check(kept).unwrap_or(least)
    }

    /// Whether the method is answered without a signature.
    pub fn is_public(&self, method: Method) -> bool {
        let is_open = matches!(method, Method::QueryCoupon) && self.public_list
            || matches!(method, Method::QueryCouponCenter) && self.public_center;
        is_open && self.allows(method)
    }

    /// Whether the client may call the method at all.
    pub fn allows(&self, method: Method) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.contains(&method))
    }
}

/// Reads what the merchant writes about a client: an object with `mode`, `require_timestamp`, `public_methods` and `methods`,
/// each of which may be missing.
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
            "methods" if value.is_null() => {}
            "methods" => {
                settings.methods = named(value);
                let message = "null or a list of methods";
                problems.expect(settings.methods.is_some(), "settings.methods", message);
            }
            _ => {
                let message = "only mode, require_timestamp, public_methods and methods";
                problems.expect(false, "settings", message);
            }
        }
    }
    problems.into_result().map(|()| settings)
}

/// The methods of a list; `None` where it is none, or one of them is not known.
fn named(methods: &Value) -> Option<Vec<Method>> {
    let methods = methods.as_array()?.iter();
    methods.map(|method| method.as_str().and_then(Method::parse)).collect()
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
            "methods": ["app.promotion.queryCoupon", "app.coupons.total"],
        });
        let expected = Settings {
            mode: Mode::Session,
            require_timestamp: true,
            public_list: true,
            public_center: true,
            methods: Some(vec![Method::QueryCoupon, Method::Total]),
        };

        assert_eq!(check(&json!({})), Ok(Settings::default()));
        assert_eq!(check(&all), Ok(expected));
        assert_eq!(check(&json!({ "methods": null })), Ok(Settings::default()));
        for (written, param) in [
            (json!(null), "settings"),
            (json!([]), "settings"),
            (json!({ "debug": true }), "settings"),
            (json!({ "mode": "Trusted" }), "settings.mode"),
            (json!({ "require_timestamp": "true" }), "settings.require_timestamp"),
            (json!({ "public_methods": "app.promotion.queryCoupon" }), "settings.public_methods"),
            (json!({ "public_methods": ["app.promotion.getCoupon"] }), "settings.public_methods"),
            (json!({ "public_methods": [1] }), "settings.public_methods"),
            (json!({ "methods": "app.coupons.total" }), "settings.methods"),
            (json!({ "methods": ["app.coupons.Total"] }), "settings.methods"),
            (json!({ "methods": ["app.coupons.total", null] }), "settings.methods"),
        ] {
            let problems = check(&written).unwrap_err();
            assert_eq!(problems[0].param, param, "{written}");
            let least = Settings::read(&written);
            assert_eq!(least.mode, Mode::Session, "{written}");
            assert!(!Method::ALL.into_iter().any(|method| least.allows(method)), "{written}");
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
            assert!(settings.allows(method), "{method:?}");
        }
    }

    #[test]
    fn what_a_client_may_not_call_nobody_may_call_through_it() {
        let written = json!({
            "public_methods": ["app.promotion.queryCoupon"], "methods": ["app.coupons.total"],
        });
        let settings = check(&written).unwrap();

        for method in Method::ALL {
            assert_eq!(settings.allows(method), method == Method::Total, "{method:?}");
            assert!(!settings.is_public(method), "{method:?}");
        }
    }
}
