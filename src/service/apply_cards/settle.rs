//! What is not plain, one push at a time: a coupon that changes hands, is suspended, or was used elsewhere.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sqlx::PgConnection;

use super::{
    CardApplier, Placements, Told, Trouble, count,
    portion::{Known, write_cards},
};
use crate::{
    domain::{
        card::difference::{Change, Conflict},
        event::EventKind,
        id::RedemptionId,
    },
    store::card::{
        self, CardCoupon, change,
        push::{self, PushState},
    },
};

impl CardApplier {
    /// Applies one push, or says why it cannot be; one that somebody else is applying is left to them.
    pub(super) async fn settle_alone(
        &self,
        now: DateTime<Utc>,
        told: &Told,
        placements: &Placements,
    ) -> sqlx::Result<Option<Trouble>> {
        let mut tx = self.db.begin().await?;
        if push::keep(&mut tx, &[told.id]).await?.is_empty() {
            return Ok(None);
        }
        let mut known = self.lock_cards(&mut tx, now, &[told], placements).await?;
        for one in &mut known {
            let Some(coupon) = &one.coupon else { continue };
            // Only now nobody else changes it any more: what was read before may have passed.
            change::lock(&mut tx, coupon.id).await?;
            one.coupon = card::list_coupons(&mut tx, &[&one.card.key]).await?.pop().flatten();
        }
        for one in &known {
            let Some(changes) = self.changes(&mut tx, one).await? else {
                return Ok(Some(Trouble::Vain("its coupon is not there".into())));
            };
            for change in changes {
                make(&mut tx, now, one, change).await?;
            }
        }
        write_cards(&mut tx, now, known.iter(), placements).await?;
        push::settle(&mut tx, &[told.id], PushState::Applied, None).await?;
        tx.commit().await?;
        count("applied", 1);
        Ok(None)
    }
}

async fn make(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    known: &Known,
    change: Change,
) -> sqlx::Result<()> {
    let Some(coupon) = &known.coupon else { return Ok(()) };
    let app = coupon.held.app;
    match change {
        Change::HandOver(holder) => {
            let standing = &known.card.standing;
            let names = (standing.holder().unwrap_or_default(), standing.union_id());
            change::hand_over(conn, now, coupon.id, (holder, app), names).await?;
            tell(conn, coupon, EventKind::HandedOver, json!({}), now).await
        }
        Change::BecomeGift => {
            change::become_gift(conn, now, coupon.id, (app, coupon.placement)).await
        }
        Change::Validity(validity) => change::move_validity(conn, coupon.id, validity).await,
        Change::Suspend(reason, since) => {
            change::suspend(conn, coupon.id, reason, since).await?;
            let fields = json!({ "reason": reason, "since": since });
            tell(conn, coupon, EventKind::Suspended, fields, now).await
        }
        Change::Resume => {
            change::resume(conn, coupon.id).await?;
            tell(conn, coupon, EventKind::Resumed, json!({}), now).await
        }
        Change::Use { at, till } => use_elsewhere(conn, now, coupon, (at, &till)).await,
        Change::Conflict(conflict) => report(conn, now, coupon, conflict).await,
    }
}

async fn use_elsewhere(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    coupon: &CardCoupon,
    (at, till): (DateTime<Utc>, &str),
) -> sqlx::Result<()> {
    let redemption = RedemptionId::new(now);
    let used_at = change::use_elsewhere(conn, now, coupon.id, redemption, (at, till)).await?;
    let fields = json!({
        "redemption_id": redemption,
        "order_no": format!("card/{}", coupon.id.uuid()),
        "operator": till,
        "elsewhere": true,
    });
    tell(conn, coupon, EventKind::Redeemed, fields, used_at).await?;
    tracing::info!(coupon.id = %coupon.id, redemption.id = %redemption, "coupon redeemed elsewhere");
    Ok(())
}

/// Says once that something cannot be true.
async fn report(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    coupon: &CardCoupon,
    conflict: Conflict,
) -> sqlx::Result<()> {
    let reason = conflict.as_str();
    if change::is_told(conn, coupon.id, reason).await? {
        return Ok(());
    }
    metrics::counter!("kaquan_card_conflicts_total", "reason" => reason).increment(1);
    tracing::warn!(coupon.id = %coupon.id, reason, "What is told of a card cannot be true");
    tell(conn, coupon, EventKind::Conflict, json!({ "reason": reason }), now).await
}

async fn tell(
    conn: &mut PgConnection,
    coupon: &CardCoupon,
    kind: EventKind,
    fields: Value,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let mut data = Map::new();
    data.insert("coupon_id".to_owned(), json!(coupon.id));
    data.insert("template_id".to_owned(), json!(coupon.template));
    data.insert("placement_id".to_owned(), json!(coupon.placement));
    data.insert("app_id".to_owned(), json!(coupon.held.app));
    data.insert("by".to_owned(), json!("platform"));
    if let Value::Object(fields) = fields {
        data.extend(fields);
    }
    change::tell(conn, coupon.id, kind.as_str(), &Value::Object(data), at).await
}
