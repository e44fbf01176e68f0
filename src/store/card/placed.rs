//! What a platform says of a placement among what it says of cards.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::id::{EventId, PlacementId};

/// Writes down what the reviewers say; `false` when they have said something since, or when a person has changed the
/// placement since and they have to look at it anew.
pub async fn review(
    conn: &mut PgConnection,
    placement: PlacementId,
    refusal: Option<&str>,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update placement
        set review = case when $2::text is null then 'passed' else 'failed' end,
            review_note = $2::text,
            reviewed_at = greatest(reviewed_at, $3)
        where placement_id = $1
            -- Platforms count in seconds. Of two words of one second, the "no" stands.
            and (
                reviewed_at is null
                or date_trunc('second', reviewed_at) < $3
                or date_trunc('second', reviewed_at) = $3
                    and (review is distinct from 'failed' or $2::text is not null)
            )
        "#,
        placement as _,
        refusal,
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The platform takes stock for a placement only once that has passed its review: what was owed until then is due.
pub async fn arm_additions(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: PlacementId,
) -> sqlx::Result<u64> {
    let armed = sqlx::query!(
        r#"
        with armed as (
            update delivery
            set state = 'pending', due_at = least(due_at, $2, clock_timestamp())
            where placement_id = $1 and kind = 'add_stock' and state in ('waiting', 'pending')
            returning delivery_id
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

/// The platform says that little is left of a placement.
pub async fn tell_low(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: PlacementId,
    detail: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into event (event_id, kind, template_id, app_id, actor, data, occurred_at)
        select
            $1, 'stock.low', placement.template_id, placement.app_id, 'kaquan',
            jsonb_build_object(
                'placement_id', typed_id('plc', placement.placement_id),
                'template_id', typed_id('tpl', placement.template_id),
                'app_id', typed_id('app', placement.app_id),
                'way', stock.way,
                'total', stock.total,
                'left', stock.total - stock.issued,
                'percent', case when stock.total > 0 then (stock.total - stock.issued) * 100 / stock.total else 0 end,
                'platform_says', $3::text
            ),
            $4
        from placement
        join stock on stock.placement_id = placement.placement_id and stock.way = 'take'
        where placement.placement_id = $2
        "#,
        EventId::new(now) as _,
        placement as _,
        detail,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Tells people that reviewers have refused a placement.
pub async fn tell_refused(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: PlacementId,
    reason: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into event (event_id, kind, template_id, app_id, actor, data, occurred_at)
        select
            $1, 'placement.review_failed', template_id, app_id, 'kaquan',
            jsonb_build_object(
                'placement_id', typed_id('plc', placement_id),
                'template_id', typed_id('tpl', template_id),
                'app_id', typed_id('app', app_id),
                'platform_says', $3::text
            ),
            $4
        from placement
        where placement_id = $2
        "#,
        EventId::new(now) as _,
        placement as _,
        reason,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
