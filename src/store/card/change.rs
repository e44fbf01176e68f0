//! What changes of a coupon because of what is told of its card. Whoever calls has locked the coupon.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{
        card::Suspension,
        id::{AdditionId, AppId, CouponId, HolderId, PlacementId, RedemptionId, TemplateId},
        stock::Way,
        validity::Validity,
    },
    store::upkeep::ends,
};

/// Which coupon something is told of.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// Ours.
    pub coupon: CouponId,
    /// Of what.
    pub template: TemplateId,
    /// Where it was given out.
    pub placement: PlacementId,
    /// Where it was given out.
    pub app: AppId,
}

/// Keeps a coupon from changing until the transaction ends.
pub async fn lock(conn: &mut PgConnection, coupon: CouponId) -> sqlx::Result<()> {
    sqlx::query!("select from coupon where coupon_id = $1 for no key update", coupon as _)
        .execute(conn)
        .await?;
    Ok(())
}

/// Makes sure that the placement has a stock of gifts, which begins with nothing.
pub async fn open_gifts(conn: &mut PgConnection, placements: &[PlacementId]) -> sqlx::Result<()> {
    let placements: Vec<Uuid> = placements.iter().map(|placement| placement.uuid()).collect();
    sqlx::query!(
        r#"
        insert into stock (placement_id, way)
        select placement_id, 'gift'
        from unnest($1::uuid[]) as asked (placement_id)
        order by placement_id
        on conflict on constraint stock_once do nothing
        "#,
        &placements,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A coupon is somebody else's from now on. Whom the limit counts stays.
pub async fn hand_over(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    coupon: CouponId,
    (holder, app): (HolderId, AppId),
    (open_id, union_id): (&str, Option<&str>),
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into holder (holder_id, app_id, open_id, union_id, created_at)
        values ($1, $2, $3, $4, $5)
        on conflict (holder_id) do update
        set union_id = excluded.union_id
        where holder.union_id is null and excluded.union_id is not null
        "#,
        holder as _,
        app as _,
        open_id,
        union_id,
        now,
    )
    .execute(&mut *conn)
    .await?;
    let let_go = sqlx::query_scalar!(
        r#"
        with changed as (
            update coupon
            -- What the giver was about to use it for is no concern of whoever has it now.
            set holder_id = $2,
                state = case when state = 'locked' then 'issued' else state end,
                version = version + 1
            where coupon_id = $1
            returning coupon_id, template_id, placement_id, app_id
        ),
        let_go as (
            delete from coupon_lock
            where coupon_id = $1
            returning order_no
        )
        insert into event (event_id, kind, coupon_id, template_id, app_id, actor, data, occurred_at)
        select
            uuid_v7($3), 'coupon.unlocked', coupon_id, template_id, app_id, 'kaquan',
            jsonb_build_object(
                'coupon_id', typed_id('cpn', coupon_id),
                'template_id', typed_id('tpl', template_id),
                'placement_id', typed_id('plc', placement_id),
                'app_id', typed_id('app', app_id),
                'by', 'platform',
                'order_no', let_go.order_no
            ),
            $3
        from changed
        cross join let_go
        returning coupon_id as "coupon!"
        "#,
        coupon as _,
        holder as _,
        now,
    )
    .fetch_all(&mut *conn)
    .await?;
    // What was kept beyond its end is over now.
    ends::count_returned(conn, &let_go).await
}

/// A coupon counts against the stock of gifts and no longer against that of its placement: nor does the growth of that
/// one which it may have caused.
pub async fn become_gift(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    coupon: CouponId,
    (app, placement): (AppId, PlacementId),
) -> sqlx::Result<()> {
    open_gifts(conn, &[placement]).await?;
    sqlx::query!(
        r#"
        update stock
        set issued = issued - 1
        where placement_id = $1 and way = 'take'
        "#,
        placement as _,
    )
    .execute(&mut *conn)
    .await?;
    let beyond = sqlx::query_scalar!(
        r#"
        select coalesce(sum(amount), 0)::bigint as "beyond!"
        from stock_addition
        where placement_id = $1 and way = 'take' and name like 'beyond/%'
        "#,
        placement as _,
    )
    .fetch_one(&mut *conn)
    .await?;
    if beyond > 0 {
        grow(conn, now, (app, placement), Way::Take, -1).await?;
    }
    grow(conn, now, (app, placement), Way::Gift, 1).await?;
    sqlx::query!(
        r#"
        with counted as (
            update stock
            set issued = issued + 1
            where placement_id = $2 and way = 'gift'
        ),
        changed as (
            update coupon
            set way = 'gift', version = version + 1
            where coupon_id = $1
            returning template_id, app_id, issued_at
        )
        insert into tally (day, template_id, app_id, measure, count)
        select (issued_at at time zone 'Asia/Shanghai')::date, template_id, app_id, 'claimed', -1
        from changed
        "#,
        coupon as _,
        placement as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn grow(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    (app, placement): (AppId, PlacementId),
    way: Way,
    amount: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with grown as (
            update stock
            set total = total + $5
            where placement_id = $3 and way = $4
        ),
        added as (
            insert into stock_addition (addition_id, app_id, placement_id, way, name, amount, added_by, added_at)
            values ($1, $2, $3, $4, 'beyond/' || $1::uuid, $5, 'kaquan', $6)
        )
        insert into tally (day, template_id, app_id, measure, count)
        select ($6::timestamptz at time zone 'Asia/Shanghai')::date, template_id, app_id, 'offered', $5
        from placement
        where placement_id = $3
        "#,
        AdditionId::new(now) as _,
        app as _,
        placement as _,
        way as _,
        amount,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A coupon can be used in another span, as it was taken at another time than we knew.
pub async fn move_validity(
    conn: &mut PgConnection,
    coupon: CouponId,
    to: Validity,
) -> sqlx::Result<()> {
    take_back_end(conn, coupon).await?;
    sqlx::query!(
        r#"
        update coupon
        set valid_from = $2, valid_until = $3, version = version + 1
        where coupon_id = $1
        "#,
        coupon as _,
        to.from,
        to.until,
    )
    .execute(&mut *conn)
    .await?;
    ends::count_returned(conn, &[coupon.uuid()]).await
}

/// A coupon goes on as what its giver had: under these terms, in this span.
pub async fn inherit(
    conn: &mut PgConnection,
    coupon: CouponId,
    (terms_version, validity): (i32, Validity),
) -> sqlx::Result<()> {
    sqlx::query!(
        "update coupon set terms_version = $2 where coupon_id = $1",
        coupon as _,
        terms_version,
    )
    .execute(&mut *conn)
    .await?;
    move_validity(conn, coupon, validity).await
}

/// A coupon cannot be used from now on; whether it could until now.
pub async fn suspend(
    conn: &mut PgConnection,
    coupon: CouponId,
    reason: Suspension,
    since: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with kept as (
            insert into coupon_suspension (coupon_id, reason, since)
            values ($1, $2, $3)
            on conflict on constraint coupon_suspension_pkey do update
            set reason = excluded.reason, since = excluded.since
        )
        update coupon
        set version = version + 1
        where coupon_id = $1
        "#,
        coupon as _,
        reason as _,
        since,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A coupon can be used again.
pub async fn resume(conn: &mut PgConnection, coupon: CouponId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with freed as (
            delete from coupon_suspension
            where coupon_id = $1
        )
        update coupon
        set version = version + 1
        where coupon_id = $1
        "#,
        coupon as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A coupon was used where we were not asked. Nothing is owed for it, and a lock gives way; when it was used for our books:
/// neither before its issue nor in the future.
pub async fn use_elsewhere(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    coupon: CouponId,
    redemption: RedemptionId,
    (used_at, till): (DateTime<Utc>, &str),
) -> sqlx::Result<DateTime<Utc>> {
    take_back_end(conn, coupon).await?;
    sqlx::query_scalar!(
        r#"
        with changed as (
            update coupon
            set state = 'redeemed', version = version + 1
            where coupon_id = $1
            returning
                coupon_id, template_id, placement_id, app_id,
                greatest(issued_at, least($3::timestamptz, $4::timestamptz)) as used_at
        ),
        used as (
            insert into redemption (redemption_id, coupon_id, order_no, operator, redeemed_at, redeemed_by)
            select $2, coupon_id, 'card/' || coupon_id, $5, used_at, 'kaquan'
            from changed
        ),
        let_go as (
            delete from coupon_lock
            where coupon_id = $1
            returning order_no, expires_at
        ),
        lapsed as (
            insert into event (event_id, kind, coupon_id, template_id, app_id, actor, data, occurred_at)
            -- The lock has passed, and nobody has come by to say so.
            select
                uuid_v7($4), 'coupon.unlocked', coupon_id, template_id, app_id, 'kaquan',
                lapsed_lock(coupon_id, template_id, placement_id, app_id, let_go.order_no), $4
            from changed
            cross join let_go
            where let_go.expires_at <= $4
        )
        select used_at as "used_at!" from changed
        "#,
        coupon as _,
        redemption as _,
        used_at,
        now,
        till,
    )
    .fetch_one(conn)
    .await
}

/// Takes a coupon out of those that count as ended unused, if it was counted: it was used, or ended at another time.
pub async fn take_back_end(conn: &mut PgConnection, coupon: CouponId) -> sqlx::Result<()> {
    // Waits for the portion under way, which saw the coupon as it was; the next one will see it as it is.
    sqlx::query!("select name from walk where name = 'expired' for share")
        .fetch_optional(&mut *conn)
        .await?;
    sqlx::query!(
        r#"
        insert into tally (day, template_id, app_id, measure, count)
        select (valid_until at time zone 'Asia/Shanghai')::date, template_id, app_id, 'expired', -1
        from coupon
        join walk on walk.name = 'expired' and (valid_until, coupon_id) <= (walk.reached_at, walk.reached_id)
        where coupon_id = $1 and state = 'issued'
        "#,
        coupon as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}
