//! `card/create`, `get`, `update`, `modifystock`, `delete` and `testwhitelist/set`: cards, each of which is many coupons.

use serde_json::json;

use super::{Account, Client, exchange::is_done};
use crate::{
    outgoing::{answer::Heard, secret::AccessToken},
    platform::wechat::{
        call::Call,
        change::CardChange,
        error::{CallError, Garble},
        form::NewCard,
        json::Fields,
        limits,
        shown::ShownCard,
    },
};

impl Client {
    /// Creates a card and gives its id; a review follows. Not to be repeated blindly: look for it in the list first.
    #[tracing::instrument(name = "platform.wechat.create_card", skip_all)]
    pub async fn create_card(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        card: &NewCard,
    ) -> Result<Heard<String>, CallError> {
        self.ask(Call::CreateCard, account, token, card.body(), &[], |opened| {
            let id = Fields(&opened.reply).text("card_id").ok_or(Garble::Data)?;
            if limits::is_id(&id) { Ok(id) } else { Err(Garble::Data) }
        })
        .await
    }

    /// The card as it stands there.
    #[tracing::instrument(name = "platform.wechat.get_card", skip_all)]
    pub async fn get_card(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        card_id: &str,
    ) -> Result<Heard<ShownCard>, CallError> {
        let body = json!({ "card_id": card_id });
        self.ask(Call::GetCard, account, token, body, &[], |opened| {
            let card = Fields(&opened.reply).object("card").ok_or(Garble::Data)?;
            let card = ShownCard::read(card).ok_or(Garble::Data)?;
            let fits = card.id.as_deref().is_none_or(|id| id == card_id);
            if fits { Ok(card) } else { Err(Garble::Other) }
        })
        .await
    }

    /// Changes a card; `true` when a review follows. Can be repeated.
    #[tracing::instrument(name = "platform.wechat.update_card", skip_all)]
    pub async fn update_card(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        card_id: &str,
        change: &CardChange,
    ) -> Result<Heard<bool>, CallError> {
        let body = change.body(card_id);
        let expected = change.needs_review();
        self.ask(Call::UpdateCard, account, token, body, &[], |opened| {
            match Fields(&opened.reply).boolean("send_check") {
                Some(review) => Ok(review),
                None => is_done(opened).map(|()| expected),
            }
        })
        .await
    }

    /// Adds to what can still be taken, or with a negative `delta` takes from it. Not to be repeated blindly: nothing names
    /// one act of it.
    #[tracing::instrument(name = "platform.wechat.change_stock", skip_all)]
    pub async fn change_stock(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        card_id: &str,
        delta: i64,
    ) -> Result<Heard<()>, CallError> {
        let key = if delta < 0 { "reduce_stock_value" } else { "increase_stock_value" };
        let body = json!({ "card_id": card_id, key: delta.unsigned_abs() });
        self.ask(Call::ChangeStock, account, token, body, &[], is_done).await
    }

    /// Deletes a card. Can be repeated; what people took of it stays with them.
    #[tracing::instrument(name = "platform.wechat.delete_card", skip_all)]
    pub async fn delete_card(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        card_id: &str,
    ) -> Result<Heard<()>, CallError> {
        let body = json!({ "card_id": card_id });
        self.ask(Call::DeleteCard, account, token, body, &[], is_done).await
    }

    /// Says who may take cards that no review has passed, in place of whoever could before: up to ten, by open id or by
    /// WeChat name.
    #[tracing::instrument(name = "platform.wechat.set_test_list", skip_all)]
    pub async fn set_test_list(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        open_ids: &[&str],
        names: &[&str],
    ) -> Result<Heard<()>, CallError> {
        if open_ids.len() + names.len() > 10 {
            return Err(CallError::unsent(Call::SetTestList, "up to ten people"));
        }
        let body = json!({ "openid": open_ids, "username": names });
        let people = [open_ids, names].concat();
        self.ask(Call::SetTestList, account, token, body, &people, is_done).await
    }
}
