//! The statements of the issuing engine. Each stands in a file of its own, so that a test can look at its plan.

pub mod batch;
pub mod given;

use chrono::{DateTime, Utc};
use sqlx::{Executor as _, PgConnection, SqlStr};
use uuid::Uuid;

use crate::domain::{
    claim::FinalRefusal,
    code::CouponCode,
    id::{CodeId, CouponId, HolderId, PlacementId, TemplateId},
    people::{Membership, Person},
    placement::PlacementState,
    stock::Way,
    template::TemplateState,
    terms::Terms,
};

/// The statements that answer known records.
pub const READS: [&str; 1] = [include_str!("sql/find_known.sql")];

/// The statements of every transaction that issues.
pub const WRITES: [&str; 4] = [
    include_str!("sql/lock_offers.sql"),
    include_str!("sql/read_facts.sql"),
    include_str!("sql/write_batch.sql"),
    include_str!("sql/note_in_passing.sql"),
];

/// Has the connection keep a statement ready.
pub async fn prepare(conn: &mut PgConnection, statement: &'static str) -> sqlx::Result<()> {
    conn.prepare(SqlStr::from_static(statement)).await.map(drop)
}

/// How the engine names what it looks up: one array per column, all of one length.
#[derive(Debug, Default)]
pub struct Asked {
    /// Where the record counts.
    pub apps: Vec<Uuid>,
    /// The records themselves.
    pub records: Vec<String>,
    /// Who asks.
    pub holders: Vec<Uuid>,
    /// For a coupon of what.
    pub templates: Vec<Uuid>,
    /// Whose a holder will be who has no row yet.
    pub members: Vec<Option<Uuid>>,
}

/// What was answered to a record before.
#[derive(Debug, Clone)]
pub struct Known {
    /// What it was for.
    pub placement: PlacementId,
    /// Whose it is.
    pub holder: HolderId,
    /// The answer.
    pub answer: Remembered,
}

/// An answer that is kept.
#[derive(Debug, Clone)]
pub enum Remembered {
    /// A coupon was issued.
    Issued(IssuedCoupon),
    /// A final "no".
    Refused(FinalRefusal),
}

/// An issued coupon, as far as its holder is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCoupon {
    /// Ours.
    pub id: CouponId,
    /// What the holder shows.
    pub code: CouponCode,
    /// The first moment of use.
    pub valid_from: DateTime<Utc>,
    /// The first moment at which it is over.
    pub valid_until: DateTime<Utc>,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
}

/// What a batch issues from; sorts in the order in which rows are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OfferKey {
    /// Locked first.
    pub template: TemplateId,
    /// Whose stock counts.
    pub placement: PlacementId,
    /// Which of its stocks.
    pub way: Way,
}

/// A locked offer.
#[derive(Debug, Clone, Copy)]
pub struct LockedOffer {
    /// Which of the asked keys, counted from zero.
    pub index: usize,
    /// The database's clock, after the lock was had.
    pub database_now: DateTime<Utc>,
    /// Whether the template can be claimed.
    pub template_state: TemplateState,
    /// The version of the terms in force.
    pub version: i32,
    /// Whether the placement can be claimed from.
    pub placement_state: PlacementState,
    /// Whether the platform is owed word of coupons that are claimed through us.
    pub tells_claims: bool,
    /// Whether the platform knows the placement already.
    pub known_there: bool,
    /// Stock that is not issued.
    pub left: i64,
}

/// What is known about one request under the locks.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The record's earlier answer.
    pub known: Option<Known>,
    /// Whether the holder has a row already.
    pub holder_known: bool,
    /// Whom the limit counts.
    pub person: Person,
    /// How many coupons of the template the person was ever given.
    pub held: u32,
    /// When the last of them was issued.
    pub latest: Option<DateTime<Utc>>,
    /// How many cards of it were signed for them and are not taken yet.
    pub reserved: u32,
}

/// The earlier answers to `asked`, each with its position in it; records without one are left out.
pub async fn find_known(
    conn: &mut PgConnection,
    asked: &Asked,
) -> sqlx::Result<Vec<(usize, Known)>> {
    let rows = sqlx::query_file!("src/store/sql/find_known.sql", &asked.apps, &asked.records)
        .fetch_all(conn)
        .await?;
    let known = rows.into_iter().filter_map(|row| {
        let issued =
            issued(row.coupon_id, row.code, row.valid_from, row.valid_until, row.issued_at);
        let known = known(row.placement_id, row.holder_id, issued, row.reason)?;
        Some((index(row.position), known))
    });
    Ok(known.collect())
}

