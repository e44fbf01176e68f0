//! What one batch of the engine writes, in one statement.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{IssuedCoupon, OfferKey};
use crate::domain::{
    card::Suspension,
    claim::FinalRefusal,
    delivery::DeliveryState,
    id::{
        AdditionId, AppId, CodeId, CouponId, DeliveryId, HolderId, MemberId, PersonId, PlacementId,
    },
    people::{OpenId, Record},
};
use crate::store::tally::Note;

/// A coupon to be written.
#[derive(Debug, Clone)]
pub struct NewCoupon {
    /// What the holder is told.
    pub coupon: IssuedCoupon,
    /// Where it comes from.
    pub offer: OfferKey,
    /// The terms it keeps.
    pub version: i32,
    /// Where its record counts.
    pub app: AppId,
    /// Whose it is.
    pub holder: HolderId,
    /// Whom the limit counts.
    pub person: PersonId,
    /// Which of the person's coupons of the template.
    pub ordinal: u32,
    /// The act of claiming.
    pub record: Record,
    /// The uploaded code it uses up.
    pub code: Option<CodeId>,
    /// The word of it that the platform is owed.
    pub owed: Option<OwedSync>,
}

/// What a platform is owed for one coupon; the rest of the delivery is the coupon's.
#[derive(Debug, Clone, Copy)]
pub struct OwedSync {
    /// Ours.
    pub id: DeliveryId,
    /// Waiting or pending.
    pub state: DeliveryState,
}

/// A final refusal to be written.
#[derive(Debug, Clone)]
pub struct NewRefusal {
    /// Where its record counts.
    pub app: AppId,
    /// The act of claiming.
    pub record: Record,
    /// What it was for.
    pub placement: PlacementId,
    /// Who asked.
    pub holder: HolderId,
    /// Why not.
    pub reason: FinalRefusal,
}

/// Somebody to be met for the first time.
#[derive(Debug, Clone)]
pub struct NewHolder {
    /// Derived from the other two.
    pub id: HolderId,
    /// Where they are known.
    pub app: AppId,
    /// As whom.
    pub open_id: OpenId,
    /// Whose it is, if somebody said.
    pub member: Option<MemberId>,
}

/// By how much a stock grows because its platform gave out more than was left.
#[derive(Debug, Clone, Copy)]
pub struct Growth {
    /// Of the addition that says so.
    pub id: AdditionId,
    /// On whose app it is named.
    pub app: AppId,
    /// More than zero.
    pub amount: i64,
}

/// Everything one batch writes.
#[derive(Debug, Default)]
pub struct Batch {
    /// Coupons, and with them the counting of stock and the use of uploaded codes.
    pub coupons: Vec<NewCoupon>,
    /// Final refusals.
    pub refusals: Vec<NewRefusal>,
    /// People.
    pub holders: Vec<NewHolder>,
    /// What the daily sums are to count, one for each thing.
    pub notes: Vec<Note>,
    /// Stocks that grow.
    pub beyond: BTreeMap<OfferKey, Growth>,
    /// Those of the coupons that platforms had given out already.
    pub given: Vec<GivenCoupon>,
}

/// A coupon that a platform had given out already.
#[derive(Debug, Clone)]
pub struct GivenCoupon {
    /// Ours.
    pub id: CouponId,
    /// Where it comes from.
    pub offer: OfferKey,
    /// On which app.
    pub app: AppId,
    /// What keeps it from being used, and since when.
    pub suspension: Option<(Suspension, DateTime<Utc>)>,
    /// When and where it was used at a till of the platform's.
    pub used: Option<(DateTime<Utc>, String)>,
}

/// Writes a batch that was decided at `now`.
pub async fn write_batch(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    batch: &Batch,
) -> sqlx::Result<()> {
    let Batch { coupons, refusals, holders, notes, beyond, given: _ } = batch;
    let counts = count_by_stock(coupons);
    let grown: Vec<_> = beyond.iter().collect();
    let owed: Vec<_> = coupons.iter().filter_map(|c| Some((c, c.owed?))).collect();
    sqlx::query_file!(
        "src/store/sql/write_batch.sql",
        now,
        &column(holders, |h| h.id.uuid()),
        &column(holders, |h| h.app.uuid()),
        &column(holders, |h| h.open_id.as_str()) as _,
        &column(&counts, |(key, _)| key.placement.uuid()),
        &column(&counts, |(key, _)| key.way.as_str()) as _,
        &column(&counts, |(_, count)| *count),
        &column(refusals, |r| r.app.uuid()),
        &column(refusals, |r| r.record.as_str()) as _,
        &column(refusals, |r| r.placement.uuid()),
        &column(refusals, |r| r.holder.uuid()),
        &column(refusals, |r| r.reason.as_str()) as _,
        &coupons.iter().filter_map(|c| c.code).map(CodeId::uuid).collect::<Vec<_>>(),
        &column(coupons, |c| c.coupon.id.uuid()),
        &column(coupons, |c| c.offer.placement.uuid()),
        &column(coupons, |c| c.offer.template.uuid()),
        &column(coupons, |c| c.version),
        &column(coupons, |c| c.app.uuid()),
        &column(coupons, |c| c.holder.uuid()),
        &column(coupons, |c| c.person.uuid()),
        &column(coupons, |c| i32::try_from(c.ordinal).unwrap_or(i32::MAX)),
        &column(coupons, |c| c.record.as_str()) as _,
        &column(coupons, |c| c.offer.way.as_str()) as _,
        &column(coupons, |c| c.coupon.code.as_str()) as _,
        &column(coupons, |c| c.coupon.valid_from),
        &column(coupons, |c| c.coupon.valid_until),
        &column(&owed, |(_, sync)| sync.id.uuid()),
        &column(&owed, |(c, _)| c.app.uuid()),
        &column(&owed, |(c, _)| c.coupon.id.uuid()),
        &column(&owed, |(c, _)| c.offer.placement.uuid()),
        &column(&owed, |(c, _)| c.record.as_str()) as _,
        &column(&owed, |(_, sync)| sync.state.as_str()) as _,
        &column(notes, |note| note.template.uuid()),
        &column(notes, |note| note.app.uuid()),
        &column(notes, |note| note.measure.as_str()) as _,
        &column(notes, |note| note.count),
        &column(holders, |h| h.member.map(MemberId::uuid)) as &[Option<Uuid>],
        &column(&counts, |(key, _)| beyond.get(key).map_or(0, |growth| growth.amount)),
        &column(&grown, |(_, growth)| growth.id.uuid()),
        &column(&grown, |(_, growth)| growth.app.uuid()),
        &column(&grown, |(key, _)| key.placement.uuid()),
        &column(&grown, |(key, _)| key.way.as_str()) as _,
        &column(&grown, |(_, growth)| growth.amount),
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn column<'a, T, V>(rows: &'a [T], value: impl FnMut(&'a T) -> V) -> Vec<V> {
    rows.iter().map(value).collect()
}

/// How many coupons each stock gives, in the order of the locks.
fn count_by_stock(coupons: &[NewCoupon]) -> Vec<(OfferKey, i64)> {
    let mut counts = BTreeMap::new();
    for coupon in coupons {
        *counts.entry(coupon.offer).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}
