//! `datacube/getcardbizuininfo` and `getcardcardinfo`: what WeChat counted, and `getcallbackip`: where its pushes come from.

use std::net::IpAddr;

use chrono::NaiveDate;
use ipnet::IpNet;
use serde_json::{Value, json};

use super::{
    Account, Client,
    exchange::{Body, Request, of_token},
};
use crate::{
    outgoing::{answer::Heard, secret::AccessToken},
    platform::wechat::{
        call::Call,
        envelope::Opened,
        error::{CallError, Garble},
        figure::DayOfCards,
        json::Fields,
    },
};

/// Cards that were made by calls, and not in WeChat's console.
const MADE_BY_CALLS: i64 = 1;

impl Client {
    /// What was counted of all cards from the first to the last day, both included: up to 62 days that are over.
    #[tracing::instrument(name = "platform.wechat.account_figures", skip_all)]
    pub async fn account_figures(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        days: (NaiveDate, NaiveDate),
    ) -> Result<Heard<Vec<DayOfCards>>, CallError> {
        self.ask(Call::AccountFigures, account, token, span(days), &[], rows).await
    }

    /// The same card by card: of one, or of all.
    #[tracing::instrument(name = "platform.wechat.card_figures", skip_all)]
    pub async fn card_figures(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        days: (NaiveDate, NaiveDate),
        card_id: Option<&str>,
    ) -> Result<Heard<Vec<DayOfCards>>, CallError> {
        let mut body = span(days);
        if let Some(card_id) = card_id {
            body["card_id"] = card_id.into();
        }
        self.ask(Call::CardFigures, account, token, body, &[], |opened| {
            let rows = rows(opened)?;
            let all_named = rows.iter().all(|row| row.card_id.is_some());
            let other = card_id
                .is_some_and(|asked| rows.iter().any(|row| row.card_id.as_deref() != Some(asked)));
            match (all_named, other) {
                (false, _) => Err(Garble::Data),
                (true, true) => Err(Garble::Other),
                (true, false) => Ok(rows),
            }
        })
        .await
    }

    /// Where pushes come from. What is no address among them is left out.
    #[tracing::instrument(name = "platform.wechat.callback_ips", skip_all)]
    pub async fn callback_ips(
        &self,
        account: Account<'_>,
        token: &AccessToken,
    ) -> Result<Heard<Vec<IpNet>>, CallError> {
        let (query, secrets) = (of_token(token), &[token.expose()]);
        let call = Call::CallbackAddresses;
        let request = Request { call, account, query, body: Body::Empty, secrets };
        self.exchange(request, |opened| {
            let texts = Fields(&opened.reply).texts("ip_list").ok_or(Garble::Data)?;
            let one = |text: &str| text.parse::<IpAddr>().map(IpNet::from).ok();
            Ok(texts.iter().filter_map(|text| text.parse().ok().or_else(|| one(text))).collect())
        })
        .await
    }
}

fn span((first, last): (NaiveDate, NaiveDate)) -> Value {
    let date = |day: NaiveDate| day.format("%Y-%m-%d").to_string();
    json!({ "begin_date": date(first), "end_date": date(last), "cond_source": MADE_BY_CALLS })
}

fn rows(opened: &Opened) -> Result<Vec<DayOfCards>, Garble> {
    let list = Fields(&opened.reply).list("list").ok_or(Garble::Data)?;
    let read = list.iter().map(|row| DayOfCards::read(Fields(row.as_object()?)));
    read.collect::<Option<_>>().ok_or(Garble::Data)
}
