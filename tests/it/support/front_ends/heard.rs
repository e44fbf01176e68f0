//! Answers, in the protocol of whoever asked.

use kaquan::domain::gateway::Protocol::{self, Yoho, Zvcms};
use serde_json::Value;

use crate::support::{yoho, zvcms};

/// An answer, in the protocol of whoever asked.
#[derive(Debug)]
pub enum Heard {
    Yoho(yoho::Heard),
    Zvcms(zvcms::Heard),
}

/// A "no" for which both protocols have words: the code in Yoho, the one in zvcms, and the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct No(pub u16, pub i64, pub &'static str);

pub const SOLD_OUT: No = No(400, 20_105, "优惠券已抢光");
pub const HAS_IT: No = No(401, 20_106, "优惠券已经领取");
pub const USED: No = No(400, 20_108, "优惠券已使用");
pub const LOCKED: No = No(400, 20_109, "优惠券已锁定");
pub const OVER: No = No(400, 20_110, "优惠券已过期");
/// In Yoho, an order uses what it keeps, and this one keeps nothing.
pub const KEEPS_NOTHING: No = No(402, 20_101, "优惠券不存在");

/// Every second one speaks the one protocol, and the others the other.
pub fn speaks(n: usize) -> Protocol {
    if n.is_multiple_of(2) { Yoho } else { Zvcms }
}

pub fn other(than: Protocol) -> Protocol {
    match than {
        Yoho => Zvcms,
        Zvcms => Yoho,
    }
}

impl Heard {
    pub fn is_yes(&self) -> bool {
        match self {
            Self::Yoho(heard) => heard.text.contains(r#""code":200,"#),
            Self::Zvcms(heard) => heard.code() == 0,
        }
    }

    /// The data of a "yes".
    #[track_caller]
    pub fn yes(&self) -> Value {
        match self {
            Self::Yoho(heard) => heard.ok(),
            Self::Zvcms(heard) => heard.done(),
        }
    }

    /// The code of a coupon that was just claimed.
    #[track_caller]
    pub fn code(&self) -> String {
        let data = self.yes();
        let code = if matches!(self, Self::Yoho(_)) { &data } else { &data["verify_code"] };
        code.as_str().unwrap().to_owned()
    }

    /// Asserts that it is one of these, to the letter of its protocol.
    #[track_caller]
    pub fn is_one_of(&self, refusals: &[No]) {
        let text = match self {
            Self::Yoho(heard) => &heard.text,
            Self::Zvcms(heard) => &heard.0,
        };
        let found = refusals.iter().find(|No(_, _, message)| text.contains(message));
        let No(of_yoho, of_zvcms, message) = found.unwrap_or_else(|| panic!("{self:?}"));
        match self {
            Self::Yoho(heard) => heard.bare(*of_yoho, message),
            Self::Zvcms(heard) => heard.failed(*of_zvcms, message),
        }
    }

    #[track_caller]
    pub fn is(&self, no: No) {
        self.is_one_of(&[no]);
    }
}
