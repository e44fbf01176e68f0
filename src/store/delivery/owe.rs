//! Owing: the row that is written in the transaction of its cause.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    delivery::DeliveryKind,
    id::{AdditionId, AppId, BannerId, CouponId, DeliveryId, PlacementId},
    people::Record,
};

/// Something that is to be owed.
#[derive(Debug)]
pub struct Owed {
    /// Ours.
    pub id: DeliveryId,
    /// Whose account at the platform is used.
    pub app: AppId,
    /// What.
    pub kind: DeliveryKind,
    /// What is told in order: a coupon, a placement, a banner, an addition.
    pub subject: Uuid,
    /// Whose id at the platform the call needs.
    pub placement: Option<PlacementId>,
    /// Unique for its kind on the app; owed twice, it is owed once.
    pub identity: String,
    /// What cannot be read from the rows of the subject; never a secret, a code or an open id.
    pub payload: Value,
}

/// The identity of a delivery is what makes it once only, for its kind on the app:
/// - of what a platform keys by a name of ours (`sync`, `write_off`, `void`, `add_stock`), that name;
/// - of what happens to its subject once (`withdraw`, `create_banner`, `delete_banner`), the subject;
/// - of what can be owed again and again (`publish`, `update`, `import`), the subject or the platform's id, and the
///   delivery's own id behind a slash: whoever owes looks first whether one is open.
impl Owed {
    /// A placement is to stand on the platform.
    pub fn publish(now: DateTime<Utc>, app: AppId, placement: PlacementId) -> Self {
        Self::about_placement(DeliveryKind::Publish, now, app, placement)
    }

    /// What the platform shows of a placement, or the address it calls, is to be what it is with us.
    pub fn update(now: DateTime<Utc>, app: AppId, placement: PlacementId) -> Self {
        Self::about_placement(DeliveryKind::Update, now, app, placement)
    }

    /// A placement is to be taken off the platform.
    pub fn withdraw(now: DateTime<Utc>, app: AppId, placement: PlacementId) -> Self {
        let owed = Self::about_placement(DeliveryKind::Withdraw, now, app, placement);
        Self { identity: placement.uuid().to_string(), ..owed }
    }

    /// What the platform knows as `platform_ref` is to become `placement`, of which there is no row yet.
    pub fn import(
        now: DateTime<Utc>,
        app: AppId,
        placement: PlacementId,
        platform_ref: &str,
        payload: Value,
    ) -> Self {
        let owed = Self::about_placement(DeliveryKind::Import, now, app, placement);
        Self { identity: format!("{platform_ref}/{}", owed.id.uuid()), payload, ..owed }
    }

    /// A named addition is to be offered on the platform, under the same name.
    pub fn add_stock(
        now: DateTime<Utc>,
        app: AppId,
        placement: PlacementId,
        addition: AdditionId,
        name: &str,
    ) -> Self {
        let owed = Self::about_placement(DeliveryKind::AddStock, now, app, placement);
        Self { subject: addition.uuid(), identity: name.to_owned(), ..owed }
    }

    /// A named addition is to be offered on a platform that knows no names: in order with all other changes of its stock.
    pub fn change_stock(
        now: DateTime<Utc>,
        app: AppId,
        placement: PlacementId,
        name: &str,
    ) -> Self {
        let owed = Self::about_placement(DeliveryKind::AddStock, now, app, placement);
        // Of its own, so that a placement that waits for stock, or a stock that waits for reviewers, holds up nothing else.
        let line = Uuid::new_v5(&placement.uuid(), b"stock");
        Self { subject: line, identity: name.to_owned(), ..owed }
    }

    /// The same once more, as another card of the placement was told of it before.
    pub fn change_stock_of(
        now: DateTime<Utc>,
        app: AppId,
        placement: PlacementId,
        (name, card): (&str, &str),
    ) -> Self {
        let owed = Self::change_stock(now, app, placement, name);
        // There is no space in a name.
        Self { identity: format!("{name} {card}"), ..owed }
    }

    /// A banner is to be shown.
    pub fn create_banner(
        now: DateTime<Utc>,
        app: AppId,
        placement: PlacementId,
        banner: BannerId,
    ) -> Self {
        let owed = Self::about_placement(DeliveryKind::CreateBanner, now, app, placement);
        Self { subject: banner.uuid(), identity: banner.uuid().to_string(), ..owed }
    }

    /// A banner is to be taken away.
    pub fn delete_banner(
        now: DateTime<Utc>,
        app: AppId,
        placement: PlacementId,
        banner: BannerId,
    ) -> Self {
        let owed = Self::about_placement(DeliveryKind::DeleteBanner, now, app, placement);
        Self { subject: banner.uuid(), identity: banner.uuid().to_string(), ..owed }
    }

    /// A coupon is to appear in its holder's wallet on the platform.
    pub fn sync(
        now: DateTime<Utc>,
        app: AppId,
        placement: PlacementId,
        coupon: CouponId,
        record: &Record,
    ) -> Self {
        Self::about_coupon(DeliveryKind::Sync, now, app, placement, coupon, record)
    }

    /// The platform is to hear that a coupon was used.
    pub fn write_off(
        now: DateTime<Utc>,
        app: AppId,
        placement: PlacementId,
        coupon: CouponId,
        record: &Record,
    ) -> Self {
        Self::about_coupon(DeliveryKind::WriteOff, now, app, placement, coupon, record)
    }

