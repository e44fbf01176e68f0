//! A coupon was taken out of use. At WeChat that cannot be undone.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;

use super::{
    note_code, refused,
    write_off::{card_of, state},
};
use crate::{
    delivery::{
        Inner,
        ask::ask,
        attempt::{Held, Said},
        dialect::Wechat,
        work::subject::coupon_gone,
    },
    domain::delivery::Outcome,
    platform::wechat::{errcode, status::UserCardStatus},
    store::delivery::lease::Letter,
};

/// What is being given away is somebody's again within a day.
pub(super) const UNTIL_GIVEN: TimeDelta = TimeDelta::hours(1);

/// Tells WeChat that nobody can use it any more.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let letter = held.delivery.letter.as_ref().ok_or_else(coupon_gone)?;
    if held.delivery.doubt
        && let Some(said) = look(inner, held, letter).await?
    {
        return said;
    }
    let code = AtomicI64::default();
    match tell(inner, held, letter, &code).await {
        Err(said) => match code.load(Ordering::Relaxed) {
            errcode::CONSUMED => Err(Said { note: Some(USED.to_owned()), ..said }),
            // Deleted, void, or being given away: the code says which.
            errcode::USER_CARD_STATE => look(inner, held, letter).await?.unwrap_or(Err(said)),
            _ => Err(said),
        },
        said => said,
    }
}

const USED: &str = "微信上这张券已被核销，无法作废；请人工核对 · at WeChat the card was used and cannot be made void; look into it";

async fn tell(inner: &Inner, held: &Held, letter: &Letter, code: &AtomicI64) -> Result<Said, Said> {
    let card = card_of(held)?;
    let reason = held.delivery.payload["reason"].as_str().unwrap_or_default();
    let heard = ask!(Wechat, inner, held, |account, token| note_code(
        inner.wechat.void_code(account, token, &letter.code, card, reason),
        code
    ));
    Ok(Said::done(&heard))
}

/// What the state of the code says; `None` where it can still be made void.
async fn look(
    inner: &Inner,
    held: &Held,
    letter: &Letter,
) -> Result<Option<Result<Said, Said>>, Said> {
    let state = state(inner, held, letter, card_of(held)?).await?;
    let done = |note| Some(Ok(Said::unheard(Outcome::Done, note)));
    Ok(match state.status {
        UserCardStatus::Unavailable => done("微信上已作废 · at WeChat it is void"),
        UserCardStatus::Deleted => done("用户已删除这张券 · its holder has deleted it"),
        UserCardStatus::Expired => done("微信上已过期，不能再用 · at WeChat it is over"),
        UserCardStatus::Consumed => Some(Err(refused(USED))),
        UserCardStatus::Gifting => {
            let note = "正在转赠，稍后再作废 · it is being given away; made void later";
            Some(Err(Said::unheard(Outcome::NotYet { after: Some(UNTIL_GIVEN) }, note)))
        }
        UserCardStatus::Gifted => {
            Some(Err(refused("这张券已转赠他人 · somebody else has it by now")))
        }
        UserCardStatus::Normal | UserCardStatus::GiftTimedOut | UserCardStatus::Other(_) => None,
    })
}