/// Locks the offers, which must be sorted, and the records; an offer that does not exist is left out.
pub async fn lock_offers(
    conn: &mut PgConnection,
    keys: &[OfferKey],
    asked: &Asked,
) -> sqlx::Result<Vec<LockedOffer>> {
    let templates: Vec<_> = keys.iter().map(|key| key.template.uuid()).collect();
    let placements: Vec<_> = keys.iter().map(|key| key.placement.uuid()).collect();
    let ways: Vec<_> = keys.iter().map(|key| key.way.as_str()).collect();
    let rows = sqlx::query_file!(
        "src/store/sql/lock_offers.sql",
        &templates,
        &placements,
        &ways as _,
        &record_locks(asked),
    )
    .fetch_all(conn)
    .await?;
    let offers = rows.into_iter().map(|row| LockedOffer {
        index: index(row.position),
        database_now: row.database_now,
        template_state: row.template_state,
        version: row.version,
        placement_state: row.placement_state,
        tells_claims: row.tells_claims,
        known_there: row.known_there,
        left: row.left,
    });
    Ok(offers.collect())
}

/// Reads what is known at `now` about each of `asked`, in its order.
pub async fn read_facts(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    asked: &Asked,
) -> sqlx::Result<Vec<Facts>> {
    let rows = sqlx::query_file!(
        "src/store/sql/read_facts.sql",
        &asked.apps,
        &asked.records,
        &asked.holders,
        &asked.templates,
        &asked.members as &[Option<Uuid>],
        now,
    )
    .fetch_all(conn)
    .await?;
    let mut facts: Vec<_> = rows
        .into_iter()
        .map(|row| {
            let issued =
                issued(row.coupon_id, row.code, row.valid_from, row.valid_until, row.issued_at);
            let position = index(row.position);
            let facts = Facts {
                known: known(row.placement_id, row.holder_id, issued, row.reason),
                holder_known: row.holder_known.unwrap_or_default(),
                person: Person {
                    id: row.member_id.unwrap_or(asked.holders[position]).into(),
                    membership: row.member_id.map(|_| Membership {
                        classes: row.classes.unwrap_or_default(),
                        birth_month: row.birth_month.and_then(|month| u8::try_from(month).ok()),
                    }),
                },
                held: row.ordinal.and_then(|held| u32::try_from(held).ok()).unwrap_or_default(),
                latest: row.latest_at,
                reserved: row
                    .reserved
                    .and_then(|open| u32::try_from(open).ok())
                    .unwrap_or_default(),
            };
            (position, facts)
        })
        .collect();
    facts.sort_unstable_by_key(|(position, _)| *position);
    Ok(facts.into_iter().map(|(_, facts)| facts).collect())
}

/// One version of a template's terms, which never changes.
pub async fn get_terms(
    conn: &mut PgConnection,
    template: TemplateId,
    version: i32,
) -> sqlx::Result<Terms> {
    let document = sqlx::query_scalar!(
        r#"
        select document as "document: sqlx::types::Json<Terms>"
        from template_terms
        where template_id = $1 and version = $2
        "#,
        template as _,
        version,
    )
    .fetch_one(conn)
    .await?;
    Ok(document.0)
}

/// Up to `count` free uploaded codes of the template, locked until the transaction ends.
pub async fn take_codes(
    conn: &mut PgConnection,
    template: TemplateId,
    count: i64,
) -> sqlx::Result<Vec<(CodeId, CouponCode)>> {
    let rows = sqlx::query_file!("src/store/sql/take_codes.sql", template as _, count)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.code_id, row.value)).collect())
}

/// The advisory locks of the asked records, in their order. Two records may share one; that costs a wait, no more.
fn record_locks(asked: &Asked) -> Vec<i64> {
    let lock = |(app, record): (&Uuid, &String)| {
        Uuid::new_v5(app, record.as_bytes()).as_u64_pair().0.cast_signed()
    };
    let mut locks: Vec<_> = asked.apps.iter().zip(&asked.records).map(lock).collect();
    locks.sort_unstable();
    locks
}

/// Postgres counts from one.
fn index(position: i64) -> usize {
    usize::try_from(position - 1).unwrap_or_default()
}

fn issued(
    id: Option<Uuid>,
    code: Option<CouponCode>,
    valid_from: Option<DateTime<Utc>>,
    valid_until: Option<DateTime<Utc>>,
    issued_at: Option<DateTime<Utc>>,
) -> Option<IssuedCoupon> {
    Some(IssuedCoupon {
        id: id?.into(),
        code: code?,
        valid_from: valid_from?,
        valid_until: valid_until?,
        issued_at: issued_at?,
    })
}

fn known(
    placement: Option<Uuid>,
    holder: Option<Uuid>,
    issued: Option<IssuedCoupon>,
    refused: Option<FinalRefusal>,
) -> Option<Known> {
    let answer = issued.map(Remembered::Issued).or(refused.map(Remembered::Refused))?;
    Some(Known { placement: placement?.into(), holder: holder?.into(), answer })
}
