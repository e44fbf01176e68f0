//! A named addition is to be offered on Baidu: the same name, amount and time on every attempt.

use super::telling::template_of;
use crate::{
    delivery::{
        Inner,
        ask::ask,
        attempt::{Held, Said},
        dialect::Baidu,
    },
    domain::{delivery::Outcome, id::AdditionId},
    platform::baidu::{form::StockLetter, limits::check_stock},
    store,
};

/// Adds the stock.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let template = template_of(held)?;
    let id = AdditionId::from(held.delivery.subject);
    let addition = {
        let mut conn = inner.db.acquire().await?;
        store::stock_addition::find(&mut conn, id).await?
    };
    let Some(addition) = addition else {
        return Err(Said::unheard(Outcome::Refused, "这次入库已不存在 · the addition is gone"));
    };
    let letter = StockLetter {
        template,
        name: &held.delivery.identity,
        amount: addition.amount,
        at: addition.added_at,
    };
    check_stock(&letter).map_err(|problems| {
        Said::refused("平台不接受这次入库 · Baidu would refuse the addition", &problems)
    })?;
    let heard =
        ask!(Baidu, inner, held, |account, token| inner.baidu.add_stock(account, token, &letter));
    Ok(Said::done(&heard))
}
