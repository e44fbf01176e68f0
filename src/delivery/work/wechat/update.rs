//! What WeChat shows of a placement is to be what it is with us: always that of now.

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::Value;
use sqlx::PgConnection;

use super::{
    Change, look, note_code, refused,
    showing::{self, Telling, Verdict, mark_told},
};
use crate::{
    delivery::{
        Inner,
        ask::ask,
        attempt::{Held, Said},
        dialect::Wechat,
        work::subject::{placement_of, platform_ref_of},
    },
    domain::{delivery::Outcome, id::PlacementId, placement::PlacementState, problem::Problem},
    platform::wechat::{
        change::{CardChange, unchangeable},
        comparison::differences,
        errcode,
        form::NewCard,
        shown::ShownCard,
    },
    store::{self, placement::Placement},
};

/// What WeChat knows once it was told.
#[derive(Debug)]
pub(crate) struct Told {
    version: i32,
    settings: Value,
    verdict: Option<Verdict>,
}

/// What never changes on a card that is there.
const FIXED: [&str; 6] =
    ["kind", "benefit", "title", "code_mode", "card.brand_name", "card.deal_detail"];

/// Tells what is other than it stands there, and looks what became of it: its reviewers may have to look as well.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let placement = placement_of(inner, held).await?;
    if placement.state == PlacementState::Withdrawn {
        let note = "投放已撤回，不再更新 · the placement was withdrawn and is not updated";
        return Ok(Said::unheard(Outcome::Done, note));
    }
    let card = platform_ref_of(held)?;
    let telling = showing::read(inner, &placement, 1).await?;
    let told = read_told(inner, &placement).await?;
    let shown = find(inner, held, card).await?;
    {
        // Whatever becomes of the update: the word of the reviewers may have been lost.
        let mut conn = inner.db.acquire().await?;
        showing::mark_reviewed(&mut conn, inner, placement.id, showing::verdict(&shown)).await?;
    }
    check(&shown, told.as_ref(), &telling)?;
    let mut change = CardChange::of_shown(&shown, &telling.card);
    if let Some(told) = &told {
        // Of a colour WeChat shows too little to compare it.
        change = change.with_colour_of(&CardChange::between(told, &telling.card));
    }
    if change.is_empty() {
        let note = "微信上已是最新内容 · WeChat shows it as it is";
        return Ok(done(Said::unheard(Outcome::Done, note), telling, verdict(inner, &shown)));
    }
    let heard = ask!(Wechat, inner, held, |account, token| inner
        .wechat
        .update_card(account, token, card, &change));
    let said = Said::done(&heard);
    // An update that was made and cannot be seen is made again: it changes nothing then.
    let shown = look(inner, held).await?;
    let note = heard.value.then(|| {
        let fields = change.review_fields().join("、");
        format!("微信将重新审核（{fields}） · WeChat reviews it anew ({fields})")
    });
    Ok(done(Said { note, ..said }, telling, verdict(inner, &shown)))
}

/// Where WeChat names no time, what it shows now is newer than what it said before.
fn verdict(inner: &Inner, shown: &ShownCard) -> Option<Verdict> {
    showing::verdict(shown).map(|(review, at)| (review, at.or_else(|| Some(inner.clock.now()))))
}

fn done(said: Said, telling: Telling, verdict: Option<Verdict>) -> Said {
    let Telling { version, settings, .. } = telling;
    Said { consequence: Change::Told(Told { version, settings, verdict }).into(), ..said }
}

async fn find(inner: &Inner, held: &Held, card: &str) -> Result<ShownCard, Said> {
    let code = AtomicI64::default();
    match get(inner, held, card, &code).await {
        Err(said) if code.load(Ordering::Relaxed) == errcode::NO_CARD => {
            let note = format!(
                "微信上没有编号为 {card} 的卡券，可能已在微信后台删除；请撤回这个投放，或改正平台编号 · \
                 WeChat has no card {card}, somebody may have deleted it there; withdraw the placement, or correct its id"
            );
            Err(Said { note: Some(note), ..said })
        }
        said => said,
    }
}

async fn get(inner: &Inner, held: &Held, card: &str, code: &AtomicI64) -> Result<ShownCard, Said> {
    let heard = ask!(Wechat, inner, held, |account, token| note_code(
        inner.wechat.get_card(account, token, card),
        code
    ));
    Ok(heard.value)
}

/// The card as WeChat was told of it last; `None` where that was not by us.
async fn read_told(inner: &Inner, placement: &Placement) -> Result<Option<NewCard>, Said> {
    let published = {
        let mut conn = inner.db.acquire().await?;
        store::published::get(&mut conn, placement.id).await?
    };
    let (Some(version), Some(settings)) = (published.version, published.settings) else {
        return Ok(None);
    };
    showing::read_version(inner, placement, version, &settings, 1).await
}

/// What WeChat would not take any more is not sent: a person has to make another placement, or change the terms back.
fn check(shown: &ShownCard, told: Option<&NewCard>, telling: &Telling) -> Result<(), Said> {
    let why = "微信不允许修改已创建卡券的这些内容，请改回，或撤回后用新的投放 · \
               WeChat does not change these on a card that is there; change them back, or withdraw it and place another";
    let problems = if let Some(told) = told {
        unchangeable(told, &telling.card)
    } else {
        let differ = differences(shown, &telling.card).into_iter();
        let problem = |param| Problem { param, message: "differs at WeChat".to_owned() };
        differ.filter(|field| FIXED.contains(field)).map(problem).collect()
    };
    if problems.is_empty() {
        return Ok(());
    }
    let fields: Vec<_> = problems.iter().map(|problem| problem.param).collect();
    Err(refused(format!("{why}: {}", fields.join("、"))))
}

/// Writes what WeChat knows now.
pub(super) async fn settle(
    conn: &mut PgConnection,
    inner: &Inner,
    held: &Held,
    told: &Told,
) -> anyhow::Result<()> {
    let id = PlacementId::from(held.delivery.subject);
    if let Some(placement) = store::placement::lock(conn, id).await? {
        let Told { version, settings, verdict } = told;
        mark_told(conn, inner, &placement, (*version, settings), *verdict).await?;
    }
    Ok(())
}
