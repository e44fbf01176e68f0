//! `card/user/getcardlist`: what lies in somebody's wallet and can be used.

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

/// One card in somebody's wallet.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCard {
    /// Of which card.
    pub card_id: String,
    /// Worth money to whoever reads it.
    pub code: String,
}

impl fmt::Debug for UserCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserCard({})", self.card_id)
    }
}

impl Client {
    /// The usable cards of a person whom the official account knows by this open id: of one card, or of all.
    #[tracing::instrument(name = "platform.wechat.list_user_cards", skip_all)]
    pub async fn list_user_cards(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        open_id: &str,
        card_id: Option<&str>,
    ) -> Result<Heard<Vec<UserCard>>, CallError> {
        let mut body = json!({ "openid": open_id });
        if let Some(card_id) = card_id {
            body["card_id"] = card_id.into();
        }
        self.ask(Call::ListUserCards, account, token, body, &[open_id], |opened| {
            let cards = Fields(&opened.reply).list("card_list").ok_or(Garble::Data)?;
            let read = cards.iter().map(|card| {
                let card = card.as_object().map(Fields)?;
                Some(UserCard { card_id: card.text("card_id")?, code: card.text("code")? })
            });
            read.collect::<Option<_>>().ok_or(Garble::Data)
        })
        .await
    }
}
