//! A coupon was used. Baidu takes the record of either origin: ours, or its own.

use crate::delivery::{
    Inner,
    ask::ask,
    attempt::{Held, Said},
    dialect::Baidu,
    work::subject::coupon_gone,
};

/// Tells Baidu of the use.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let Some(letter) = &held.delivery.letter else { return Err(coupon_gone()) };
    let heard = ask!(Baidu, inner, held, |account, token| inner.baidu.write_off(
        account,
        token,
        &held.delivery.identity,
        &letter.open_id
    ));
    Ok(Said::done(&heard))
}
