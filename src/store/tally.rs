//! Notes for the daily sums: left by whoever changes something, in the same commit, and folded into the sums later.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    day::day_in_china,
    id::{AppId, TemplateId},
    statistics::Measure,
};

/// That something happened so many times.
#[derive(Debug, Clone, Copy)]
pub struct Note {
    /// To coupons of which template.
    pub template: TemplateId,
    /// On which app.
    pub app: AppId,
    /// What.
    pub measure: Measure,
    /// How often; negative where something was taken back.
    pub count: i64,
}

/// Leaves notes of what happened at `now`.
pub async fn note(conn: &mut PgConnection, now: DateTime<Utc>, notes: &[Note]) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into tally (day, template_id, app_id, measure, count)
        select $1, note.template_id, note.app_id, note.measure, note.count
        from unnest($2::uuid[], $3::uuid[], $4::text[], $5::bigint[])
            as note (template_id, app_id, measure, count)
        "#,
        day_in_china(now),
        &column(notes, |note| note.template.uuid()),
        &column(notes, |note| note.app.uuid()),
        &column(notes, |note| note.measure.as_str()) as _,
        &column(notes, |note| note.count),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The same for a transaction that writes nothing else: its commit waits for no disk. A power cut then forgets the last
/// moments of these notes, and nothing that anybody was promised.
pub async fn note_in_passing(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    notes: &[Note],
) -> sqlx::Result<()> {
    sqlx::query_file!(
        "src/store/sql/note_in_passing.sql",
        now,
        &column(notes, |note| note.template.uuid()),
        &column(notes, |note| note.app.uuid()),
        &column(notes, |note| note.measure.as_str()) as _,
        &column(notes, |note| note.count),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes away at most `most` of the oldest notes and adds them up, all in one statement; how many it took.
///
/// Each note counts once, whoever folds at the same time: to take it away is to count it. One that is committed later
/// than a newer one is found the next time.
pub async fn fold(conn: &mut PgConnection, most: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        with gone as (
            delete from tally
            where tally_id in (
                select tally_id
                from tally
                order by tally_id
                limit $1
                -- What another one is folding is his.
                for update skip locked
            )
            returning template_id, app_id, day, measure, count
        ),
        added as (
            insert into daily_sum (template_id, app_id, day, measure, count)
            select template_id, app_id, day, measure, sum(count)
            from gone
            group by template_id, app_id, day, measure
            -- Two that fold at once meet the same sums in the same order, or each would wait for the other.
            order by template_id, app_id, day, measure
            on conflict on constraint daily_sum_once
            do update set count = daily_sum.count + excluded.count
        )
        select count(*) as "count!"
        from gone
        "#,
        most,
    )
    .fetch_one(conn)
    .await
}

fn column<T>(notes: &[Note], value: impl FnMut(&Note) -> T) -> Vec<T> {
    notes.iter().map(value).collect()
}
