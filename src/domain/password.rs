//! Passwords and names of people at work; what a wrong one costs is in `guessing`.

use super::problem::{Problem, Problems};

/// What everybody tries first, of those that are long enough.
const COMMON: [&str; 28] = [
    "000000000000",
    "0123456789ab",
    "012345678901",
    "111111111111",
    "112233445566",
    "121212121212",
    "123123123123",
    "123412341234",
    "123456123456",
    "123456789012",
    "1234567890123",
    "1234567890ab",
    "1234567890abc",
    "123456789abc",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "5201314520131",
    "666666666666",
    "888888888888",
    "a123456789012",
    "abcdefghijkl",
    "administrator",
    "adminadminadmin",
    "iloveyou1314",
    "passwordpassword",
    "password1234",
    "qwertyuiop12",
    "qwertyuiop123",
];

/// The longest password that is looked at, in bytes.
const LONGEST: usize = 1024;
const SHORTEST: usize = 12;

/// Whether a password may be chosen for the account of this login.
pub fn check_new(password: &str, login: &str) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let fits = (SHORTEST..=LONGEST).contains(&password.len()) && !password.contains('\0');
    problems.expect(fits, "password", "12 to 1024 bytes");
    let lower = password.to_lowercase();
    let guessed = COMMON.contains(&lower.as_str()) || lower == login.to_lowercase();
    problems.expect(!guessed, "password", "too easy to guess");
    problems.into_result()
}

/// Whether a password that somebody shows can be one at all: what cannot is not worth the work of hashing.
pub fn check_shown(password: &str) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let fits = (1..=LONGEST).contains(&password.len()) && !password.contains('\0');
    problems.expect(fits, "password", "1 to 1024 bytes");
    problems.into_result()
}

/// A login as it is kept; `None` for what cannot be one.
pub fn parse_login(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(plain);
    fits.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_enough_not_too_long_and_not_everybodys() {
        for (password, fits) in [
            ("correct horse battery", true),
            ("密码密码", true),
            ("short", false),
            ("eleven-char", false),
            ("Administrator", false),
            ("Wang.Xiaoming@Example", false),
            ("nul\0nul\0nul\0nul", false),
        ] {
            assert_eq!(check_new(password, "wang.xiaoming@example").is_ok(), fits, "{password:?}");
        }
        assert!(check_new(&"a".repeat(1024), "x").is_ok());
        assert!(check_new(&"a".repeat(1025), "x").is_err());
        assert!(check_shown(&"密".repeat(5000)).is_err() && check_shown("").is_err());
        assert!(
            COMMON.iter().all(|common| common.len() >= SHORTEST && check_new(common, "x").is_err())
        );
    }

    #[test]
    fn a_login_has_one_spelling() {
        assert_eq!(parse_login("Xiao.Wang@Shop").as_deref(), Some("xiao.wang@shop"));
        for bad in ["", "小王", "a b", "a\0", &"a".repeat(65)] {
            assert_eq!(parse_login(bad), None, "{bad:?}");
        }
    }
}
