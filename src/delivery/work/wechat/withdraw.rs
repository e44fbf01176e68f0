//! A placement is to be taken off WeChat. What people took of it stays with them, and can be used.

use crate::{
    delivery::{
        Inner,
        ask::ask,
        attempt::{Held, Said},
        dialect::Wechat,
        work::subject::platform_ref_of,
    },
    domain::delivery::Outcome,
};

/// Deletes the card; one that is not there any more is deleted.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Result<Said, Said> {
    match delete(inner, held).await {
        Err(said) if said.outcome == Outcome::DoneBefore => Ok(said),
        said => said,
    }
}

async fn delete(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let card = platform_ref_of(held)?;
    let heard =
        ask!(Wechat, inner, held, |account, token| inner.wechat.delete_card(account, token, card));
    Ok(Said::done(&heard))
}
