//! A placement is to stand on Baidu.
//!
//! Creating has no key by which Baidu would know a repetition. So what stands there is written down before the first
//! creation is sent, and what was sent as well; after an attempt of which nobody knows what it did, whatever stands there
//! in addition and looks like what was sent is ours.

use anyhow::ensure;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::{
    Change,
    telling::{self, Told, mark_told},
};
use crate::{
    delivery::{
        Inner,
        ask::{LONGEST_CALL, ask},
        attempt::{Held, Said},
        dialect::Baidu,
        work::{
            Consequence,
            subject::{cancel_withdrawal, is_bound, placement_of, remember},
        },
    },
    domain::{delivery::Outcome, id::PlacementId, placement::PlacementState},
    platform::baidu::{comparison::differences, paging::Listing, shown::ShownTemplate},
    service::push_placement_update::owe_update,
    store::{self, placement::Placement},
};

/// What the attempts of one publication know of each other.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    /// What stood at Baidu before the first creation was sent, whoever's it is.
    #[serde(default)]
    before: Vec<i64>,
    /// The creations that were sent.
    #[serde(default)]
    sent: Vec<Sent>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Sent {
    #[serde(flatten)]
    told: Told,
    at: DateTime<Utc>,
}

/// What publishing changes here.
#[derive(Debug)]
pub(crate) enum Publication {
    /// It stands there under this id.
    Stands {
        /// Baidu's.
        template: i64,
        /// With what.
        told: Told,
        /// Found again, not answered; then its address is told once more, to be sure.
        found: bool,
    },
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

/// Creates the template, or finds the one that an earlier attempt has created.
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
        return Ok(Said::unheard(
            Outcome::Done,
            "平台上的编号已经手工填写 · the platform's id was written by hand",
        ));
    }
    // What a newer version has written down, an older one must not forget: it would create again.
    let mut memory: Memory =
        serde_json::from_value(held.delivery.payload.clone()).map_err(|error| {
            Said::unheard(
                Outcome::Refused,
                format!("无法读取发布记录 · what was sent cannot be read: {error}"),
            )
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
            let after = Some(wait);
            return Err(Said::unheard(
                Outcome::NotYet { after },
                "等待上一次创建的结果 · waiting for what the last creation has done",
            ));
        }
        if let Some(found) = find(inner, held, &placement, &memory).await? {
            return Ok(found);
        }
        if withdrawn {
            return Ok(nothing(
                "投放已撤回，平台上没有找到已创建的券模板 · withdrawn, and nothing of it stands on Baidu",
            ));
        }
    }
    let telling = telling::read(inner, &placement).await?;
    if memory.sent.is_empty() {
        memory.before = list(inner, held).await?.iter().map(|template| template.id).collect();
    }
    // Only what is about to be sent is written down as sent; a long list may have used up the lease.
    if !held.is_ours_for(LONGEST_CALL) {
        let note = "租约将尽，稍后再发 · the lease was about to end";
        return Err(Said::unheard(Outcome::NotYet { after: None }, note));
    }
    memory.sent.push(Sent { told: telling.told, at: inner.clock.now() });
    remember(inner, held, &memory).await?;
    let heard = ask!(Baidu, inner, held, |account, token| inner.baidu.create_template(
        account,
        token,
        &telling.form
    ));
    let (template, told) = (heard.value.id, telling.told);
    let stands = Publication::Stands { template, told, found: false };
    Ok(Said { consequence: stands.into(), ..Said::done(&heard) })
}

