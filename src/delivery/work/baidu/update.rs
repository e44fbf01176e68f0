//! What Baidu shows of a placement, or the address it calls, is to be what it is with us: always that of now.

use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::PgConnection;

use super::{
    Change,
    telling::{self, Told, mark_told, spot, template_of},
};
use crate::{
    delivery::{
        Inner,
        ask::ask,
        attempt::{Held, Said},
        dialect::Baidu,
        work::subject::placement_of,
    },
    domain::{delivery::Outcome, id::PlacementId, placement::PlacementState},
    platform::baidu::{errno, error::Failure},
    store,
};

/// Replaces all of the template.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let placement = placement_of(inner, held).await?;
    if placement.state == PlacementState::Withdrawn {
        let note = "投放已撤回，不再更新 · the placement was withdrawn and is not updated";
        return Ok(Said::unheard(Outcome::Done, note));
    }
    let template = template_of(held)?;
    let telling = telling::read(inner, &placement).await?;
    let gone = AtomicBool::new(false);
    match tell(inner, held, template, &telling, &gone).await {
        Err(said) if gone.load(Ordering::Relaxed) => {
            let note = format!(
                "百度上没有编号为 {template} 的券模板，可能已在百度后台删除；请撤回这个投放，或改正平台编号 · \
                 Baidu has no template {template}, somebody may have deleted it there; withdraw the placement, or correct its id"
            );
            Err(Said { note: Some(note), ..said })
        }
        said => said,
    }
}

async fn tell(
    inner: &Inner,
    held: &Held,
    template: i64,
    telling: &telling::Telling,
    gone: &AtomicBool,
) -> Result<Said, Said> {
    let heard = ask!(Baidu, inner, held, |account, token| spot(
        inner.baidu.update_template(account, token, template, &telling.form),
        is_unknown,
        gone
    ));
    Ok(Said { consequence: Change::Told(telling.told).into(), ..Said::done(&heard) })
}

/// Whether Baidu says that there is no such template.
pub(super) fn is_unknown(failure: &Failure) -> bool {
    matches!(failure, Failure::Business { errno, .. } if *errno == errno::NO_TEMPLATE)
}

/// Writes what Baidu knows now.
pub(super) async fn settle(
    conn: &mut PgConnection,
    inner: &Inner,
    held: &Held,
    told: Told,
) -> anyhow::Result<()> {
    let id = PlacementId::from(held.delivery.subject);
    if let Some(placement) = store::placement::lock(conn, id).await? {
        mark_told(conn, inner, &placement, told).await?;
    }
    Ok(())
}
