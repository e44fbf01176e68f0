//! A placement is to stand at WeChat as a card.
//!
//! Creating has no key by which WeChat would know a repetition. So what stands there is written down before the first
//! creation is sent, and what was sent as well; after an attempt of which nobody knows what it did, whatever stands there
//! in addition and looks like what was sent is ours.
//!
//! A card begins with all the stock that there is. Additions that are in it are not told again; those that came later are
//! owed once the card is known: whoever adds stock locks the placement, and so does whoever writes the card's id.

use anyhow::ensure;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;

use super::{
    Change, refused,
    showing::{self, Telling, Verdict, has_time, mark_told},
};
use crate::{
    delivery::{
        Inner,
        ask::ask,
        attempt::{Held, Said},
        dialect::Wechat,
        work::{
            Consequence,
            subject::{cancel_withdrawal, is_bound, placement_of, remember},
        },
    },
    domain::{
        delivery::Outcome,
        id::{AdditionId, PlacementId},
        placement::{PlacementState, Review},
    },
    platform::wechat::{
        comparison::differences, form::CodeMode, placing::PlacementSettings, shown::ShownCard,
        status::CardStatus,
    },
    store::{self, delivery::owe::Owed, placement::Placement},
};

/// What the attempts of one publication know of each other.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    /// What stood at WeChat before the first creation was sent, whoever's it is.
    #[serde(default)]
    before: Vec<String>,
    /// The creations that were sent.
    #[serde(default)]
    sent: Vec<Sent>,
}

/// One creation that was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sent {
    version: i32,
    settings: Value,
    quantity: i64,
    /// The additions that are in the quantity.
    additions: Vec<AdditionId>,
    at: DateTime<Utc>,
}

/// What publishing changes here.
#[derive(Debug)]
pub(crate) enum Publication {
    /// It stands there under this id, as it was sent then.
    Stands { card: String, sent: Sent, verdict: Option<Verdict> },
    /// Nothing of it stands there, and nothing will.
    Nothing,
}

impl From<Publication> for Consequence {
    fn from(publication: Publication) -> Self {
        Change::Publication(publication).into()
    }
}

/// A creation that nobody answered may still be under way for so long.
const STRAGGLING: TimeDelta = TimeDelta::seconds(30);
/// A deleted card is none that was just created.
const STANDING: [CardStatus; 4] =
    [CardStatus::NotVerified, CardStatus::Failed, CardStatus::Passed, CardStatus::Dispatched];

/// Creates the card, or finds the one that an earlier attempt has created.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Result<Said, Said> {
    attempt(inner, held).await.map_err(|said| {
        let nothing_there = said.outcome == Outcome::Refused && !held.delivery.doubt;
        let consequence =
            if nothing_there { Publication::Nothing.into() } else { said.consequence };
        Said { consequence, ..said }
    })
}

async fn attempt(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let placement = placement_of(inner, held).await?;
    if placement.platform_ref.is_some() {
        let note = "平台上的编号已经手工填写 · the platform's id was written by hand";
        return Ok(Said::unheard(Outcome::Done, note));
    }
    // What a newer version has written down, an older one must not forget: it would create again.
    let memory: Memory =
        serde_json::from_value(held.delivery.payload.clone()).map_err(|error| {
            refused(format!("无法读取发布记录 · what was sent cannot be read: {error}"))
        })?;
    let withdrawn = placement.state == PlacementState::Withdrawn;
    let nothing = |note| Said {
        consequence: Publication::Nothing.into(),
        ..Said::unheard(Outcome::Done, note)
    };
    if withdrawn && memory.sent.is_empty() {
        return Ok(nothing("投放已撤回，没有再发布 · withdrawn, so not published"));
    }
    if let Some(last) = memory.sent.last() {
        let wait = last.at + STRAGGLING - inner.clock.now();
        if wait > TimeDelta::zero() {
            let note = "等待上一次创建的结果 · waiting for what the last creation has done";
            return Err(Said::unheard(Outcome::NotYet { after: Some(wait) }, note));
        }
        if let Some(found) = find(inner, held, &placement, &memory).await? {
            return Ok(found);
        }
        if withdrawn {
            return Ok(nothing(
                "投放已撤回，平台上没有找到已创建的卡券 · withdrawn, and nothing of it stands at WeChat",
            ));
        }
    }
    create(inner, held, &placement, memory).await
}

