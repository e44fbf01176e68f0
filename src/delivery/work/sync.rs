//! A coupon given through us is to appear in the holder's wallet. The record is the identity.

use crate::{
    delivery::{Inner, ask::ask, attempt::{Held, Said}},
    domain::delivery::Outcome,
    platform::baidu::client::SyncLetter,
};

/// Tells Baidu of the coupon.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let (Some(letter), Some(template)) = (&held.delivery.letter, &held.delivery.platform_ref)
    else {
        return Err(Said::unheard(Outcome::Refused, "the coupon or its placement is gone"));
    };
    let letter = SyncLetter {
        open_id: &letter.open_id,
        record_id: &held.delivery.identity,
        coupon_template_id: template,
        effect_time: letter.valid_from.timestamp(),
        expire_time: letter.valid_until.timestamp(),
        code: &letter.code,
    };
    let heard = ask(inner, held, async |account, token| {
        inner.baidu.sync(account, token, &letter).await
    });
    heard.await.map(|heard| Said::done(&heard))
}
