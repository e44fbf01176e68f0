//! What platforms tell us in confidence: access tokens, tickets and session keys. Neither can be printed.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// The longest access token that is believed to be one.
const LONGEST_TOKEN: usize = 2048;
/// Baidu's session keys have 32 characters; how much longer they may grow is not documented.
const LONGEST_SESSION_KEY: usize = 256;

/// Opens an app's calls for a month.
#[derive(Clone)]
pub struct AccessToken(SecretString);

/// Opens what a user's mini-program sends sealed.
#[derive(Clone)]
pub struct SessionKey(SecretString);

/// The text cannot be such a secret; it is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 1 to {0} visible ASCII characters")]
pub struct InvalidSecret(usize);

impl AccessToken {
    /// Takes a token of up to 2 KiB.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        parse(text, LONGEST_TOKEN).map(Self)
    }

    /// The token itself, for a request or for the vault.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl SessionKey {
    /// Takes a key of up to 256 bytes.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        parse(text, LONGEST_SESSION_KEY).map(Self)
    }

    /// The key itself: base64 of 24 bytes.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

fn parse(text: &str, longest: usize) -> Result<SecretString, InvalidSecret> {
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if (1..=longest).contains(&text.len()) && visible {
        return Ok(SecretString::from(text));
    }
    Err(InvalidSecret(longest))
}

macro_rules! hides {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("…")
            }
        }
    };
}

hides!(AccessToken);
hides!(SessionKey);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_on_request_and_prints_nothing() {
        let token = AccessToken::parse("24.abc").unwrap();

        assert_eq!(token.expose(), "24.abc");
        assert_eq!(format!("{token:?} {token}"), "AccessToken(…) …");
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_and_not_shown() {
        assert!(AccessToken::parse(&"a".repeat(2048)).is_ok());
        for bad in ["", "a b", "a\n", "令牌", &"a".repeat(2049)] {
            let refusal = AccessToken::parse(bad).unwrap_err().to_string();
            assert_eq!(refusal, "not 1 to 2048 visible ASCII characters");
        }
    }
}
