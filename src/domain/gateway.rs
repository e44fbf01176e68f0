//! The merchant's own protocols, and what their clients and grants may be called.

use std::{collections::HashSet, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::problem::{Problem, Problems};

/// A protocol in which front ends of the merchant's already speak.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "GatewayProtocol")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Protocol {
    /// The open API v2 of 智迈.
    Zvcms,
    /// The promotion API of the Yoho app.
    Yoho,
}

/// Checks the settings of a client, as only its protocol's room can.
pub type SettingsLint = fn(Protocol, &Value) -> Result<(), Vec<Problem>>;

/// Checks what a grant is to allow, as only its protocol's room can.
pub type ActionsLint = fn(Protocol, &[String]) -> Result<(), Vec<Problem>>;

impl Protocol {
    /// Each of them.
    pub const ALL: [Self; 2] = [Self::Zvcms, Self::Yoho];

    /// As the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zvcms => "zvcms",
            Self::Yoho => "yoho",
        }
    }

    /// Whether a client acts for one of several grants, each with a sight of its own; otherwise it has one itself.
    pub const fn has_grants(self) -> bool {
        match self {
            Self::Zvcms => true,
            Self::Yoho => false,
        }
    }

    /// Whether answers are signed with a salt.
    pub const fn salts_answers(self) -> bool {
        match self {
            Self::Zvcms => false,
            Self::Yoho => true,
        }
    }

    /// Checks what a client is to call itself.
    pub fn check_name(self, problems: &mut Problems, name: &str) {
        let fits = is_word(name, b"._-");
        problems.expect(
            fits,
            "name",
            "1 to 64 of the letters A to Z and a to z, digits, `.`, `_` and `-`",
        );
    }

    /// Checks a secret that somebody chose. In Yoho's protocol front ends bring theirs along, so only what is none at all
    /// is refused.
    pub fn check_secret(self, problems: &mut Problems, secret: &str) {
        let fits = secret.len() <= 512 && is_visible(secret);
        match self {
            Self::Zvcms => {
                let message = "32 to 512 visible ASCII characters";
                problems.expect(fits && secret.len() >= 32, "secret", message);
            }
            Self::Yoho => {
                let message = "1 to 512 visible ASCII characters, and not `null`";
                problems.expect(fits && secret != "null", "secret", message);
            }
        }
    }
}

/// Checks what answers are to be signed with; a colon stands behind it there.
pub fn check_salt(problems: &mut Problems, salt: &str) {
    let fits = salt.len() <= 64 && is_visible(salt) && !salt.contains(':');
    problems.expect(fits, "salt", "1 to 64 visible ASCII characters without a colon");
}

/// Checks the code by which a grant is named.
pub fn check_code(problems: &mut Problems, code: &str) {
    let fits = is_word(code, b"_-");
    problems.expect(fits, "code", "1 to 64 of the letters A to Z and a to z, digits, `_` and `-`");
}

/// Checks a list to which something is held; to leave it out is to hold it to nothing.
pub fn check_list(problems: &mut Problems, param: &'static str, list: Option<&[String]>) {
    let Some(list) = list else { return };
    let fits = (1..=100).contains(&list.len());
    let is_name = |name: &String| {
        (1..=100).contains(&name.chars().count()) && !name.contains(char::is_control)
    };
    let once = list.iter().collect::<HashSet<_>>().len() == list.len();
    let message = "1 to 100 names of 1 to 100 characters, each once; left out for all";
    problems.expect(fits && once && list.iter().all(is_name), param, message);
}

fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_word(text: &str, beside: &[u8]) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || beside.contains(&byte))
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(check: impl FnOnce(&mut Problems)) -> bool {
        let mut problems = Problems::default();
        check(&mut problems);
        problems.into_result().is_ok()
    }

    #[test]
    fn a_private_key_that_is_none_is_refused() {
        for (protocol, secret, fits) in [
            (Protocol::Yoho, "", false),
            (Protocol::Yoho, " ", false),
            (Protocol::Yoho, "null", false),
            (Protocol::Yoho, "nul", true),
            (Protocol::Yoho, "密钥", false),
            (Protocol::Zvcms, "a secret of 31 characters.......", false),
            (Protocol::Zvcms, "0123456789012345678901234567890", false),
            (Protocol::Zvcms, "01234567890123456789012345678901", true),
        ] {
            let held = holds(|problems| protocol.check_secret(problems, secret));
            assert_eq!(held, fits, "{protocol} {secret}");
        }
    }

    #[test]
    fn a_salt_has_no_colon() {
        for (salt, fits) in
            [("fd4ad5fcfa0de589", true), ("a:b", false), ("", false), ("a b", false)]
        {
            assert_eq!(holds(|problems| check_salt(problems, salt)), fits, "{salt}");
        }
        assert!(!holds(|problems| check_salt(problems, &"s".repeat(65))));
    }

    #[test]
    fn names_and_codes_are_plain_words() {
        for (name, fits) in [
            ("6dc05b4ac175cf316d226252b05cf685", true),
            ("iphone", true),
            ("mini-app_2.0", true),
            ("", false),
            ("a&b", false),
            ("安卓", false),
        ] {
            let held = holds(|problems| Protocol::Yoho.check_name(problems, name));
            assert_eq!(held, fits, "{name}");
        }
        assert!(holds(|problems| check_code(problems, "782c281f62")));
        assert!(!holds(|problems| check_code(problems, "a=b")));
    }

    #[test]
    fn a_list_holds_something_each_once() {
        let list = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        for (names, fits) in
            [(list(&["a", "b"]), true), (list(&[]), false), (list(&["a", "a"]), false)]
        {
            assert_eq!(holds(|problems| check_list(problems, "stores", Some(&names))), fits);
        }
        assert!(holds(|problems| check_list(problems, "stores", None)));
    }
}
