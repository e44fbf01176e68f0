//! What stands on Baidu already becomes a placement of ours: its terms are read there, and our address is told.

use anyhow::ensure;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use sqlx::{PgConnection, types::Json};

use super::{Change, publish};
use crate::{
    delivery::{
        Inner,
        attempt::{Held, Said},
        work::subject::is_bound,
    },
    domain::{
        app::PlatformKind,
        delivery::Outcome,
        id::{PlacementId, TemplateId},
        imported_terms::{ImportedTerms, ShownTerms},
        placement::PlacementState,
        stock::Way,
        template::TemplateState,
        terms::{Terms, Texts},
    },
    outgoing::palette::Colour,
    platform::baidu::{colour::COLOURS, form::kind_of, shown::ShownTemplate},
    service::{callback_secret::make_callback_secret, push_placement_update::owe_update},
    store::{self, placement::Placement, template::Template},
};

/// What was asked for.
#[derive(Debug, Deserialize)]
struct Wish {
    platform_ref: String,
    terms: ImportedTerms,
}

/// What is there to be written.
#[derive(Debug)]
pub(crate) struct Imported {
    platform_ref: String,
    terms: Terms,
}

/// Looks it up in Baidu's list.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let refuse = |note: String| Said::unheard(Outcome::Refused, note);
    let wish: Wish = serde_json::from_value(held.delivery.payload.clone()).map_err(|error| {
        refuse(format!("导入请求无法识别 · the import cannot be read: {error}"))
    })?;
    if is_bound(inner, held, &wish.platform_ref).await? {
        let number = &wish.platform_ref;
        return Err(refuse(format!(
            "编号 {number} 已属于另一个投放 · another placement has {number} already"
        )));
    }
    let shown = publish::list(inner, held).await?;
    let there = shown.into_iter().find(|template| template.id.to_string() == wish.platform_ref);
    let there = there.ok_or_else(|| {
        let number = &wish.platform_ref;
        refuse(format!("百度上没有编号为 {number} 的券模板 · Baidu has no template {number}"))
    })?;
    let shown = read(there).map_err(|field| {
        refuse(format!("百度给出的 {field} 无法识别 · Baidu's {field} cannot be read"))
    })?;
    let terms = wish.terms.complete(shown, inner.clock.now());
    terms.check().map_err(|problems| {
        Said::refused("与百度上的内容不相符 · does not go with what stands on Baidu", &problems)
    })?;
    let imported = Imported { platform_ref: wish.platform_ref, terms };
    let said = Said::unheard(Outcome::Done, "已读取百度上的券模板 · read from Baidu");
    Ok(Said { consequence: Change::Imported(imported).into(), ..said })
}

/// What Baidu shows, in our words; or the field that cannot be said in them.
fn read(there: ShownTemplate) -> Result<ShownTerms, &'static str> {
    let moment = |seconds| DateTime::<Utc>::from_timestamp(seconds, 0);
    Ok(ShownTerms {
        kind: kind_of(there.coupon_type).ok_or("couponType")?,
        title: there.title,
        texts: Texts {
            description: there.description,
            introduction: there.introduce,
            threshold: there.sill,
            limit: there.take_limit,
        },
        colour: COLOURS.read(&there.bg_color).map(Colour::look),
        valid_from: moment(there.effect_time).ok_or("effectTime")?,
        valid_until: moment(there.expire_time).ok_or("expireTime")?,
    })
}

/// Writes template, placement and callback token, and owes Baidu the address.
pub(super) async fn settle(
    conn: &mut PgConnection,
    inner: &Inner,
    held: &Held,
    imported: &Imported,
) -> anyhow::Result<()> {
    let now = inner.clock.now();
    let platform_ref = &imported.platform_ref;
    // Not settled, but looked at again: then it is refused.
    let taken = store::placement::find_by_platform_ref(conn, held.app, platform_ref).await?;
    ensure!(taken.is_none(), "template {platform_ref} was placed by hand meanwhile");
    let template = Template {
        id: TemplateId::new(now),
        version: 1,
        state: TemplateState::Draft,
        terms: Json(imported.terms.clone()),
        created_at: now,
        updated_at: now,
    };
    let placement = Placement {
        id: PlacementId::from(held.delivery.subject),
        template: template.id,
        app: held.app,
        platform: PlatformKind::Baidu,
        platform_ref: Some(platform_ref.clone()),
        state: PlacementState::Active,
        tells_claims: PlatformKind::Baidu.keeps_a_wallet(),
        tells_voids: PlatformKind::Baidu.hears_of_voids(),
        settings: json!({}),
        review: None,
        review_note: None,
        reviewed_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    store::template::insert(conn, &template).await?;
    store::placement::insert(conn, &placement).await?;
    store::stock::insert_empty(conn, placement.id, Way::all_on(placement.platform)).await?;
    make_callback_secret(conn, &inner.vault, now, placement.id).await?;
    owe_update(conn, now, &placement).await?;
    tracing::info!(placement.id = %placement.id, platform_ref, "imported");
    Ok(())
}
