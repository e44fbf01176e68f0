//! A coupon given through us is to appear in the holder's wallet. The record is the identity.

use crate::{
    delivery::{
        Inner,
        ask::ask,
        attempt::{Held, Said},
    },
    domain::delivery::Outcome,
    platform::baidu::{form::SyncLetter, limits::check_sync},
};

/// Tells Baidu of the coupon.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let (Some(letter), Some(template)) = (&held.delivery.letter, &held.delivery.platform_ref)
    else {
        return Err(Said::unheard(Outcome::Refused, "the coupon or its placement is gone"));
    };
    let Ok(template) = template.parse() else {
        return Err(Said::unheard(Outcome::Refused, "the placement's id is none of Baidu's"));
    };
    let letter = SyncLetter {
        open_id: &letter.open_id,
        record: &held.delivery.identity,
        template,
        from: letter.valid_from,
        until: letter.valid_until,
        code: &letter.code,
    };
    check_sync(&letter).map_err(|problems| Said::refused("平台不接受这张券", &problems))?;
    let heard = ask!(inner, held, |account, token| inner.baidu.sync(account, token, &letter));
    Ok(Said::done(&heard))
}
