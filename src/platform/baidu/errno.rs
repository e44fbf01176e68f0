//! Baidu's error numbers as data: the gateway's, the coupon service's, and the words of the OAuth server.
//!
//! The coupon pages list none; these are the open API's generic tables and the list in Baidu's own libraries.

/// What a number or word asks of us, before it is known which call it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// The access token is to be fetched anew, and the call made once more.
    FreshToken,
    /// The whole app has to slow down.
    TooFast,
    /// The whole app has to wait for the next day.
    UsedUpToday,
    /// A person has to mend something first.
    Locked,
    /// Not now; nothing has changed there.
    Busy,
    /// Not clear whether something has changed there.
    Unknown,
    /// No, for good.
    Refused,
}

/// One row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known<T> {
    /// What Baidu sends.
    pub said: T,
    /// What it stands for.
    pub meaning: &'static str,
    /// What is done about it.
    pub reaction: Reaction,
}

const fn row<T>(said: T, meaning: &'static str, reaction: Reaction) -> Known<T> {
    Known { said, meaning, reaction }
}

/// The gateway's `error_code`.
pub static GATEWAY: [Known<i64>; 18] = [
    row(1, "unknown error", Reaction::Unknown),
    row(2, "service temporarily unavailable", Reaction::Busy),
    row(3, "unsupported openapi method", Reaction::Refused),
    row(4, "request limit reached", Reaction::TooFast),
    row(5, "client address not on the app's list", Reaction::Locked),
    row(6, "capability not granted to the app", Reaction::Refused),
    row(13, "token service does not answer", Reaction::Busy),
    row(14, "access management refuses the app", Reaction::Locked),
    row(15, "app does not exist", Reaction::Locked),
    row(17, "daily request limit reached", Reaction::UsedUpToday),
    row(18, "requests per second limit reached", Reaction::TooFast),
    row(19, "total request limit reached", Reaction::Locked),
    row(100, "invalid parameter, or no readable access token", Reaction::FreshToken),
    row(101, "invalid API key", Reaction::Locked),
    row(104, "incorrect signature", Reaction::Locked),
    row(110, "access token invalid", Reaction::FreshToken),
    row(111, "access token expired", Reaction::FreshToken),
    // Not the gateway's own; it passes this one on in its own envelope.
    row(50029, "call count limit exceeded", Reaction::TooFast),
];

/// A banner stands on the template already.
pub const BANNER_EXISTS: i64 = 70000;
/// No such template, or not of this app.
pub const NO_TEMPLATE: i64 = 70001;
/// A record or a named addition stands there already.
pub const RECORD_EXISTS: i64 = 40000;
/// A parameter is wrong; in list calls perhaps only the number of the page.
pub const PARAMETER_ERRORS: [i64; 4] = [40001, 41000, 2002, 30001];

/// The coupon service's `errno`.
pub static BUSINESS: [Known<i64>; 31] = [
    row(BANNER_EXISTS, "the template has a banner already", Reaction::Refused),
    row(NO_TEMPLATE, "coupon template does not exist", Reaction::Refused),
    row(70002, "list of codes too large", Reaction::Refused),
    row(70003, "code too long", Reaction::Refused),
    row(RECORD_EXISTS, "record already exists", Reaction::Refused),
    row(40001, "parameter error", Reaction::Refused),
    row(41000, "parameter of a wrong type", Reaction::Refused),
    row(2002, "parameter error", Reaction::Refused),
    row(30001, "parameter error", Reaction::Refused),
    row(40006, "file too large", Reaction::Refused),
    row(47000, "image format invalid", Reaction::Refused),
    row(47001, "image upload failed", Reaction::Refused),
    row(47003, "image dimensions too large", Reaction::Refused),
    row(47008, "image source not allowed", Reaction::Refused),
    // Also "request method not supported", which ours is.
    row(501, "network busy", Reaction::Unknown),
    row(404, "page not found", Reaction::Refused),
    row(405, "not authorised", Reaction::Locked),
    row(44001, "not authorised", Reaction::Locked),
    row(6001, "not authorised", Reaction::Locked),
    row(40007, "not authorised", Reaction::Locked),
    row(45000, "app does not exist", Reaction::Locked),
    row(45001, "no permission on the app", Reaction::Locked),
    row(44002, "access token revoked", Reaction::FreshToken),
    row(44003, "access token expired", Reaction::FreshToken),
    row(44004, "access token failed", Reaction::FreshToken),
    row(50029, "call count limit exceeded", Reaction::TooFast),
    row(-1024, "not possible in the state it is in", Reaction::Refused),
    // A number that servers also use for any trouble inside: it may have taken effect.
    row(500, "system busy", Reaction::Unknown),
    row(5000, "service degraded", Reaction::Busy),
    row(1000, "internal error", Reaction::Unknown),
    row(6002, "a service behind it failed", Reaction::Unknown),
];

/// The OAuth server's `error`.
pub static OAUTH: [Known<&str>; 11] = [
    row("invalid_client", "unknown AppKey or wrong AppSecret", Reaction::Locked),
    row("unauthorized_client", "the app may not ask for tokens", Reaction::Locked),
    row("invalid_request", "the request for a token is malformed", Reaction::Locked),
    row("invalid_grant", "the grant is not accepted", Reaction::Locked),
    row("unsupported_grant_type", "the grant type is not supported", Reaction::Locked),
    row("invalid_scope", "the scope is not granted to the app", Reaction::Locked),
    row("access_denied", "access denied", Reaction::Locked),
    row("expired_token", "access token expired", Reaction::FreshToken),
    row("invalid_token", "access token invalid", Reaction::FreshToken),
    row("temporarily_unavailable", "the OAuth server is away", Reaction::Busy),
    row("server_error", "trouble inside the OAuth server", Reaction::Unknown),
];

/// Baidu's words for "this was done before", where it has no number for it: a record synced or written off twice.
const DONE_BEFORE: [&str; 5] =
    ["duplicate record", "already written off", "已核销", "重复核销", "记录已存在"];

/// The row of a number or word; `None` for what no table has.
pub fn find<T: PartialEq>(table: &'static [Known<T>], said: &T) -> Option<&'static Known<T>> {
    table.iter().find(|known| known.said == *said)
}

/// Whether a message says that a record was synced or written off before.
pub fn says_done_before(message: &str) -> bool {
    let message = message.to_lowercase();
    DONE_BEFORE.iter().any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, fmt::Debug, hash::Hash};

    use super::*;

    fn stands_once<T: Eq + Hash + Debug + 'static>(table: &'static [Known<T>]) {
        let said: HashSet<_> = table.iter().map(|known| &known.said).collect();
        assert_eq!(said.len(), table.len(), "{table:?}");
    }

    #[test]
    fn no_number_stands_twice_and_success_in_no_table() {
        stands_once(&GATEWAY);
        stands_once(&BUSINESS);
        stands_once(&OAUTH);
        assert_eq!((find(&GATEWAY, &0), find(&BUSINESS, &0)), (None, None));
    }

    #[test]
    fn a_message_can_say_that_it_was_done_before() {
        for yes in ["Duplicate record", "coupon already written off!", "该券已核销"] {
            assert!(says_done_before(yes), "{yes}");
        }
        for no in ["", "success", "优惠券不存在", "未核销", "record not found"] {
            assert!(!says_done_before(no), "{no}");
        }
    }
}
