//! A coupon given through us is to appear in the holder's wallet. The record is the identity.

use super::telling::template_of;
use crate::{
    delivery::{
        Inner,
        ask::ask,
        attempt::{Held, Said},
        dialect::Baidu,
        work::subject::coupon_gone,
    },
    platform::baidu::{form::SyncLetter, limits::check_sync},
};

/// Tells Baidu of the coupon.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let Some(letter) = &held.delivery.letter else { return Err(coupon_gone()) };
    let template = template_of(held)?;
    let letter = SyncLetter {
        open_id: &letter.open_id,
        record: &held.delivery.identity,
        template,
        from: letter.valid_from,
        until: letter.valid_until,
        code: &letter.code,
    };
    check_sync(&letter).map_err(|problems| {
        Said::refused("平台不接受这张券 · Baidu would refuse the coupon", &problems)
    })?;
    let heard =
        ask!(Baidu, inner, held, |account, token| inner.baidu.sync(account, token, &letter));
    Ok(Said::done(&heard))
}
