//! What is not plain, one push at a time: a coupon that changes hands, is suspended, or was used elsewhere.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{
    CardApplier, Placements, Told, Trouble, count,
    portion::{Known, write_cards},
    sum,
};
use crate::{
    clock::Clock,
    domain::{
        access::Actor,
        card::difference::{Change, Conflict},
        event::{Cause, EventKind},
        id::RedemptionId,
    },
    service::void_coupon::void_locked,
    store::{
        self,
        card::{
            self, CardCoupon, change,
            push::{self, PushState},
            word,
        },
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
        let mut tx = store::begin(&self.db).await?;
        if push::keep(&mut tx, &[told.id]).await?.is_empty() {
            return Ok(None);
        }
        let facts = sum([told]);
        // Whoever has it after them goes on as what they had.
        let keys = card::heirs::list(&mut tx, &facts.keys().collect::<Vec<_>>()).await?;
        let mut known = self.lock_cards(&mut tx, now, (&keys, facts), placements).await?;
        let keys: Vec<_> = known.iter().map(|one| &one.card.key).collect();
        if card::heirs::list(&mut tx, &keys).await?.len() > keys.len() {
            return Ok(Some(Trouble::Passing("somebody else was quicker".into())));
        }
        for coupon in known.iter().filter_map(|one| one.coupon.as_ref()) {
            change::lock(&mut tx, coupon.id).await?;
        }
        // What one of them goes on as may change, too: a chain of them is settled after as many rounds as it is long.
        for _ in 0..known.len() {
            if !self.agree(&mut tx, now, told, &mut known).await? {
                return Ok(Some(Trouble::Vain("its coupon is not there".into())));
            }
        }
        write_cards(&mut tx, now, known.iter(), placements).await?;
        push::settle(&mut tx, &[told.id], PushState::Applied, None).await?;
        tx.commit().await?;
        count("applied", 1);
        Ok(None)
    }
}

impl CardApplier {
    /// Brings the coupons, which are locked, to agree with what is known; `false` when one that should be there is not.
    async fn agree(
        &self,
        conn: &mut PgConnection,
        now: DateTime<Utc>,
        told: &Told,
        known: &mut [Known],
    ) -> sqlx::Result<bool> {
        for one in known {
            if one.coupon.is_some() {
                // Nobody else changes it any more: what was read before may have passed.
                one.coupon = card::list_coupons(conn, &[&one.card.key]).await?.pop().flatten();
            }
            match self.changes(conn, one).await? {
                Some(changes) => {
                    for change in changes {
                        make(conn, (&*self.clock, now), one, change).await?;
                    }
                }
                None if told.facts().any(|(key, _)| key == one.card.key) => return Ok(false),
                // Who got it from there is written down with what is told of them.
                None => {}
            }
        }
        Ok(true)
    }
}

async fn make(
    conn: &mut PgConnection,
    (clock, now): (&dyn Clock, DateTime<Utc>),
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
        Change::Inherit(giver) => {
            change::inherit(conn, coupon.id, (giver.terms_version, giver.validity)).await
        }
        Change::Void(reason) => {
            change::take_back_end(conn, coupon.id).await?;
            let cause = Cause { actor: Actor::Kaquan, request: None };
            void_locked(conn, clock, &cause, coupon.id, &reason).await
        }
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
    let fields = word::told_of_use(coupon.id, redemption, till);
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
    if word::is_told(conn, coupon.id, reason).await? {
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
    let told = change::Told {
        coupon: coupon.id,
        template: coupon.template,
        placement: coupon.placement,
        app: coupon.held.app,
    };
    word::tell_of(conn, told, kind, fields, at).await
}
