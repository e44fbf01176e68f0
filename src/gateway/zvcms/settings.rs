//! What can be set for one client.

use serde::Deserialize;
use serde_json::Value;

use super::{cart::MoneyUnit, sign::Scheme, spelling::Spelling};
use crate::domain::problem::{Problem, Problems};

/// The settings of one client, stored with it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How it signs.
    pub scheme: Scheme,
    /// The host that it signs, with the scheme that signs one: as it calls us, with a port that is not the usual one.
    pub host: Option<String>,
    /// In what its prices and amounts are.
    pub request_money_unit: MoneyUnit,
    /// Whether it hears texts where numbers are declared, as in the original's sample.
    pub stringly: bool,
    /// Whether it hears what a coupon takes off, in members that the original does not have.
    pub show_discount: bool,
    /// Whether coupons that take off neither an amount nor a share are kept from it.
    pub hide_unpriced: bool,
}

impl Settings {
    /// Reads stored settings; what is not understood counts as absent, since it was checked when it was stored.
    pub fn read(stored: &Value) -> Self {
        check(stored).unwrap_or_default()
    }

    /// How it hears numbers.
    pub const fn spelling(&self) -> Spelling {
        if self.stringly { Spelling::Strings } else { Spelling::Declared }
    }

    /// What stands between the method and the pairs of a signed message.
    pub fn signed_address(&self, path: &str) -> String {
        match (self.scheme, &self.host) {
            (Scheme::HmacSha1Host, Some(host)) => format!("{host}{path}"),
            _ => path.to_owned(),
        }
    }
}

/// Whether a client with these settings need not sign: for tests on one machine.
pub fn is_unsigned(stored: &Value) -> bool {
    Settings::read(stored).scheme == Scheme::None
}

/// The settings, if they can be stored with a client; asked by whoever stores them.
pub fn check(stored: &Value) -> Result<Settings, Vec<Problem>> {
    let mut problems = Problems::default();
    let settings = match Settings::deserialize(stored) {
        Ok(settings) if stored.is_object() => settings,
        Ok(_) => return Err(not_readable("an object".to_owned())),
        Err(error) => return Err(not_readable(error.to_string())),
    };
    let signs_host = settings.scheme == Scheme::HmacSha1Host;
    problems.expect(
        settings.host.is_some() == signs_host,
        "settings.host",
        "with the scheme `hmac-sha1-host`, and only with it",
    );
    problems.expect(
        settings.host.as_deref().is_none_or(is_host),
        "settings.host",
        "1 to 253 letters, digits, dots and hyphens, with a port if it is not the usual one",
    );
    problems.into_result()?;
    Ok(settings)
}

fn not_readable(message: String) -> Vec<Problem> {
    vec![Problem { param: "settings", message }]
}

fn is_host(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    (1..=253).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_client_without_settings_signs_as_documented_and_speaks_of_yuan() {
        assert_eq!(check(&json!({})), Ok(Settings::default()));
        let settings = Settings::default();
        assert_eq!(settings.scheme, Scheme::HmacSha1Flat);
        assert_eq!(settings.request_money_unit, MoneyUnit::Yuan);
        assert_eq!(settings.signed_address("/api/v2"), "/api/v2");
    }

    #[test]
    fn a_host_is_signed_by_the_scheme_that_signs_one() {
        let settings = json!({ "scheme": "hmac-sha1-host", "host": "openapi.zvcms.com" });

        let settings = check(&settings).unwrap();

        assert_eq!(settings.signed_address("/api/v2"), "openapi.zvcms.com/api/v2");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_name() {
        for (settings, param) in [
            (json!({ "scheme": "hmac-sha1-host" }), "settings.host"),
            (json!({ "host": "openapi.zvcms.com" }), "settings.host"),
            (json!({ "scheme": "hmac-sha1-host", "host": "a&b" }), "settings.host"),
            (json!({ "scheme": "hmac-sha1-host", "host": "" }), "settings.host"),
            (json!({ "scheme": "md5" }), "settings"),
            (json!({ "shceme": "none" }), "settings"),
            (json!({ "request_money_unit": "jiao" }), "settings"),
            (json!({ "stringly": "yes" }), "settings"),
            (json!([]), "settings"),
            (json!(null), "settings"),
        ] {
            let problems = check(&settings).unwrap_err();

            assert_eq!(problems[0].param, param, "{settings}");
        }
    }
}
