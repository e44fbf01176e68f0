//! Coupons after their issue: one read that tells all a step is judged by, and one statement for each step.
//!
//! A step names the version that was read; where the coupon has moved on since, it changes nothing and says so.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::redemption::Redemption;
use crate::domain::{
    code::CouponCode,
    coupon::CouponState,
    event::{Cause, EventKind},
    id::{AppId, CouponId, DeliveryId, EventId, PlacementId, RedemptionId, TemplateId},
    life::{ActKey, Lock, Shown, Standing, Whose},
    validity::Validity,
};

pub mod unused;

/// A coupon and all that its next step is judged by.
#[derive(Debug, Clone)]
pub struct Found {
    /// Ours.
    pub id: CouponId,
    /// As often as it has changed.
    pub version: i32,
    /// Of what.
    pub template: TemplateId,
    /// The terms it keeps.
    pub terms_version: i32,
    /// Where it was given out.
    pub placement: PlacementId,
    /// Where it was given out.
    pub app: AppId,
    /// What its holder shows.
    pub code: CouponCode,
    /// Where it is in its life.
    pub state: CouponState,
    /// The first moment of use.
    pub valid_from: DateTime<Utc>,
    /// The first moment at which it is over.
    pub valid_until: DateTime<Utc>,
    /// The order of its lock, which may have passed.
    pub locked_for: Option<String>,
    /// When that began.
    pub locked_at: Option<DateTime<Utc>>,
    /// When that ends.
    pub lock_expires_at: Option<DateTime<Utc>>,
    /// The order of the use that stands.
    pub used_for: Option<String>,
    /// The use for the order that asks.
    pub of_order: Option<RedemptionId>,
    /// Whether that was given back.
    pub given_back: bool,
    /// The use that was made under the asker's key.
    pub keyed: Option<RedemptionId>,
    /// What was asked then.
    pub keyed_hash: Option<Vec<u8>>,
    /// The database's clock.
    pub database_now: DateTime<Utc>,
}

/// A use that was made under somebody's key.
#[derive(Debug, Clone)]
pub struct Keyed {
    /// Which.
    pub id: RedemptionId,
    /// What was asked.
    pub request_hash: Option<Vec<u8>>,
}

/// One step of one coupon, judged at a version of it.
#[derive(Debug)]
pub struct Step<'a> {
    /// Which coupon.
    pub coupon: CouponId,
    /// As it was judged.
    pub version: i32,
    /// When.
    pub now: DateTime<Utc>,
    /// Who, with which request.
    pub cause: &'a Cause,
    /// What anybody who is told of it is told.
    pub data: Value,
}

/// The coupon that is shown, if it is theirs who have to have it.
pub async fn find(
    conn: &mut PgConnection,
    shown: &Shown,
    whose: &Whose,
    order_no: Option<&str>,
    key: Option<&ActKey>,
) -> sqlx::Result<Option<Found>> {
    let (id, code) = match shown {
        Shown::Id(id) => (Some(id.uuid()), None),
        Shown::Code(code) => (None, Some(code.as_str())),
    };
    let (holder, uid) = match whose {
        Whose::Anybodys => (None, None),
        Whose::Holder(holder) => (Some(holder.uuid()), None),
        Whose::Member(uid) => (None, Some(uid.as_str())),
    };
    sqlx::query_file_as!(
        Found,
        "src/store/sql/find_life.sql",
        code,
        id,
        order_no,
        key.map(|key| key.owner),
        key.map(|key| key.text.as_str()),
        holder,
        uid,
    )
    .fetch_optional(conn)
    .await
}

/// The use that was made under a key, whatever coupon it was of.
pub async fn find_keyed(conn: &mut PgConnection, key: &ActKey) -> sqlx::Result<Option<Keyed>> {
    sqlx::query_as!(
        Keyed,
        r#"
        select redemption_id as "id: RedemptionId", request_hash
        from redemption
        where idempotency_owner = $1 and idempotency_key = $2
        "#,
        key.owner,
        key.text,
    )
    .fetch_optional(conn)
    .await
}

/// Whose a coupon is, as their app knows them; personal data.
pub async fn get_open_id(conn: &mut PgConnection, coupon: CouponId) -> sqlx::Result<String> {
    sqlx::query_scalar!(
        r#"
        select holder.open_id
        from coupon
        join holder on holder.holder_id = coupon.holder_id
        where coupon.coupon_id = $1
        "#,
        coupon as _,
    )
    .fetch_one(conn)
    .await
}

