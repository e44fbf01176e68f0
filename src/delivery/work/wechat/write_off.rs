//! A coupon was used. At WeChat that cannot be undone, and has no name by which a repetition would be known: after an
//! attempt of which nobody knows what it did, the code is looked at before anything is sent.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use sqlx::PgConnection;

use super::{Change, note_code, refused, void::UNTIL_GIVEN};
use crate::{
    delivery::{
        Inner,
        ask::ask,
        attempt::{Held, Said},
        dialect::Wechat,
        work::subject::{coupon_gone, platform_ref_of},
    },
    domain::{delivery::Outcome, id::CouponId},
    platform::wechat::{
        client::code::CodeState, errcode, placing::PlacementSettings, status::UserCardStatus,
    },
    store::{self, delivery::lease::Letter},
};

/// Nothing can be used there for now, as long as it is with nobody.
const LATER: Outcome = Outcome::NotYet { after: Some(UNTIL_GIVEN) };

/// Tells WeChat of the use.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let letter = held.delivery.letter.as_ref().ok_or_else(coupon_gone)?;
    let card = card_of(held)?;
    let is_back = is_given_back(inner, held).await?;
    if held.delivery.doubt || is_back {
        let state = state(inner, held, letter, card).await?;
        if is_back && state.status != UserCardStatus::Consumed {
            let note = "核销已退回，微信上未核销，不再核销 · the use was given back; WeChat shows none, and none is made";
            let again = Outcome::NotYet { after: Some(TimeDelta::zero()) };
            return Ok(Said { consequence: Change::NotOwed.into(), ..Said::unheard(again, note) });
        }
        if state.status == UserCardStatus::Consumed {
            let note = "上一次核销其实已经成功 · the last attempt did use it";
            return Ok(Said::unheard(Outcome::Done, note));
        }
        usable(&state.status)?;
    }
    let code = AtomicI64::default();
    let mut said = consume(inner, held, (letter, card), &code).await;
    let is_in_no_state = || code.load(Ordering::Relaxed) == errcode::USER_CARD_STATE;
    if said.is_err() && is_in_no_state() {
        // Deleted, void, or being given away: the code says which. One that has come back meanwhile can be used.
        let status = state(inner, held, letter, card).await?.status;
        usable(&status)?;
        said = consume(inner, held, (letter, card), &code).await;
        if said.is_err() && is_in_no_state() && status != UserCardStatus::Consumed {
            // A gift on its way back, or a card that by WeChat's clock has not begun.
            let note = "微信上这张券暂时不能核销，稍后再核销 · at WeChat it cannot be used for now; its use is told later";
            return said.map_err(|said| Said {
                outcome: LATER,
                note: Some(note.to_owned()),
                ..said
            });
        }
    }
    match said {
        Err(said) if code.load(Ordering::Relaxed) == errcode::CONSUMED => {
            // After an attempt of ours that may have worked it was us; otherwise somebody was first, and reconciliation and
            // WeChat's own word of it say who.
            let ours = held.delivery.doubt;
            Ok(Said { outcome: if ours { Outcome::Done } else { Outcome::DoneBefore }, ..said })
        }
        said => said,
    }
}

/// Whether a use may be told of it now, later, or never.
fn usable(status: &UserCardStatus) -> Result<(), Said> {
    match status {
        // What was used is so by somebody: the next call says so, and is heard as that.
        UserCardStatus::Normal | UserCardStatus::GiftTimedOut | UserCardStatus::Consumed => Ok(()),
        UserCardStatus::Gifting => {
            let note = "正在转赠，稍后再核销 · it is being given away; its use is told later";
            Err(Said::unheard(LATER, note))
        }
        other @ (UserCardStatus::Expired
        | UserCardStatus::Gifted
        | UserCardStatus::Deleted
        | UserCardStatus::Unavailable
        | UserCardStatus::Other(_)) => Err(refused(in_no_state(other))),
    }
}

/// A use that was undone is not made at WeChat any more, for there it would be for ever.
async fn is_given_back(inner: &Inner, held: &Held) -> Result<bool, Said> {
    let mut conn = inner.db.acquire().await?;
    let coupon = CouponId::from(held.delivery.subject);
    Ok(store::redemption::is_given_back(&mut conn, coupon).await?)
}

/// It is not owed any more, so that the next use is owed anew; unless there was one while WeChat was asked.
pub(super) async fn settle(
    conn: &mut PgConnection,
    inner: &Inner,
    held: &Held,
) -> anyhow::Result<()> {
    // Its row is ours until we commit: a use is either seen here, or waits and then sees it cancelled.
    let coupon = CouponId::from(held.delivery.subject);
    if store::redemption::is_given_back(conn, coupon).await? {
        let now = inner.clock.now();
        store::delivery::cancel::mark_cancelled(conn, now, held.delivery.id).await?;
    }
    Ok(())
}

async fn consume(
    inner: &Inner,
    held: &Held,
    (letter, card): (&Letter, Option<&str>),
    code: &AtomicI64,
) -> Result<Said, Said> {
    let heard = ask!(Wechat, inner, held, |account, token| note_code(
        inner.wechat.consume_code(account, token, &letter.code, card),
        code
    ));
    Ok(Said::done(&heard))
}

/// How the code stands with whoever has it.
pub(super) async fn state(
    inner: &Inner,
    held: &Held,
    letter: &Letter,
    card: Option<&str>,
) -> Result<CodeState, Said> {
    let heard = ask!(Wechat, inner, held, |account, token| inner.wechat.get_code(
        account,
        token,
        &letter.code,
        card
    ));
    Ok(heard.value)
}

/// The card, where calls about a code have to name it.
pub(super) fn card_of(held: &Held) -> Result<Option<&str>, Said> {
    let mode = PlacementSettings::read(&held.delivery.settings).code_mode;
    if mode.needs_the_card() { platform_ref_of(held).map(Some) } else { Ok(None) }
}

fn in_no_state(status: &UserCardStatus) -> String {
    let (chinese, english) = match status {
        UserCardStatus::Expired => ("已过期", "is over"),
        UserCardStatus::Gifted => ("已转赠", "was given away"),
        UserCardStatus::Deleted => ("已被用户删除", "was deleted by its holder"),
        UserCardStatus::Unavailable => ("已作废", "is void"),
        UserCardStatus::Normal
        | UserCardStatus::Consumed
        | UserCardStatus::Gifting
        | UserCardStatus::GiftTimedOut
        | UserCardStatus::Other(_) => ("状态未知", "is in a state that nobody knows"),
    };
    format!(
        "微信上这张券{chinese}，无法核销；请人工核对 · at WeChat the card {english} and cannot be used; look into it"
    )
}
