//! What WeChat is told of a placement: read at the moment of sending, so that it is never older than what was owed.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::{
    delivery::{
        Inner,
        attempt::{Held, Said},
    },
    domain::{
        delivery::Outcome,
        foresight::Showing,
        id::PlacementId,
        placement::{PlacementState, Review},
    },
    platform::wechat::{foresight, form::NewCard, shown::ShownCard, status::CardStatus},
    service::push_placement_update::owe_update,
    store::{self, placement::Placement, template::CountedTemplate},
};

/// What is told, and how it is called here.
#[derive(Debug)]
pub(super) struct Telling {
    pub card: NewCard,
    pub version: i32,
    /// Of app and placement.
    pub settings: Value,
}

/// What its reviewers say, and since when by WeChat's clock; `None` where WeChat does not say: whatever else they say is
/// newer.
pub(super) type Verdict = (Review, Option<DateTime<Utc>>);

/// Terms and settings of a placement as they are now.
pub(super) async fn read(
    inner: &Inner,
    placement: &Placement,
    quantity: i64,
) -> Result<Telling, Said> {
    let (template, app) = {
        let mut conn = inner.db.acquire().await?;
        let template = store::template::find(&mut conn, placement.template).await?;
        (template, store::app::find(&mut conn, placement.app).await?)
    };
    let (Some(CountedTemplate { template, .. }), Some(app)) = (template, app) else {
        return Err(Said::unheard(Outcome::Refused, "券模板已不存在 · the template is gone"));
    };
    let settings = json!({ "app": app.settings, "placement": placement.settings });
    let showing =
        Showing { terms: &template.terms, app: &app.settings, placement: &placement.settings };
    let card = foresight::card(&showing, quantity).map_err(|problems| {
        Said::refused("微信不接受券的内容 · WeChat would refuse the card", &problems)
    })?;
    Ok(Telling { card, version: template.version, settings })
}

/// The card as it was told with an earlier version of the terms and these settings.
pub(super) async fn read_version(
    inner: &Inner,
    placement: &Placement,
    version: i32,
    settings: &Value,
    quantity: i64,
) -> Result<Option<NewCard>, Said> {
    let mut conn = inner.db.acquire().await?;
    let terms = store::template::find_terms(&mut conn, placement.template, version).await?;
    let (app, placed) = (&settings["app"], &settings["placement"]);
    Ok(terms.and_then(|terms| {
        foresight::card(&Showing { terms: &terms, app, placement: placed }, quantity).ok()
    }))
}

/// What the reviewers say of a card that is shown so; `None` where its state says nothing about them.
pub(super) fn verdict(shown: &ShownCard) -> Option<Verdict> {
    let review = match &shown.status {
        CardStatus::NotVerified => Review::Pending,
        CardStatus::Failed => Review::Failed,
        CardStatus::Passed | CardStatus::Dispatched => Review::Passed,
        CardStatus::Deleted | CardStatus::Other(_) => return None,
    };
    Some((review, shown.updated_at.or(shown.created_at)))
}

/// Writes down what WeChat was told of a locked placement and what its reviewers say, and owes what has changed meanwhile.
pub(super) async fn mark_told(
    conn: &mut PgConnection,
    inner: &Inner,
    placement: &Placement,
    (version, settings): (i32, &Value),
    verdict: Option<Verdict>,
) -> anyhow::Result<()> {
    let now = inner.clock.now();
    store::published::mark_shown(conn, now, placement.id, version, settings).await?;
    mark_reviewed(conn, inner, placement.id, verdict).await?;
    let behind = store::published::get(conn, placement.id).await?.is_behind();
    if behind && placement.state != PlacementState::Withdrawn {
        owe_update(conn, now, placement).await?;
    }
    Ok(())
}

/// Writes down what the reviewers say; stock that waits for them waits no longer once they let the card pass.
pub(super) async fn mark_reviewed(
    conn: &mut PgConnection,
    inner: &Inner,
    placement: PlacementId,
    verdict: Option<Verdict>,
) -> sqlx::Result<()> {
    let Some((review, at)) = verdict else { return Ok(()) };
    let is_new = store::placement::mark_reviewed(conn, placement, review, None, at).await?;
    if is_new && review == Review::Passed {
        store::card::placed::arm_additions(conn, inner.clock.now(), placement).await?;
    }
    Ok(())
}

/// A long list of calls may have used up the lease: what is about to be written down as sent must be sent.
pub(super) fn has_time(held: &Held) -> Result<(), Said> {
    if held.is_ours_for(crate::delivery::ask::LONGEST_CALL) {
        return Ok(());
    }
    let note = "租约将尽，稍后再发 · the lease was about to end";
    Err(Said::unheard(Outcome::NotYet { after: None }, note))
}
