//! `card/code/get`, `consume`, `decrypt`, `unavailable` and `update`: one code in somebody's hands.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Account, Client, exchange::is_done};
use crate::{
    domain::people::OpenId,
    outgoing::{answer::Heard, secret::AccessToken},
    platform::wechat::{
        call::Call,
        envelope::Opened,
        error::{CallError, Garble},
        json::Fields,
        status::UserCardStatus,
    },
};

/// How a code stands.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeState {
    /// Of which card it is.
    pub card_id: String,
    /// Whose, as the official account knows them.
    pub openid: OpenId,
    /// What decides; nothing else tells states apart.
    pub status: UserCardStatus,
    /// WeChat's own verdict.
    pub can_consume: Option<bool>,
    /// The first second at which it can be used.
    pub begin: Option<DateTime<Utc>>,
    /// The last second at which it can be used.
    pub end: Option<DateTime<Utc>>,
    /// The channel by which it was taken; the taker could change it.
    pub outer_str: Option<String>,
}

/// Who has it and by what it was taken is nobody's business in a log.
impl fmt::Debug for CodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeState")
            .field("card_id", &self.card_id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Whose code was used, and of which card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumed {
    /// As the official account knows them.
    pub openid: OpenId,
    /// Of which card it was.
    pub card_id: String,
}

impl Client {
    /// Asks how a code stands; its card has to be named where we choose codes. WeChat is never asked whether the code can
    /// be used, for then it only says that it cannot.
    #[tracing::instrument(name = "platform.wechat.get_code", skip_all)]
    pub async fn get_code(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        code: &str,
        card_id: Option<&str>,
    ) -> Result<Heard<CodeState>, CallError> {
        let mut body = about(code, card_id);
        body["check_consume"] = false.into();
        let look = |opened: &Opened| state(Fields(&opened.reply), code, card_id);
        self.ask(Call::GetCode, account, token, body, &[code], look).await
    }

    /// Uses a code up. It cannot be undone, and must not be repeated before [`Client::get_code`] has told how it stands.
    #[tracing::instrument(name = "platform.wechat.consume_code", skip_all)]
    pub async fn consume_code(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        code: &str,
        card_id: Option<&str>,
    ) -> Result<Heard<Consumed>, CallError> {
        let body = about(code, card_id);
        self.ask(Call::ConsumeCode, account, token, body, &[code], |opened| {
            let reply = Fields(&opened.reply);
            let card = reply.object("card").ok_or(Garble::Data)?;
            let said = card.text("card_id").ok_or(Garble::Data)?;
            if card_id.is_some_and(|asked| asked != said) {
                return Err(Garble::Other);
            }
            Ok(Consumed { openid: open_id(reply)?.ok_or(Garble::Data)?, card_id: said })
        })
        .await
    }

    /// Reads a code that WeChat gave a front end encrypted; it is worth money to whoever sees it. Blanks in it were plus signs before a form decoder read them.
    #[tracing::instrument(name = "platform.wechat.decrypt_code", skip_all)]
    pub async fn decrypt_code(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        encrypted: &str,
    ) -> Result<Heard<String>, CallError> {
        let mended = encrypted.replace(' ', "+");
        let body = json!({ "encrypt_code": mended });
        self.ask(Call::DecryptCode, account, token, body, &[encrypted, &mended], |opened| {
            let code = Fields(&opened.reply).text("code");
            code.filter(|code| code.len() <= 64).ok_or(Garble::Data)
        })
        .await
    }

    /// Makes a code void for good; its holder is told the reason.
    #[tracing::instrument(name = "platform.wechat.void_code", skip_all)]
    pub async fn void_code(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        code: &str,
        card_id: Option<&str>,
        reason: &str,
    ) -> Result<Heard<()>, CallError> {
        let mut body = about(code, card_id);
        if !reason.is_empty() {
            body["reason"] = reason.into();
        }
        self.ask(Call::VoidCode, account, token, body, &[code], is_done).await
    }

    /// Gives a card in somebody's hands another code; only where we choose codes, after a gift.
    #[tracing::instrument(name = "platform.wechat.replace_code", skip_all)]
    pub async fn replace_code(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        card_id: &str,
        code: &str,
        new_code: &str,
    ) -> Result<Heard<()>, CallError> {
        let mut body = about(code, Some(card_id));
        body["new_code"] = new_code.into();
        self.ask(Call::ReplaceCode, account, token, body, &[code, new_code], is_done).await
    }
}

fn about(code: &str, card_id: Option<&str>) -> Value {
    match card_id {
        Some(card_id) => json!({ "code": code, "card_id": card_id }),
        None => json!({ "code": code }),
    }
}

fn open_id(reply: Fields<'_>) -> Result<Option<OpenId>, Garble> {
    let said = reply.text("openid");
    said.map(|said| OpenId::parse(&said).map_err(|_| Garble::Data)).transpose()
}

/// Older answers have part of it inside of `card`.
fn state(reply: Fields<'_>, code: &str, card_id: Option<&str>) -> Result<CodeState, Garble> {
    let card = reply.object("card").ok_or(Garble::Data)?;
    let (said, said_code) = (card.text("card_id"), card.text("code"));
    let other_card = card_id.zip(said.as_deref()).is_some_and(|(asked, said)| asked != said);
    if other_card || said_code.is_some_and(|said| said != code) {
        return Err(Garble::Other);
    }
    let either = |key| reply.text(key).or_else(|| card.text(key));
    let status = either("user_card_status").ok_or(Garble::Data)?;
    Ok(CodeState {
        card_id: said.or(card_id.map(str::to_owned)).ok_or(Garble::Data)?,
        openid: open_id(reply)?.or(open_id(card)?).ok_or(Garble::Data)?,
        status: UserCardStatus::read(&status),
        can_consume: reply.boolean("can_consume").or_else(|| card.boolean("can_consume")),
        begin: card.moment("begin_time"),
        end: card.moment("end_time"),
        outer_str: either("outer_str"),
    })
}