/// What an earlier attempt has created, if there is exactly one thing that it can be.
async fn find(
    inner: &Inner,
    held: &Held,
    placement: &Placement,
    memory: &Memory,
) -> Result<Option<Said>, Said> {
    let shown = list(inner, held).await?;
    let (mut found, mut alike) = (Vec::new(), Vec::new());
    let titles = titles_sent(inner, placement, memory).await?;
    for template in shown.iter().filter(|template| !memory.before.contains(&template.id)) {
        if is_bound(inner, held, &template.id.to_string()).await? {
            continue;
        }
        if let Some(told) = sent_as(inner, placement, memory, template).await? {
            found.push((template.id, told));
        } else if titles.contains(&template.title) {
            alike.push(template.id.to_string());
        }
    }
    match found.as_slice() {
        [] if alike.is_empty() => Ok(None),
        [] => {
            let ids = alike.join("、");
            let note = format!(
                "平台上新出现了同名但内容不同的券模板（{ids}），可能就是刚创建的；请核对后把编号填到投放上 · \
                 a template of the same title stands there since, told otherwise ({ids}): look at it, and write its id down"
            );
            Err(Said::unheard(Outcome::Refused, note))
        }
        &[(template, told)] => {
            let stands = Publication::Stands { template, told, found: true };
            let consequence = stands.into();
            let note = format!(
                "上一次创建其实已经成功，券模板编号 {template} · the last creation did succeed, as template {template}"
            );
            Ok(Some(Said { consequence, ..Said::unheard(Outcome::Done, note) }))
        }
        several => {
            let ids: Vec<_> = several.iter().map(|(id, _)| id.to_string()).collect();
            let note = format!(
                "平台上有多个相同的券模板（{0}），无法判断哪个是刚创建的；请在平台删除多余的，再把编号填到投放上 · \
                 several templates on Baidu look alike ({0}); delete the superfluous there, then write the id into the placement",
                ids.join("、")
            );
            Err(Said::unheard(Outcome::Refused, note))
        }
    }
}

/// The titles under which it was created, or may have been.
async fn titles_sent(
    inner: &Inner,
    placement: &Placement,
    memory: &Memory,
) -> Result<Vec<String>, Said> {
    let mut titles = Vec::new();
    for sent in &memory.sent {
        let form = telling::read_version(inner, placement, sent.told.version).await?;
        titles.extend(form.map(|form| form.title));
    }
    Ok(titles)
}

/// What was sent when this was created, if it was by us; the last that fits.
async fn sent_as(
    inner: &Inner,
    placement: &Placement,
    memory: &Memory,
    template: &ShownTemplate,
) -> Result<Option<Told>, Said> {
    for sent in memory.sent.iter().rev() {
        let form = telling::read_version(inner, placement, sent.told.version).await?;
        if form.is_some_and(|form| differences(template, &form).is_empty()) {
            return Ok(Some(sent.told));
        }
    }
    Ok(None)
}

/// Everything that stands at Baidu. Half a list would make us create twice.
pub(super) async fn list(inner: &Inner, held: &Held) -> Result<Vec<ShownTemplate>, Said> {
    let heard =
        ask!(Baidu, inner, held, |account, token| inner.baidu.list_all_templates(account, token));
    let Listing { items, complete } = heard.value;
    if !complete {
        let note = "百度的券模板列表不完整，稍后再查 · Baidu's list of templates is incomplete; another look follows";
        return Err(Said::unheard(Outcome::Busy { after: None }, note));
    }
    Ok(items.into_iter().filter(|template| template.deleted == 0).collect())
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
    let Publication::Stands { template, told, found } = *publication else {
        return cancel_withdrawal(conn, inner, &placement).await;
    };
    let platform_ref = template.to_string();
    let bound = store::placement::find_by_platform_ref(conn, placement.app, &platform_ref).await?;
    // An id was written by hand while we were asking, or another placement found ours first: not settled, but looked at
    // again as an attempt of which nobody knows what it did.
    ensure!(
        placement.platform_ref.is_none() && bound.is_none(),
        "template {template} was created for {id}, and somebody else was faster"
    );
    placement.platform_ref = Some(platform_ref);
    placement.version += 1;
    placement.updated_at = now;
    store::placement::update(conn, &placement).await?;
    store::delivery::owe::arm_waiting(conn, now, id).await?;
    mark_told(conn, inner, &placement, told).await?;
    if found && placement.state != PlacementState::Withdrawn {
        owe_update(conn, now, &placement).await?;
    }
    Ok(())
}
