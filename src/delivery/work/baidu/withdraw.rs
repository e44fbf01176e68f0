//! A placement is to be taken off Baidu. What people took from it stays with them.

use chrono::TimeDelta;
use sqlx::PgConnection;

use super::{Change, telling::template_of};
use crate::{
    delivery::{
        Inner,
        ask::ask,
        attempt::{Held, Said},
        dialect::Baidu,
    },
    domain::{delivery::Outcome, id::PlacementId},
    store,
};

/// How long coupons that are still on their way are waited for, before another look.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(30);

/// Deletes the template; one that is not there any more is deleted.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let template = template_of(held)?;
    if has_open_syncs(inner, held).await? {
        // Of a template that is gone, Baidu takes no coupons into anybody's wallet.
        let outcome = Outcome::NotYet { after: Some(LOOK_AGAIN) };
        let note = "先等已发的券同步到百度 · coupons given before have to reach Baidu first";
        return Err(Said::unheard(outcome, note));
    }
    match delete(inner, held, template).await {
        Ok(said) => Ok(said),
        Err(said) if said.outcome == Outcome::DoneBefore => {
            Ok(Said { consequence: Change::Withdrawn.into(), ..said })
        }
        Err(said) => Err(said),
    }
}

async fn has_open_syncs(inner: &Inner, held: &Held) -> Result<bool, Said> {
    let placement = PlacementId::from(held.delivery.subject);
    let mut conn = inner.db.acquire().await?;
    Ok(store::delivery::open::has_open_syncs(&mut conn, held.app, placement).await?)
}

async fn delete(inner: &Inner, held: &Held, template: i64) -> Result<Said, Said> {
    let heard = ask!(Baidu, inner, held, |account, token| inner
        .baidu
        .delete_template(account, token, template));
    Ok(Said { consequence: Change::Withdrawn.into(), ..Said::done(&heard) })
}

/// Its banner is gone with it.
pub(super) async fn settle(
    conn: &mut PgConnection,
    inner: &Inner,
    held: &Held,
) -> anyhow::Result<()> {
    let placement = PlacementId::from(held.delivery.subject);
    store::banner::remove_all_of(conn, inner.clock.now(), placement).await?;
    Ok(())
}
