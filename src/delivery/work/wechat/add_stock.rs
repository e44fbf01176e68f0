//! The stock of a card is to change, by a named addition or reduction. WeChat knows no names: what it had before is written
//! down, so that after an attempt of which nobody knows what it did its figures can say.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::{Change, deposit, look, note_code, refused, showing::has_time};
use crate::{
    delivery::{
        Inner,
        ask::ask,
        attempt::{Held, Said},
        dialect::Wechat,
        work::subject::{placement_of, platform_ref_of, remember},
    },
    domain::{delivery::Outcome, id::AdditionId, placement::PlacementState, statistics::Measure},
    platform::wechat::{errcode, form::CodeMode, placing::PlacementSettings, shown::ShownCard},
    store::{self, stock_addition::StockAddition, tally::Note},
};

/// What the attempts of one change know of each other.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    /// The figures before the change was last sent.
    #[serde(default)]
    sent: Option<Sent>,
    /// The figures did not say whether it took effect. Who replays it has looked, and has it begin anew.
    #[serde(default)]
    unclear: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Sent {
    /// What was ever added.
    total: Option<i64>,
    /// What was left.
    left: Option<i64>,
    at: DateTime<Utc>,
}

/// A reduction for which WeChat has not enough left.
#[derive(Debug)]
pub(crate) struct Refused(StockAddition);

/// A change that nobody answered may still be under way for so long.
const STRAGGLING: TimeDelta = TimeDelta::seconds(30);

/// Changes the stock.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let placement = placement_of(inner, held).await?;
    if placement.state == PlacementState::Withdrawn {
        let note = "投放已撤回，不再更改库存 · withdrawn, so its stock is left as it is";
        return Ok(Said::unheard(Outcome::Done, note));
    }
    let _card = platform_ref_of(held)?;
    let (addition, corrected) = {
        // Behind a space stands the card, where an earlier one was told of it.
        let name = held.delivery.identity.split(' ').next().unwrap_or_default();
        let app = held.app;
        let mut conn = inner.db.acquire().await?;
        let addition = store::stock_addition::find_by_name(&mut conn, app, name).await?;
        let addition =
            addition.ok_or_else(|| refused("这次入库已不存在 · the addition is gone"))?;
        let correction = correction_of(addition.id);
        (addition, store::stock_addition::find_by_name(&mut conn, app, &correction).await?)
    };
    if corrected.is_some() {
        let note = "微信拒绝了这次减库存，我们的库存已改回 · WeChat refused the reduction, and ours was corrected";
        return Ok(Said::unheard(Outcome::Done, note));
    }
    // What a newer version has written down, an older one must not forget: it would change it again.
    let memory: Memory =
        serde_json::from_value(held.delivery.payload.clone()).map_err(|error| {
            refused(format!("无法读取记录 · what was sent cannot be read: {error}"))
        })?;
    let mode = PlacementSettings::read(&placement.settings).code_mode;
    if mode == CodeMode::Deposit && addition.amount > 0 && memory.sent.is_none() {
        deposit::pay(inner, held, &placement, &addition).await?;
    }
    change(inner, held, memory, addition).await
}

/// Under which name our stock is corrected when WeChat refuses a reduction.
fn correction_of(addition: AdditionId) -> String {
    format!("refused/{}", addition.uuid())
}

async fn change(
    inner: &Inner,
    held: &Held,
    memory: Memory,
    addition: StockAddition,
) -> Result<Said, Said> {
    if let Some(sent) = memory.sent {
        let wait = sent.at + STRAGGLING - inner.clock.now();
        if wait > TimeDelta::zero() {
            let note = "等待上一次更改的结果 · waiting for what the last change has done";
            return Err(Said::unheard(Outcome::NotYet { after: Some(wait) }, note));
        }
    }
    let shown = look(inner, held).await?;
    match memory.sent.map(|sent| judge(sent, &shown, addition.amount)) {
        Some(Judged::Done) => {
            let note = "上一次更改其实已经成功 · the last change did take effect";
            return Ok(Said::unheard(Outcome::Done, note));
        }
        Some(Judged::Unclear) => {
            remember(inner, held, &Memory { unclear: true, ..memory }).await?;
            return Err(refused(format!(
                "无法判断上一次更改（{:+}）是否成功：微信现有库存 {}；请核对后取消或重做 · \
                 whether the last change ({:+}) took effect cannot be told; WeChat has {} left. Look, then cancel or replay",
                addition.amount,
                shown.quantity.unwrap_or_default(),
                addition.amount,
                shown.quantity.unwrap_or_default(),
            )));
        }
        Some(Judged::NotDone) | None => {}
    }
    has_time(held)?;
    let (total, left) = (shown.total_quantity, shown.quantity);
    let sent = Some(Sent { total, left, at: inner.clock.now() });
    remember(inner, held, &Memory { sent, unclear: false }).await?;
    let code = AtomicI64::default();
    match tell(inner, held, addition.amount, &code).await {
        Err(said) if code.load(Ordering::Relaxed) == errcode::BAD_STOCK && addition.amount < 0 => {
            let note = format!(
                "微信上剩余不足 {}，没有减少；我们的库存已改回 · WeChat has not so many left ({0}): nothing was taken back, \
                 and our stock was corrected",
                -addition.amount
            );
            let note = Some(note);
            tracing::warn!(placement.id = %addition.placement, "WeChat refuses to reduce the stock");
            Err(Said { note, consequence: Change::Refused(Refused(addition)).into(), ..said })
        }
        Err(said) if changed_nothing(said.outcome) => {
            // Whoever cannot write this down only looks more closely next time.
            if let Err(trouble) = remember(inner, held, &Memory::default()).await {
                tracing::warn!(
                    note = trouble.note,
                    "a change of stock that was not made is taken for sent"
                );
            }
            Err(said)
        }
        said => said,
    }
}

