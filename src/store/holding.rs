//! Coupons as the person sees them in whose hands they are.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    card::Suspension,
    code::CouponCode,
    coupon::CouponState,
    id::{AppId, CouponId, HolderId, MemberId, PlacementId, TemplateId},
    sight::Sight,
    standing::Tab,
};

/// A coupon with all that decides what it is at a moment.
#[derive(Debug, Clone)]
pub struct Holding {
    /// Ours.
    pub id: CouponId,
    /// Of which template.
    pub template: TemplateId,
    /// Under which version of its terms.
    pub version: i32,
    /// Of which placement.
    pub placement: PlacementId,
    /// On which app.
    pub app: AppId,
    /// What the holder shows.
    pub code: CouponCode,
    /// Where it is in its life.
    pub state: CouponState,
    /// The first moment of use.
    pub valid_from: DateTime<Utc>,
    /// The first moment at which it is over.
    pub valid_until: DateTime<Utc>,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// When its lock ends, if it is locked.
    pub locked_until: Option<DateTime<Utc>>,
    /// The order that its lock is for.
    pub locked_for: Option<String>,
    /// What its platform keeps it from being used for.
    pub suspended: Option<Suspension>,
    /// The order that it was used for.
    pub order_no: Option<String>,
    /// Where it was used, if somebody said.
    pub store: Option<String>,
    /// When it was used.
    pub redeemed_at: Option<DateTime<Utc>>,
    /// What it took off, if a cart was shown.
    pub discount_fen: Option<i64>,
}

/// Whose coupons: those of one holder, or of all holders of a member.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    /// One account.
    pub holder: Option<HolderId>,
    /// Every account of the member.
    pub member: Option<MemberId>,
}

/// Which of them.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// Those of one tab.
    Tab(Tab),
    /// All that is neither used, nor over, nor out of use, nor given to somebody else.
    Open,
    /// The same without what its platform keeps from being used.
    Ready,
    /// All that is neither used, nor about to be, nor kept by its platform, nor out of use.
    Unused,
    /// What was used, or is about to be.
    UsedOrLocked,
    /// All that is neither out of use nor given to somebody else.
    All,
}

/// The owner's coupons at `now`, newest first, older than `before`; of a member, those on the apps that are seen.
pub async fn list(
    conn: &mut PgConnection,
    (owner, sight): (Owner, &Sight),
    which: Which,
    now: DateTime<Utc>,
    (before, limit): (Option<CouponId>, i64),
) -> sqlx::Result<Vec<Holding>> {
    let which = match which {
        Which::Tab(tab) => tab.as_str(),
        Which::Open => "open",
        Which::Ready => "ready",
        Which::Unused => "unused",
        Which::UsedOrLocked => "used_or_locked",
        Which::All => "all",
    };
    let before = before.map_or(Uuid::max(), CouponId::uuid);
    let apps = sight.filter();
    sqlx::query_file_as!(
        Holding,
        "src/store/sql/list_holdings.sql",
        owner.holder as _,
        owner.member as _,
        before,
        which,
        now,
        limit,
        apps.as_deref(),
    )
    .fetch_all(conn)
    .await
}

/// One coupon that is not out of use: anybody's, or only if it is in the hands of `owner`.
pub async fn find(
    conn: &mut PgConnection,
    id: CouponId,
    owner: Option<Owner>,
) -> sqlx::Result<Option<Holding>> {
    sqlx::query_as!(
        Holding,
        r#"
        select
            coupon.coupon_id as "id: CouponId",
            coupon.template_id as "template: TemplateId",
            coupon.terms_version as version,
            coupon.placement_id as "placement: PlacementId",
            coupon.app_id as "app: AppId",
            coupon.code as "code: CouponCode",
            coupon.state as "state: CouponState",
            coupon.valid_from,
            coupon.valid_until,
            coupon.issued_at,
            coupon_lock.expires_at as "locked_until?",
            coupon_lock.order_no as "locked_for?",
            coupon_suspension.reason as "suspended?: Suspension",
            used.order_no as "order_no?",
            used.store as "store?",
            used.redeemed_at as "redeemed_at?",
            used.discount_fen as "discount_fen?"
        from coupon
        left join coupon_lock on coupon_lock.coupon_id = coupon.coupon_id
        left join coupon_suspension on coupon_suspension.coupon_id = coupon.coupon_id
        left join redemption as used
            on used.coupon_id = coupon.coupon_id and used.reversed_at is null
        where coupon.coupon_id = $1
            and coupon.state <> 'void'
            and (
                $2
                or coupon.holder_id = $3
                or exists (
                    select
                    from holder
                    where holder.holder_id = coupon.holder_id and holder.member_id = $4
                )
            )
        "#,
        id as _,
        owner.is_none(),
        owner.and_then(|owner| owner.holder) as _,
        owner.and_then(|owner| owner.member) as _,
    )
    .fetch_optional(conn)
    .await
}

/// The coupons of a member that are kept for this order, or used for it.
pub async fn list_of_order(
    conn: &mut PgConnection,
    member: MemberId,
    order_no: &str,
) -> sqlx::Result<Vec<CouponId>> {
    sqlx::query_scalar!(
        r#"
        select coupon.coupon_id as "id!: CouponId"
        from holder
        join coupon on coupon.holder_id = holder.holder_id
        where holder.member_id = $1
            and case coupon.state
                when 'locked' then exists (
                    select
                    from coupon_lock
                    where coupon_lock.coupon_id = coupon.coupon_id and coupon_lock.order_no = $2
                )
                when 'redeemed' then exists (
                    select
                    from redemption
                    where redemption.coupon_id = coupon.coupon_id
                        and redemption.order_no = $2
                        and redemption.reversed_at is null
                )
                else false
            end
        order by coupon.coupon_id
        "#,
        member as _,
        order_no,
    )
    .fetch_all(conn)
    .await
}

/// The coupon that shows this code.
pub async fn find_by_code(
    conn: &mut PgConnection,
    code: &CouponCode,
) -> sqlx::Result<Option<CouponId>> {
    sqlx::query_scalar!(
        r#"select coupon_id as "id: CouponId" from coupon where code = $1"#,
        code as _,
    )
    .fetch_optional(conn)
    .await
}
