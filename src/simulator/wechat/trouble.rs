//! Refusals in WeChat's own numbers, and what the simulator says when nobody could ask WeChat that.

use std::fmt;

/// Why a call came to nothing: WeChat's number and its words, without the tail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub code: i64,
    pub words: String,
}

impl Trouble {
    pub fn new(code: i64, words: impl Into<String>) -> Self {
        Self { code, words: words.into() }
    }

    /// A required field that is not there, by its path.
    pub fn missing(path: &str) -> Self {
        if path == "card_id" {
            return Self::new(41012, "missing cardid");
        }
        let words = "missing required fields! please check document and request json!";
        Self::new(41011, format!("{words} {path}"))
    }

    pub fn format(what: impl fmt::Display) -> Self {
        Self::new(47001, format!("data format error: {what}"))
    }

    pub fn parameter(what: impl fmt::Display) -> Self {
        Self::new(40035, format!("invalid parameter: {what}"))
    }

    pub fn too_long(path: &str) -> Self {
        Self::new(45021, format!("field exceed length limit: {path}"))
    }

    pub fn no_card() -> Self {
        Self::new(40073, "invalid card id")
    }

    pub fn no_code() -> Self {
        Self::new(40056, "invalid serial code")
    }

    pub fn consumed() -> Self {
        Self::new(40099, "invalid code, this code has consumed.")
    }

    pub fn unusable() -> Self {
        let words = "invalid user-card status! Hint: the card was given to user, \
                     but may be deleted or set unavailable !";
        Self::new(40127, words)
    }

    pub fn card_status(why: &str) -> Self {
        Self::new(40078, format!("invalid card status: {why}"))
    }

    pub fn stock(why: &str) -> Self {
        Self::new(40122, format!("invalid quantity: {why}"))
    }

    /// Whether an honest client would never have asked like that.
    pub fn is_misuse(&self) -> bool {
        const MISUSE: [i64; 21] = [
            40002, 40005, 40009, 40035, 40053, 40071, 40072, 40080, 40109, 41001, 41002, 41004,
            41008, 41011, 41012, 43001, 43002, 44002, 45021, 47001, 61500,
        ];
        MISUSE.contains(&self.code)
    }
}

/// Why a wish of a person, of the console or of a test came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// What the wish names is not there.
    #[error("there is no such {0}")]
    NoSuch(&'static str),
    /// The wish cannot be understood.
    #[error("{0}")]
    Input(String),
    /// WeChat says no.
    #[error("{errcode} {words}")]
    WeChat {
        /// The number.
        errcode: i64,
        /// The words beside it.
        words: String,
    },
}

impl From<Trouble> for Refused {
    fn from(trouble: Trouble) -> Self {
        Self::WeChat { errcode: trouble.code, words: trouble.words }
    }
}
