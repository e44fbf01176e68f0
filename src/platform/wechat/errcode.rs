//! WeChat's error numbers as data: what is said in general, and what is said of cards.
//!
//! The card pages list some of them; others were seen in answers. What stands in no table is a "no".

/// What a number asks of us, before it is known which call it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// The access token is to be fetched anew, and the call made once more.
    FreshToken,
    /// The whole app has to slow down.
    TooFast,
    /// This call has to wait for the next day in China.
    UsedUpToday,
    /// A person has to mend something first.
    Locked,
    /// Not now; nothing has changed there.
    Busy,
    /// No, for good.
    Refused,
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// `errcode`.
    pub code: i64,
    /// What it stands for.
    pub meaning: &'static str,
    /// What is done about it.
    pub reaction: Reaction,
}

const fn row(code: i64, meaning: &'static str, reaction: Reaction) -> Known {
    Known { code, meaning, reaction }
}

/// The system is busy.
pub const BUSY: i64 = -1;
/// The secret or the token is wrong, depending on what was asked for.
pub const BAD_CREDENTIAL: i64 = 40001;
/// No such user of this app.
pub const BAD_OPEN_ID: i64 = 40003;
/// A login code is wrong, used or over.
pub const BAD_LOGIN_CODE: i64 = 40029;
/// A parameter is wrong.
pub const BAD_PARAMETER: i64 = 40035;
/// No such code in anybody's hands: never taken, gifted away, or the card's id is missing.
pub const NO_CODE: i64 = 40056;
/// No such card, or not of this account.
pub const NO_CARD: i64 = 40073;
/// An encrypted code that this account cannot read.
pub const BAD_ENCRYPTED_CODE: i64 = 40075;
/// The card is in no state for it: not reviewed, or not in the mode that it takes.
pub const CARD_STATE: i64 = 40078;
/// The code was used.
pub const CONSUMED: i64 = 40099;
/// A code that cannot be one, or is taken.
pub const BAD_CODE: i64 = 40116;
/// More stock than there can be, or less than none.
pub const BAD_STOCK: i64 = 40122;
/// The user deleted the card, is giving it away, or it is void.
pub const USER_CARD_STATE: i64 = 40127;

/// Every number that is known.
pub static KNOWN: [Known; 58] = [
    row(BUSY, "system busy", Reaction::Busy),
    row(BAD_CREDENTIAL, "access token or secret invalid", Reaction::FreshToken),
    row(40002, "wrong grant type", Reaction::Locked),
    row(BAD_OPEN_ID, "invalid open id", Reaction::Refused),
    row(40005, "wrong type of file", Reaction::Refused),
    row(40009, "picture too large", Reaction::Refused),
    row(40013, "invalid AppID", Reaction::Locked),
    row(40014, "invalid access token", Reaction::FreshToken),
    row(BAD_LOGIN_CODE, "login code invalid or used", Reaction::Refused),
    row(BAD_PARAMETER, "invalid parameter", Reaction::Refused),
    row(40053, "invalid action of a QR code", Reaction::Refused),
    row(NO_CODE, "code not in anybody's hands", Reaction::Refused),
    row(40071, "invalid type of card", Reaction::Refused),
    row(40072, "invalid type of code", Reaction::Refused),
    row(NO_CARD, "no such card", Reaction::Refused),
    row(BAD_ENCRYPTED_CODE, "encrypted code cannot be read", Reaction::Refused),
    row(CARD_STATE, "the card's state does not allow it", Reaction::Refused),
    row(40079, "invalid time", Reaction::Refused),
    row(40080, "invalid CardExt", Reaction::Refused),
    row(40097, "invalid argument", Reaction::Refused),
    row(CONSUMED, "code already redeemed", Reaction::Refused),
    row(40100, "invalid span of time", Reaction::Refused),
    row(40109, "not 1 to 100 codes", Reaction::Refused),
    row(BAD_CODE, "invalid code", Reaction::Refused),
    row(BAD_STOCK, "invalid quantity", Reaction::Refused),
    row(40124, "too many custom fields", Reaction::Refused),
    row(40125, "invalid AppSecret", Reaction::Locked),
    row(USER_CARD_STATE, "card deleted, being gifted, or void", Reaction::Refused),
    row(40151, "text or picture hit the content filter", Reaction::Refused),
    row(40164, "our address is not on the account's list", Reaction::Locked),
    row(40226, "user blocked as a risk", Reaction::Refused),
    row(41001, "access token missing", Reaction::Refused),
    row(41002, "AppID missing", Reaction::Locked),
    row(41004, "secret missing", Reaction::Locked),
    row(41008, "login code missing", Reaction::Refused),
    row(41009, "open id missing", Reaction::Refused),
    row(41011, "required field missing", Reaction::Refused),
    row(41012, "card id missing", Reaction::Refused),
    row(42001, "access token expired", Reaction::FreshToken),
    row(43001, "GET expected", Reaction::Refused),
    row(43002, "POST expected", Reaction::Refused),
    row(43008, "no permission for WeChat Pay", Reaction::Refused),
    row(43009, "no permission for codes of one's own", Reaction::Refused),
    row(43010, "no permission for stored value", Reaction::Refused),
    row(43017, "location id required", Reaction::Refused),
    row(44002, "empty body", Reaction::Refused),
    row(45009, "daily limit of calls reached", Reaction::UsedUpToday),
    row(45011, "called too fast", Reaction::TooFast),
    row(45021, "a field is too long", Reaction::Refused),
    row(45030, "no permission for this card", Reaction::Refused),
    row(45031, "no stock left", Reaction::Refused),
    row(45033, "the user's limit is reached", Reaction::Refused),
    row(47001, "body not understood", Reaction::Refused),
    row(48001, "the account has no permission for this call", Reaction::Locked),
    row(48004, "the call is banned for this account", Reaction::Locked),
    row(50002, "user limited", Reaction::Refused),
    row(61500, "wrong form of date", Reaction::Refused),
    row(61501, "wrong range of dates", Reaction::Refused),
];

/// What is known of a number.
pub fn find(code: i64) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.code == code)
}