/// Whether it is sure that the change was not made: then the figures of before it say nothing of later ones.
const fn changed_nothing(outcome: Outcome) -> bool {
    match outcome {
        Outcome::NotAsked
        | Outcome::NotYet { .. }
        | Outcome::TooFast { .. }
        | Outcome::UsedUpToday
        | Outcome::Locked
        | Outcome::Refused => true,
        // Somebody on the way may have been too busy to hand on the answer.
        Outcome::Busy { .. } | Outcome::Unknown { .. } | Outcome::Done | Outcome::DoneBefore => {
            false
        }
    }
}

async fn tell(inner: &Inner, held: &Held, amount: i64, code: &AtomicI64) -> Result<Said, Said> {
    let card = platform_ref_of(held)?;
    let heard = ask!(Wechat, inner, held, |account, token| note_code(
        inner.wechat.change_stock(account, token, card, amount),
        code
    ));
    Ok(Said::done(&heard))
}

/// What the figures say of a change that was sent.
#[derive(Debug, PartialEq, Eq)]
enum Judged {
    Done,
    NotDone,
    Unclear,
}

/// Nothing else of ours changes the stock meanwhile, but people take cards, and somebody may have been at WeChat's console.
fn judge(sent: Sent, shown: &ShownCard, amount: i64) -> Judged {
    let moved = shown.total_quantity.zip(sent.total).map(|(now, before)| now - before);
    let left = shown.quantity.zip(sent.left).map(|(now, before)| now - before);
    match (moved, left) {
        (Some(moved), _) if moved == amount => Judged::Done,
        (Some(moved), _) if moved != 0 => Judged::Unclear,
        // What was ever added may stay as it was when some is taken back: then only what is left says.
        (Some(_), _) if amount > 0 => Judged::NotDone,
        (Some(_), Some(0)) => Judged::NotDone,
        // As many may have been taken as were added; taken back, there would be fewer.
        (None, Some(0)) => {
            if amount < 0 {
                Judged::NotDone
            } else {
                Judged::Unclear
            }
        }
        (None, Some(left)) if amount > 0 && left > 0 && left <= amount => Judged::Done,
        // Fewer were taken than would be gone if it had taken effect.
        (Some(_) | None, Some(left)) if amount < 0 && amount < left && left < 0 => Judged::NotDone,
        (Some(_) | None, Some(_) | None) => Judged::Unclear,
    }
}

/// Gives our stock back what WeChat did not, but for what has grown back by itself: cards that we had not heard of.
pub(super) async fn settle(
    conn: &mut PgConnection,
    inner: &Inner,
    refused: &Refused,
) -> anyhow::Result<()> {
    let now = inner.clock.now();
    let StockAddition { id, app, placement, way, amount, .. } = refused.0;
    let Some(placed) = store::placement::lock(conn, placement).await? else { return Ok(()) };
    let grown = store::stock_addition::grown_since(conn, &refused.0).await?.clamp(0, -amount);
    if grown == -amount {
        return Ok(());
    }
    let correction = StockAddition {
        id: AdditionId::new(now),
        app,
        placement,
        way,
        name: correction_of(id),
        amount: -amount - grown,
        added_by: "kaquan".to_owned(),
        added_at: now,
    };
    if store::stock_addition::insert_once(conn, &correction).await? {
        store::stock::add(conn, placement, way, correction.amount).await?;
        let (template, measure) = (placed.template, Measure::Offered);
        let note = Note { template, app, measure, count: correction.amount };
        store::tally::note(conn, now, &[note]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_say_whether_a_change_took_effect_or_that_nobody_can_tell() {
        let sent = |total| Sent { total, left: Some(50), at: DateTime::UNIX_EPOCH };
        for (amount, before, total, left, judged) in [
            (10, Some(100), Some(110), 60, Judged::Done),
            (10, Some(100), Some(110), 3, Judged::Done),
            (10, Some(100), Some(100), 50, Judged::NotDone),
            (10, Some(100), Some(100), 20, Judged::NotDone),
            (10, Some(100), Some(105), 55, Judged::Unclear),
            (10, None, None, 60, Judged::Done),
            (10, None, None, 50, Judged::Unclear),
            (10, None, None, 40, Judged::Unclear),
            (-10, Some(100), Some(90), 40, Judged::Done),
            (-10, Some(100), Some(100), 50, Judged::NotDone),
            (-10, Some(100), Some(100), 45, Judged::NotDone),
            (-10, Some(100), Some(100), 40, Judged::Unclear),
            (-10, Some(100), Some(100), 30, Judged::Unclear),
            (-10, None, None, 50, Judged::NotDone),
            (-10, None, None, 30, Judged::Unclear),
        ] {
            let shown = shown(total, left);

            assert_eq!(judge(sent(before), &shown, amount), judged, "{amount} {total:?} {left}");
        }
    }

    fn shown(total_quantity: Option<i64>, left: i64) -> ShownCard {
        ShownCard {
            id: None,
            card_type: "CASH".to_owned(),
            kind: None,
            status: crate::platform::wechat::status::CardStatus::Passed,
            title: String::new(),
            brand_name: String::new(),
            logo_url: String::new(),
            notice: String::new(),
            description: String::new(),
            colour: String::new(),
            code_type: String::new(),
            date: None,
            quantity: Some(left),
            total_quantity,
            code_mode: CodeMode::Wechat,
            bind_openid: false,
            get_limit: None,
            can_share: None,
            can_give_friend: None,
            service_phone: None,
            location_id_list: Vec::new(),
            use_all_locations: false,
            center: None,
            custom: None,
            promotion: None,
            created_at: None,
            updated_at: None,
        }
    }
}
