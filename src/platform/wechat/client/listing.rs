//! `card/batchget`: the ids of the account's cards, page by page.

use std::collections::HashSet;

use serde_json::json;

use super::{Account, Client};
use crate::{
    outgoing::{answer::Heard, secret::AccessToken},
    platform::wechat::{
        call::Call,
        error::{CallError, Garble},
        json::Fields,
        status::CardStatus,
    },
};

/// The most that WeChat shows at once.
pub const PAGE_SIZE: i64 = 50;
/// More than any merchant has.
const MOST_PAGES: usize = 200;

/// One page of ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardPage {
    /// Up to fifty.
    pub items: Vec<String>,
    /// How many WeChat says there are in all.
    pub total: i64,
}

/// All pages together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Each once, in the order of its first appearance.
    pub items: Vec<String>,
    /// Whether the end was reached, and as many were seen as WeChat says there are.
    pub complete: bool,
}

impl Client {
    /// One page of cards in these states, or in any when none is named. `count` is up to fifty.
    #[tracing::instrument(name = "platform.wechat.list_cards", skip_all)]
    pub async fn list_cards(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        offset: i64,
        count: i64,
        states: &[CardStatus],
    ) -> Result<Heard<CardPage>, CallError> {
        let mut body = json!({ "offset": offset, "count": count });
        if !states.is_empty() {
            body["status_list"] = states.iter().map(CardStatus::name).collect();
        }
        self.ask(Call::ListCards, account, token, body, &[], |opened| {
            let reply = Fields(&opened.reply);
            let total = reply.integer("total_num").ok_or(Garble::Data)?;
            // An empty list may be left out.
            let ids = reply.texts("card_id_list").or_else(|| (total == 0).then(Vec::new));
            Ok(CardPage { items: ids.ok_or(Garble::Data)?, total })
        })
        .await
    }

    /// All cards in these states, each once; the answer is that to the last page.
    pub async fn list_all_cards(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        states: &[CardStatus],
    ) -> Result<Heard<Listing>, CallError> {
        let (mut ids, mut seen, mut offset) = (Vec::new(), HashSet::new(), 0);
        let mut pages = 0;
        loop {
            let page = self.list_cards(account, token, offset, PAGE_SIZE, states).await?;
            pages += 1;
            offset += i64::try_from(page.value.items.len()).unwrap_or(PAGE_SIZE);
            let ended = page.value.items.is_empty() || offset >= page.value.total;
            ids.extend(page.value.items.iter().filter(|id| seen.insert((*id).clone())).cloned());
            if ended || pages >= MOST_PAGES {
                let found = i64::try_from(ids.len()).unwrap_or(i64::MAX);
                let complete = ended && found >= page.value.total;
                return Ok(page.map(|_| Listing { items: ids, complete }));
            }
        }
    }
}
