//! The states of cards and of codes as WeChat spells them, in all its spellings.

/// Where a card (a batch) is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardStatus {
    /// Under review.
    NotVerified,
    /// Refused at review.
    Failed,
    /// Passed review.
    Passed,
    /// Deleted by the merchant; what people have stays theirs.
    Deleted,
    /// Passed, and issued through WeChat's console.
    Dispatched,
    /// A word that nobody knows.
    Other(String),
}

/// How one code in somebody's hands stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserCardStatus {
    /// Fine, perhaps before its time.
    Normal,
    /// Used.
    Consumed,
    /// Over.
    Expired,
    /// Being given to somebody.
    Gifting,
    /// Given to somebody.
    Gifted,
    /// Nobody took the gift; it is back with its owner.
    GiftTimedOut,
    /// Deleted by its owner.
    Deleted,
    /// Made void by us.
    Unavailable,
    /// A word that nobody knows.
    Other(String),
}

impl CardStatus {
    /// Reads any spelling, also those of older pages.
    pub fn read(text: &str) -> Self {
        match text {
            "CARD_STATUS_NOT_VERIFY" => Self::NotVerified,
            "CARD_STATUS_VERIFY_FAIL" | "CARD_STATUS_VERIFY_FALL" => Self::Failed,
            "CARD_STATUS_VERIFY_OK" => Self::Passed,
            "CARD_STATUS_DELETE" | "CARD_STATUS_USER_DELETE" => Self::Deleted,
            "CARD_STATUS_DISPATCH" | "CARD_STATUS_USER_DISPATCH" => Self::Dispatched,
            other => Self::Other(other.to_owned()),
        }
    }

    /// As requests say it.
    pub fn name(&self) -> &str {
        match self {
            Self::NotVerified => "CARD_STATUS_NOT_VERIFY",
            Self::Failed => "CARD_STATUS_VERIFY_FAIL",
            Self::Passed => "CARD_STATUS_VERIFY_OK",
            Self::Deleted => "CARD_STATUS_DELETE",
            Self::Dispatched => "CARD_STATUS_DISPATCH",
            Self::Other(name) => name,
        }
    }
}

impl UserCardStatus {
    /// Reads WeChat's word.
    pub fn read(text: &str) -> Self {
        match text {
            "NORMAL" => Self::Normal,
            "CONSUMED" => Self::Consumed,
            "EXPIRE" | "EXPIRED" => Self::Expired,
            "GIFTING" => Self::Gifting,
            "GIFT_SUCC" => Self::Gifted,
            "GIFT_TIMEOUT" => Self::GiftTimedOut,
            "DELETE" => Self::Deleted,
            "UNAVAILABLE" => Self::Unavailable,
            other => Self::Other(other.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read_and_the_first_is_sent() {
        for (spellings, status) in [
            (vec!["CARD_STATUS_VERIFY_FAIL", "CARD_STATUS_VERIFY_FALL"], CardStatus::Failed),
            (vec!["CARD_STATUS_DELETE", "CARD_STATUS_USER_DELETE"], CardStatus::Deleted),
            (vec!["CARD_STATUS_DISPATCH", "CARD_STATUS_USER_DISPATCH"], CardStatus::Dispatched),
            (vec!["CARD_STATUS_NOT_VERIFY"], CardStatus::NotVerified),
            (vec!["CARD_STATUS_VERIFY_OK"], CardStatus::Passed),
            (vec!["NEW"], CardStatus::Other("NEW".to_owned())),
        ] {
            assert_eq!(status.name(), spellings[0]);
            for spelling in spellings {
                assert_eq!(CardStatus::read(spelling), status);
            }
        }
    }
}
