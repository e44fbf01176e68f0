//! `card/code/deposit`, `getdepositcount` and `checkcode`: codes of ours that lie with WeChat until somebody draws them.

use std::fmt;

use serde_json::json;

use super::{Account, Client};
use crate::{
    outgoing::{answer::Heard, secret::AccessToken},
    platform::wechat::{
        call::Call,
        error::{CallError, Garble},
        json::Fields,
    },
};

/// The most that one call can be about.
pub const MOST_CODES: usize = 100;

/// What became of codes that were handed in.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Deposited {
    /// Lie there now.
    pub new: Vec<String>,
    /// Lay there before.
    pub duplicate: Vec<String>,
    /// Were not taken.
    pub failed: Vec<String>,
}

/// Which codes lie with WeChat.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Lie there.
    pub there: Vec<String>,
    /// Do not.
    pub missing: Vec<String>,
}

impl Client {
    /// Hands in 1 to 100 codes. Can be repeated: those that lay there before are told apart.
    #[tracing::instrument(name = "platform.wechat.deposit_codes", skip_all)]
    pub async fn deposit_codes(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        card_id: &str,
        codes: &[&str],
    ) -> Result<Heard<Deposited>, CallError> {
        let call = Call::DepositCodes;
        check(call, codes)?;
        let body = json!({ "card_id": card_id, "code": codes });
        self.ask(call, account, token, body, codes, |opened| {
            let lists = ["succ_code", "duplicate_code", "fail_code"];
            let [new, duplicate, failed] = some_of(Fields(&opened.reply), lists)?;
            Ok(Deposited { new, duplicate, failed })
        })
        .await
    }

    /// How many codes of a card lie with WeChat.
    #[tracing::instrument(name = "platform.wechat.count_deposited", skip_all)]
    pub async fn count_deposited(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        card_id: &str,
    ) -> Result<Heard<i64>, CallError> {
        let body = json!({ "card_id": card_id });
        self.ask(Call::CountDeposited, account, token, body, &[], |opened| {
            let count = Fields(&opened.reply).integer("count");
            count.filter(|count| *count >= 0).ok_or(Garble::Data)
        })
        .await
    }

    /// Which of 1 to 100 codes lie with WeChat.
    #[tracing::instrument(name = "platform.wechat.check_codes", skip_all)]
    pub async fn check_codes(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        card_id: &str,
        codes: &[&str],
    ) -> Result<Heard<Checked>, CallError> {
        let call = Call::CheckCodes;
        check(call, codes)?;
        let body = json!({ "card_id": card_id, "code": codes });
        self.ask(call, account, token, body, codes, |opened| {
            let lists = ["exist_code", "not_exist_code"];
            let [there, missing] = some_of(Fields(&opened.reply), lists)?;
            Ok(Checked { there, missing })
        })
        .await
    }
}

fn check(call: Call, codes: &[&str]) -> Result<(), CallError> {
    let fits = (1..=MOST_CODES).contains(&codes.len()) && codes.iter().all(|code| !code.is_empty());
    if fits { Ok(()) } else { Err(CallError::unsent(call, "1 to 100 codes")) }
}

/// Lists of which an empty one may be left out, but not all of them.
fn some_of<const N: usize>(reply: Fields<'_>, keys: [&str; N]) -> Result<[Vec<String>; N], Garble> {
    if keys.iter().all(|key| !reply.0.contains_key(*key)) {
        return Err(Garble::Data);
    }
    let mut lists = [const { Vec::new() }; N];
    for (list, key) in lists.iter_mut().zip(keys) {
        if reply.0.get(key).is_some_and(|said| !said.is_null()) {
            *list = reply.texts(key).ok_or(Garble::Data)?;
        }
    }
    Ok(lists)
}

/// Codes are worth money, so only their number is shown.
impl fmt::Debug for Deposited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { new, duplicate, failed } = self;
        write!(f, "Deposited({}, {}, {})", new.len(), duplicate.len(), failed.len())
    }
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checked({}, {})", self.there.len(), self.missing.len())
    }
}