async fn create(
    inner: &Inner,
    held: &Held,
    placement: &Placement,
    mut memory: Memory,
) -> Result<Said, Said> {
    let (telling, sent) = offer(inner, placement).await?;
    if memory.sent.is_empty() {
        memory.before = list(inner, held).await?;
    }
    has_time(held)?;
    memory.sent.push(sent.clone());
    remember(inner, held, &memory).await?;
    let heard = ask!(Wechat, inner, held, |account, token| inner.wechat.create_card(
        account,
        token,
        &telling.card
    ));
    let said = Said::done(&heard);
    let card = heard.value;
    // Whether it could be looked at or not: it stands. New cards are reviewed.
    let verdict = get(inner, held, &card).await.ok().and_then(|shown| showing::verdict(&shown));
    let verdict = verdict.or(Some((Review::Pending, None)));
    let stands = Publication::Stands { card, sent, verdict };
    Ok(Said { consequence: stands.into(), ..said })
}

/// What is told now, and what will be remembered of it.
async fn offer(inner: &Inner, placement: &Placement) -> Result<(Telling, Sent), Said> {
    let (left, additions) = {
        let mut conn = inner.db.acquire().await?;
        store::stock_addition::read_offer(&mut conn, placement.id).await?
    };
    let mode = PlacementSettings::read(&placement.settings).code_mode;
    // Where codes are deposited, a card begins with none; all additions are told afterwards.
    let (quantity, additions) =
        if mode == CodeMode::Deposit { (0, Vec::new()) } else { (left, additions) };
    if mode != CodeMode::Deposit && quantity < 1 {
        return Err(refused(
            "请先入库再发布：微信不接受没有库存的卡券 · add stock, then publish: WeChat takes no card without any",
        ));
    }
    let telling = showing::read(inner, placement, quantity).await?;
    let (version, settings) = (telling.version, telling.settings.clone());
    let at = inner.clock.now();
    Ok((telling, Sent { version, settings, quantity, additions, at }))
}

/// What an earlier attempt has created, if there is exactly one thing that it can be.
async fn find(
    inner: &Inner,
    held: &Held,
    placement: &Placement,
    memory: &Memory,
) -> Result<Option<Said>, Said> {
    let (mut found, mut alike) = (Vec::new(), Vec::new());
    for id in list(inner, held).await? {
        if memory.before.contains(&id) || is_bound(inner, held, &id).await? {
            continue;
        }
        let shown = get(inner, held, &id).await?;
        match sent_as(inner, placement, memory, &shown).await? {
            Match::Same(sent) => found.push((id, shown, sent)),
            Match::SameTitle => alike.push(id),
            Match::Other => {}
        }
    }
    if found.len() > 1 {
        let ids: Vec<_> = found.into_iter().map(|(id, ..)| id).collect();
        return Err(refused(format!(
            "微信上有多个相同的卡券（{0}），无法判断哪个是刚创建的；请删除多余的，再把编号填到投放上 · \
             several cards at WeChat look alike ({0}); delete the superfluous there, then write the id into the placement",
            ids.join("、")
        )));
    }
    let Some((card, shown, sent)) = found.pop() else {
        if alike.is_empty() {
            return Ok(None);
        }
        let ids = alike.join("、");
        return Err(refused(format!(
            "微信上新出现了同名但内容不同的卡券（{ids}），可能就是刚创建的；请核对后把编号填到投放上 · \
             a card of the same title stands there since, told otherwise ({ids}): look at it, and write its id down"
        )));
    };
    let note = format!(
        "上一次创建其实已经成功，卡券编号 {card} · the last creation did succeed, as card {card}"
    );
    let verdict = showing::verdict(&shown);
    let stands = Publication::Stands { card, sent, verdict };
    Ok(Some(Said { consequence: stands.into(), ..Said::unheard(Outcome::Done, note) }))
}