/// Keeps a coupon for an order until then.
pub async fn lock(
    conn: &mut PgConnection,
    step: &Step<'_>,
    order_no: &str,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_file_scalar!(
        "src/store/sql/lock_coupon.sql",
        step.coupon as _,
        step.version,
        order_no,
        step.cause.actor.to_string(),
        step.now,
        expires_at,
        EventId::new(step.now) as _,
        step.cause.request.as_deref(),
        step.data,
    )
    .fetch_one(conn)
    .await
}

/// Keeps it for nobody any longer.
pub async fn unlock(conn: &mut PgConnection, step: &Step<'_>) -> sqlx::Result<bool> {
    release(conn, step, CouponState::Issued, EventKind::Unlocked).await
}

/// Takes it out of use.
pub async fn void(conn: &mut PgConnection, step: &Step<'_>) -> sqlx::Result<bool> {
    release(conn, step, CouponState::Void, EventKind::Voided).await
}

async fn release(
    conn: &mut PgConnection,
    step: &Step<'_>,
    state: CouponState,
    kind: EventKind,
) -> sqlx::Result<bool> {
    sqlx::query_file_scalar!(
        "src/store/sql/release_coupon.sql",
        step.coupon as _,
        step.version,
        state as _,
        EventId::new(step.now) as _,
        kind.as_str(),
        step.cause.actor.to_string(),
        step.cause.request.as_deref(),
        step.data,
        step.now,
    )
    .fetch_one(conn)
    .await
}

/// Uses a coupon, and owes its platform the news; breaks `redemption_one_per_key` where the key is taken.
pub async fn redeem(
    conn: &mut PgConnection,
    step: &Step<'_>,
    redemption: &Redemption,
    key: &ActKey,
    request_hash: &[u8],
) -> sqlx::Result<bool> {
    let lines = &redemption.lines;
    let goods: Vec<&str> = lines.iter().map(|line| &*line.goods_id).collect();
    let done = sqlx::query_file!(
        "src/store/sql/redeem_coupon.sql",
        step.coupon as _,
        step.version,
        redemption.id as _,
        redemption.order_no,
        redemption.store,
        redemption.operator,
        step.now,
        step.cause.actor.to_string(),
        redemption.amount_fen,
        redemption.discount_fen,
        key.owner,
        key.text,
        request_hash,
        &lines.iter().map(|line| line.line).collect::<Vec<_>>(),
        &goods as _,
        &lines.iter().map(|line| line.quantity).collect::<Vec<_>>(),
        &lines.iter().map(|line| line.amount_fen).collect::<Vec<_>>(),
        &lines.iter().map(|line| line.discount_fen).collect::<Vec<_>>(),
        DeliveryId::new(step.now) as _,
        EventId::new(step.now) as _,
        step.cause.request.as_deref(),
        step.data,
    )
    .fetch_one(conn)
    .await?;
    Ok(done.changed)
}

/// Undoes a use, with all its lines.
pub async fn give_back(
    conn: &mut PgConnection,
    step: &Step<'_>,
    redemption: RedemptionId,
) -> sqlx::Result<bool> {
    sqlx::query_file_scalar!(
        "src/store/sql/give_back_coupon.sql",
        step.coupon as _,
        step.version,
        redemption as _,
        step.now,
        step.cause.actor.to_string(),
        EventId::new(step.now) as _,
        step.cause.request.as_deref(),
        step.data,
    )
    .fetch_one(conn)
    .await
}

/// Takes back some lines of a use, which stands.
pub async fn give_back_lines(
    conn: &mut PgConnection,
    step: &Step<'_>,
    redemption: RedemptionId,
    lines: &[i32],
) -> sqlx::Result<bool> {
    sqlx::query_file_scalar!(
        "src/store/sql/give_back_lines.sql",
        step.coupon as _,
        step.version,
        redemption as _,
        step.now,
        step.cause.actor.to_string(),
        EventId::new(step.now) as _,
        step.cause.request.as_deref(),
        step.data,
        lines,
    )
    .fetch_one(conn)
    .await
}

impl Found {
    /// As the rules see it.
    pub fn standing(&self) -> Standing {
        let lock = self.locked_for.clone().zip(self.lock_expires_at);
        Standing {
            state: self.state,
            validity: Validity { from: self.valid_from, until: self.valid_until },
            lock: lock.map(|(order_no, expires_at)| Lock { order_no, expires_at }),
            used_for: self.used_for.clone(),
            given_back: self.given_back,
        }
    }
}
