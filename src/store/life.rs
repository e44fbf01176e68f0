//! Coupons after their issue: one read that tells all a step is judged by, and one statement for each step.
//!
//! A step names the version that was read; where the coupon has moved on since, it changes nothing and says so.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::domain::{
    app::{PlatformKind, ReturnRule},
    card::Suspension,
    code::CouponCode,
    coupon::CouponState,
    event::{Cause, EventKind},
    id::{AppId, CouponId, EventId, PlacementId, RedemptionId, TemplateId},
    life::{ActKey, Facts, Shown, Whose},
    standing::Standing,
    validity::Validity,
};

pub mod redeeming;
pub mod unused;

/// What a coupon's next step is asked for with.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Which one.
    pub shown: &'a Shown,
    /// Whose it has to be.
    pub whose: &'a Whose,
    /// The order that the step is for.
    pub order_no: Option<&'a str>,
    /// The asker's name of the step.
    pub key: Option<&'a ActKey>,
}

/// A coupon and all that its next step is judged by.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which of those that were asked for, from 1.
    pub place: i64,
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
    /// What its platform keeps it from being used for.
    pub suspended: Option<Suspension>,
    /// On what it was given out.
    pub platform: PlatformKind,
    /// Whether what was used there may be given back.
    pub give_back: ReturnRule,
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
pub async fn find(conn: &mut PgConnection, asked: Asked<'_>) -> sqlx::Result<Option<Found>> {
    list(conn, &[asked]).await.map(|mut found| found.pop().flatten())
}

/// The same for many at once, in their order.
pub async fn list(
    conn: &mut PgConnection,
    asked: &[Asked<'_>],
) -> sqlx::Result<Vec<Option<Found>>> {
    let (mut ids, mut codes) = (Vec::new(), Vec::new());
    let (mut holders, mut uids) = (Vec::new(), Vec::new());
    for Asked { shown, whose, .. } in asked {
        let (id, code) = match shown {
            Shown::Id(id) => (Some(id.uuid()), None),
            Shown::Code(code) => (None, Some(code.as_str())),
        };
        let (holder, uid) = match whose {
            Whose::Anybodys => (None, None),
            Whose::Holder(holder) => (Some(holder.uuid()), None),
            Whose::Member(uid) => (None, Some(uid.as_str())),
        };
        ids.push(id);
        codes.push(code);
        holders.push(holder);
        uids.push(uid);
    }
    let orders: Vec<_> = asked.iter().map(|asked| asked.order_no).collect();
    let owners: Vec<_> = asked.iter().map(|asked| asked.key.map(|key| key.owner)).collect();
    let keys: Vec<_> = asked.iter().map(|asked| asked.key.map(|key| &*key.text)).collect();
    let rows = sqlx::query_file_as!(
        Found,
        "src/store/sql/find_lives.sql",
        &codes as _,
        &ids as _,
        &orders as _,
        &owners as _,
        &keys as _,
        &holders as _,
        &uids as _,
    )
    .fetch_all(conn)
    .await?;
    let mut found: Vec<_> = asked.iter().map(|_| None).collect();
    for row in rows {
        let place = usize::try_from(row.place - 1).ok().and_then(|place| found.get_mut(place));
        if let Some(place) = place {
            *place = Some(row);
        }
    }
    Ok(found)
}

/// Waits until nobody is changing this coupon.
pub async fn wait_for(conn: &mut PgConnection, coupon: CouponId) -> sqlx::Result<()> {
    sqlx::query!(r#"select from coupon where coupon_id = $1 for share"#, coupon as _)
        .execute(conn)
        .await?;
    Ok(())
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
    release(conn, step, (CouponState::Issued, EventKind::Unlocked), json!({})).await
}

/// Takes it out of use, and owes its platform the news with the reason, where the platform is to hear of it.
pub async fn void(conn: &mut PgConnection, step: &Step<'_>, reason: &str) -> sqlx::Result<bool> {
    let payload = json!({ "reason": reason });
    release(conn, step, (CouponState::Void, EventKind::Voided), payload).await
}

async fn release(
    conn: &mut PgConnection,
    step: &Step<'_>,
    (state, kind): (CouponState, EventKind),
    payload: Value,
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
        payload,
    )
    .fetch_one(conn)
    .await
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
    /// What it is at any moment.
    pub fn standing(&self) -> Standing {
        let validity = Validity { from: self.valid_from, until: self.valid_until };
        Standing {
            state: self.state,
            validity,
            locked_until: self.lock_expires_at,
            suspended: self.suspended,
        }
    }

    /// What its next step is judged by.
    pub fn facts(&self) -> Facts {
        Facts {
            standing: self.standing(),
            locked_for: self.locked_for.clone(),
            used_for: self.used_for.clone(),
            given_back: self.given_back,
        }
    }
}