/// Whether a card is one that was sent.
enum Match {
    Same(Sent),
    SameTitle,
    Other,
}

async fn sent_as(
    inner: &Inner,
    placement: &Placement,
    memory: &Memory,
    shown: &ShownCard,
) -> Result<Match, Said> {
    let mut closest = Match::Other;
    for sent in memory.sent.iter().rev() {
        let Sent { version, settings, quantity, .. } = sent;
        let quantity = (*quantity).max(1);
        let card = showing::read_version(inner, placement, *version, settings, quantity).await?;
        let Some(card) = card else { continue };
        let as_many = shown.total_quantity.is_none_or(|total| total == sent.quantity);
        if as_many && differences(shown, &card).is_empty() {
            return Ok(Match::Same(sent.clone()));
        }
        if shown.title == card.base.title {
            closest = Match::SameTitle;
        }
    }
    Ok(closest)
}

/// Every card that stands at WeChat. Half a list would make us create twice.
async fn list(inner: &Inner, held: &Held) -> Result<Vec<String>, Said> {
    let heard = ask!(Wechat, inner, held, |account, token| inner
        .wechat
        .list_all_cards(account, token, &STANDING));
    if !heard.value.complete {
        let note = "微信的卡券列表不完整，稍后再查 · WeChat's list of cards is incomplete; another look follows";
        return Err(Said::unheard(Outcome::Busy { after: None }, note));
    }
    Ok(heard.value.items)
}

async fn get(inner: &Inner, held: &Held, card: &str) -> Result<ShownCard, Said> {
    let heard =
        ask!(Wechat, inner, held, |account, token| inner.wechat.get_card(account, token, card));
    Ok(heard.value)
}

/// Writes what came of it, in the transaction that settles it.
pub(super) async fn settle(
    conn: &mut PgConnection,
    inner: &Inner,
    held: &Held,
    publication: &Publication,
) -> anyhow::Result<()> {
    let id = PlacementId::from(held.delivery.subject);
    let now = inner.clock.now();
    let Some(mut placement) = store::placement::lock(conn, id).await? else { return Ok(()) };
    let Publication::Stands { card, sent, verdict } = publication else {
        return cancel_withdrawal(conn, inner, &placement).await;
    };
    let bound = store::placement::find_by_platform_ref(conn, placement.app, card).await?;
    // An id was written by hand while we were asking, or another placement found ours first: not settled, but looked at
    // again as an attempt of which nobody knows what it did.
    ensure!(
        placement.platform_ref.is_none() && bound.is_none(),
        "card {card} was created for {id}, and somebody else was faster"
    );
    placement.platform_ref = Some(card.clone());
    placement.version += 1;
    placement.updated_at = now;
    store::placement::update(conn, &placement).await?;
    store::delivery::owe::arm_waiting(conn, now, id).await?;
    if placement.state != PlacementState::Withdrawn {
        for name in store::stock_addition::list_other(conn, id, &sent.additions).await? {
            let owed = Owed::change_stock(now, placement.app, id, &name);
            if !store::delivery::owe::owe(conn, now, &owed).await? {
                // An earlier card was told of it.
                let owed = Owed::change_stock_of(now, placement.app, id, (&name, card));
                store::delivery::owe::owe(conn, now, &owed).await?;
            }
        }
    }
    mark_told(conn, inner, &placement, (sent.version, &sent.settings), *verdict).await?;
    // Cards are known by their ids where their pushes arrive.
    store::route::mark_changed(conn).await?;
    Ok(())
}
