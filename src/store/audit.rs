//! The questions of the audit: each reads rows, never a counter or an index that it is meant to prove.
//!
//! Answers are what is wrong, at most so many of a kind, with the total; an empty answer is a promise kept.

pub mod card;
pub mod code;
pub mod coupon;
pub mod delivery;
pub mod guard;
pub mod reference;
pub mod server;
pub mod stock;
pub mod sums;
pub mod terms;

use sqlx::PgConnection;

use crate::domain::id::CouponId;

/// One coupon that breaks a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CouponFinding {
    /// What is wrong with it.
    pub fault: CouponFault,
    /// Which one.
    pub coupon: CouponId,
    /// How many coupons have this fault, listed or not.
    pub total: i64,
}

/// What can be wrong with a coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum CouponFault {
    /// Something it names does not exist, or two things it names do not belong together.
    Dangling,
    /// Its number is above the per-person limit of its terms.
    AboveLimit,
    /// Issued before the claim window of its terms, or after it.
    OutsideWindow,
    /// Valid at other times than its terms say.
    WrongValidity,
    /// Issued in the future, or over before it begins.
    StrangeTimes,
    /// Another coupon has its record.
    RecordRepeated,
    /// Its record was refused.
    RecordRefused,
    /// Another coupon has its code, or one that looks the same.
    CodeRepeated,
    /// Claimed through us, and its platform is not owed exactly one word of it; or is owed one and keeps no wallet.
    ClaimUntold,
    /// Used, and its platform is not owed exactly one word of it; or is owed one though it was never used.
    UseUntold,
    /// Its state and its uses that stand do not agree.
    UseMiscounted,
    /// Used before it was issued or valid, or after, and not under a lock that was taken in time.
    UsedOutOfTime,
    /// Locked without a lock, or with a lock and not locked.
    WronglyLocked,
    /// Out of use, and its history does not say why.
    VoidUnexplained,
    /// Its card names another app, placement, code, holder or way.
    CardDisagrees,
    /// Its platform gives out by itself, and never told of it.
    WithoutCard,
    /// What keeps it from being used is not what its card says.
    WronglySuspended,
    /// Used although somebody else has it under another code, and nobody was told.
    UsedThoughGivenAway,
    /// The lines of a use do not add up to it, or some are back in another way than the whole.
    Misitemised,
}

/// Settles the session for the rest of the transaction; to be called first in it.
pub async fn prepare(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        select
            -- Indexes are among the accused: rows are read where they lie.
            set_config('enable_indexscan', 'off', true) as indexes,
            set_config('enable_indexonlyscan', 'off', true) as index_alone,
            set_config('enable_bitmapscan', 'off', true) as bitmaps,
            -- Enough for a million coupons; more of them spill to disk.
            set_config('work_mem', '64MB', true) as memory,
            -- One core is left to those who serve customers.
            set_config('max_parallel_workers_per_gather', '0', true) as workers,
            set_config('jit', 'off', true) as compilation,
            -- A limit that was made for requests would cut a long table short.
            set_config('statement_timeout', '30min', true) as patience,
            -- A migration goes first.
            set_config('lock_timeout', '10s', true) as courtesy
        "#,
    )
    .fetch_one(conn)
    .await
    .map(drop)
}