    fn about_placement(
        kind: DeliveryKind,
        now: DateTime<Utc>,
        app: AppId,
        placement: PlacementId,
    ) -> Self {
        let id = DeliveryId::new(now);
        Self {
            id,
            app,
            kind,
            subject: placement.uuid(),
            placement: Some(placement),
            identity: format!("{}/{}", placement.uuid(), id.uuid()),
            payload: Value::Object(serde_json::Map::new()),
        }
    }

    fn about_coupon(
        kind: DeliveryKind,
        now: DateTime<Utc>,
        app: AppId,
        placement: PlacementId,
        coupon: CouponId,
        record: &Record,
    ) -> Self {
        Self {
            id: DeliveryId::new(now),
            app,
            kind,
            subject: coupon.uuid(),
            placement: Some(placement),
            identity: record.as_str().to_owned(),
            payload: Value::Object(serde_json::Map::new()),
        }
    }
}

/// Owes something from now on; `false` when it was owed before, which changes nothing.
pub async fn owe(conn: &mut PgConnection, now: DateTime<Utc>, owed: &Owed) -> sqlx::Result<bool> {
    let result = sqlx::query!(
        r#"
        insert into delivery (
            delivery_id, app_id, kind, subject_id, placement_id, identity, payload, state, due_at, created_at
        )
        select
            $1, $2, $3, $4, $5::uuid, $6, $7,
            case when $8 and placed.platform_ref is null then 'waiting' else 'pending' end,
            -- Behind a dead one it waits until that is settled; at the head of what is due it would be in everybody's way.
            -- A server whose clock is ahead must not put off what is due.
            least($9, clock_timestamp()) + case when blocked.by_dead then interval '30 days' else interval '0' end,
            $9
        from (values (0)) as always
        left join lateral (
            select true as by_dead
            from delivery
            where subject_id = $4 and state = 'dead'
            limit 1
            -- Who has it tried anew at this moment waits, and then finds what is owed here.
            for share
        ) as blocked on true
        left join lateral (
            select platform_ref
            from placement
            where placement_id = $5
            -- While the platform's id is being written, what is owed must not miss it.
            for share
        ) as placed on true
        on conflict on constraint delivery_one_per_identity do nothing
        "#,
        owed.id as _,
        owed.app as _,
        owed.kind as _,
        owed.subject,
        owed.placement as _,
        owed.identity,
        owed.payload,
        owed.kind.needs_the_placement_there(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(result.rows_affected() > 0)
}

/// What waited for the platform to know the placement waits no longer; how many that were.
///
/// To be called in the transaction in which the platform's id is written, after it was.
pub async fn arm_waiting(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: PlacementId,
) -> sqlx::Result<u64> {
    let armed = sqlx::query!(
        r#"
        with known as (
            -- A portion, for claims wait meanwhile; the workers fetch the rest.
            select delivery_id
            from delivery
            where placement_id = $1 and state = 'waiting'
            order by position
            limit 2000
            for no key update
        ),
        armed as (
            update delivery
            set state = 'pending', due_at = least($2, clock_timestamp())
            from known
            where delivery.delivery_id = known.delivery_id
            returning delivery.delivery_id
        )
        -- Only insertions tell the workers by themselves.
        select count(*) as "armed!", pg_notify('kaquan_delivery', '')::text as told
        from armed
        "#,
        placement as _,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(armed.armed.unsigned_abs())
}

/// Cancels what is owed or was given up about a placement and has one of these kinds; what a worker holds stays.
pub async fn cancel_open(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: PlacementId,
    kinds: &[DeliveryKind],
) -> sqlx::Result<u64> {
    let kinds: Vec<_> = kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
    let done = sqlx::query!(
        r#"
        update delivery
        set state = 'cancelled', settled_at = $2
        where placement_id = $1
            and kind = any($3)
            and kind not in ('sync', 'write_off', 'void')
            and state in ('waiting', 'pending', 'dead')
        "#,
        placement as _,
        now,
        &kinds,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Cancels all changes of stock that are owed or were given up about a placement, also what a worker holds: what comes of
/// that is nobody's business any more.
pub async fn cancel_stock(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: PlacementId,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        update delivery
        set state = 'cancelled', settled_at = $2, leased_by = null, leased_until = null
        where placement_id = $1
            and kind = 'add_stock'
            and state in ('waiting', 'pending', 'leased', 'dead')
        "#,
        placement as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Gives up what waits for a platform that will never know the placement.
pub async fn cancel_waiting(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: PlacementId,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        update delivery
        set state = 'cancelled', settled_at = $2
        where placement_id = $1 and state = 'waiting'
        "#,
        placement as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Portions of what waits although its platform knows the placement by now: what was too much for [`arm_waiting`]; how many.
pub async fn arm_overdue(conn: &mut PgConnection, now: Option<DateTime<Utc>>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        with known as (
            select delivery.delivery_id
            from placement
            cross join lateral (
                select delivery_id
                from delivery
                where placement_id = placement.placement_id and state = 'waiting'
                order by position
                limit 2000
                for no key update skip locked
            ) as delivery
            where placement.platform_ref is not null
        ),
        armed as (
            update delivery
            set state = 'pending', due_at = coalesce($1::timestamptz, clock_timestamp())
            from known
            where delivery.delivery_id = known.delivery_id
            returning delivery.delivery_id
        )
        select count(*) as "armed!" from armed
        "#,
        now,
    )
    .fetch_one(conn)
    .await
}
