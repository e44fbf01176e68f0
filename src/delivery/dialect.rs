//! What lines to different platforms have in common: an account to call with, and errors that say what to do next.

use std::fmt::Display;

use super::account::{Account, Side};
use crate::{
    domain::delivery::Outcome,
    outgoing::answer::Answer,
    platform::{baidu, wechat},
};

/// A platform that is called with accounts and access tokens.
pub(crate) trait Dialect {
    /// An account, as its calls name it.
    type Account<'a>;
    /// Why a call came to nothing.
    type Error: Trouble + Send;

    /// Whether the platform counts each of its calls by itself, so that one of them may be used up and the others not.
    const COUNTS_EACH_CALL: bool;

    /// The account in the platform's words; `None` for one of another platform.
    fn account(account: &Account) -> Option<Self::Account<'_>>;
}

/// Why a call came to nothing, as far as whoever made it has to know.
pub(crate) trait Trouble: Display {
    /// What it means for a delivery; `doubt` is whether an earlier attempt may have taken effect.
    fn outcome(&self, doubt: bool) -> Outcome;

    /// Whether a fresh access token may help.
    fn token_problem(&self) -> bool;

    /// What was answered; empty when nothing was heard.
    fn answer(&self) -> &Answer;
}

/// Baidu's.
pub(crate) struct Baidu;

impl Dialect for Baidu {
    type Account<'a> = baidu::client::Account<'a>;
    type Error = baidu::error::CallError;

    const COUNTS_EACH_CALL: bool = false;

    fn account(account: &Account) -> Option<Self::Account<'_>> {
        account.baidu().map(|settings| settings.account(&account.app_key))
    }
}

/// That of an official account of WeChat's.
pub(crate) struct Wechat;

impl Dialect for Wechat {
    type Account<'a> = wechat::client::Account<'a>;
    type Error = wechat::error::CallError;

    const COUNTS_EACH_CALL: bool = true;

    fn account(account: &Account) -> Option<Self::Account<'_>> {
        match &account.side {
            Side::Wechat(settings) => Some(settings.account(&account.app_key)),
            Side::Baidu(_) | Side::WechatMini(_) | Side::None => None,
        }
    }
}

impl Trouble for wechat::error::CallError {
    fn outcome(&self, doubt: bool) -> Outcome {
        self.outcome(doubt)
    }

    fn token_problem(&self) -> bool {
        self.token_problem()
    }

    fn answer(&self) -> &Answer {
        self.answer()
    }
}

impl Trouble for baidu::error::CallError {
    fn outcome(&self, doubt: bool) -> Outcome {
        self.outcome(doubt)
    }

    fn token_problem(&self) -> bool {
        self.token_problem()
    }

    fn answer(&self) -> &Answer {
        self.answer()
    }
}
