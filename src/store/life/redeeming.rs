//! Coupons are used: those of one moment in one statement.

use sqlx::PgConnection;

use super::Step;
use crate::{
    domain::{
        id::{CouponId, DeliveryId, EventId},
        life::ActKey,
    },
    store::redemption::Redemption,
};

/// A use that was granted.
#[derive(Debug)]
pub struct Use<'a> {
    /// Of which coupon, as it was judged.
    pub step: Step<'a>,
    /// What is kept of it.
    pub redemption: &'a Redemption,
    /// The asker's name of it.
    pub key: &'a ActKey,
    /// What was asked under that name.
    pub request_hash: &'a [u8],
}

/// Uses coupons, each at most once, and owes their platforms the news; says which ones. A coupon that has changed since it
/// was judged stays as it is, and so does one that somebody else is about to change.
///
/// # Errors
/// `redemption_one_per_key` is broken where a key is taken; then nothing was done for anybody.
pub async fn redeem(conn: &mut PgConnection, uses: &[Use<'_>]) -> sqlx::Result<Vec<CouponId>> {
    let lines: Vec<_> = uses
        .iter()
        .flat_map(|one| one.redemption.lines.iter().map(|line| (one.redemption.id.uuid(), line)))
        .collect();
    sqlx::query_file!(
        "src/store/sql/redeem_coupons.sql",
        &column(uses, |one| one.step.coupon.uuid()),
        &column(uses, |one| one.step.version),
        &column(uses, |one| one.redemption.id.uuid()),
        &column(uses, |one| one.redemption.order_no.as_str()) as _,
        &column(uses, |one| one.redemption.store.as_deref()) as _,
        &column(uses, |one| one.redemption.operator.as_deref()) as _,
        &column(uses, |one| one.step.now),
        &column(uses, |one| one.step.cause.actor.to_string()),
        &column(uses, |one| one.redemption.amount_fen) as _,
        &column(uses, |one| one.redemption.discount_fen) as _,
        &column(uses, |one| one.key.owner),
        &column(uses, |one| one.key.text.as_str()) as _,
        &column(uses, |one| one.request_hash) as _,
        &column(&lines, |(id, _)| *id),
        &column(&lines, |(_, line)| line.line),
        &column(&lines, |(_, line)| line.goods_id.as_str()) as _,
        &column(&lines, |(_, line)| line.quantity),
        &column(&lines, |(_, line)| line.amount_fen),
        &column(&lines, |(_, line)| line.discount_fen),
        &column(uses, |one| DeliveryId::new(one.step.now).uuid()),
        &column(uses, |one| EventId::new(one.step.now).uuid()),
        &column(uses, |one| one.step.cause.request.as_deref()) as _,
        &column(uses, |one| one.step.data.clone()),
    )
    .fetch_all(conn)
    .await
    .map(|used| used.into_iter().map(|row| row.coupon_id).collect())
}

fn column<'a, R, V>(rows: &'a [R], value: impl Fn(&'a R) -> V) -> Vec<V> {
    rows.iter().map(value).collect()
}
