//! Counting a day reads the rows of that day, however many there are of others.

use chrono::{DateTime, Utc};
use kaquan::{domain::id::CouponId, store::platform_figure::COUNT};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::database::TestDatabase;

#[tokio::test]
async fn a_day_is_counted_by_index() {
    let database = TestDatabase::new().await;
    let mut conn = PgConnection::connect_with(&database.options).await.unwrap();
    fill(&mut conn).await;

    let plan = plan(&mut conn).await;

    for index in ["coupon_pkey", "delivery_done", "delivery_in_doubt", "delivery_by_subject"] {
        assert!(plan.contains(index), "{index}: {plan}");
    }
    for walk in ["Seq Scan on coupon", "Seq Scan on delivery"] {
        assert!(!plan.contains(walk), "{plan}");
    }
}

async fn run(conn: &mut PgConnection, statement: impl Into<String>) {
    sqlx::raw_sql(AssertSqlSafe(statement.into())).execute(conn).await.unwrap();
}

/// Ten thousand takes over a hundred days, ids in the order of their days, and a sync that is done for each.
async fn fill(conn: &mut PgConnection) {
    run(
        conn,
        "insert into coupon
             (coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id, ordinal,
              record, way, code, valid_from, valid_until, issued_at)
         select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7000800000000000' || lpad(to_hex(n), 4, '0'))::uuid,
             uuid_nil, uuid_nil, 1, uuid_nil, gen_random_uuid(), gen_random_uuid(), 1, n::text,
             'take', n::text, at, at + interval '1 day', at
         from generate_series(1, 10000) as n,
             lateral (select timestamptz '2026-08-01' + n * interval '14 minutes' as at) as t,
             (values ('00000000-0000-0000-0000-000000000001'::uuid)) as u (uuid_nil);
         insert into delivery
             (delivery_id, app_id, kind, subject_id, placement_id, identity, state, due_at, created_at, settled_at)
         select gen_random_uuid(), app_id, 'sync', coupon_id, placement_id, record, 'done', issued_at, issued_at, issued_at
         from coupon;
         analyze coupon; analyze delivery",
    )
    .await;
}

async fn plan(conn: &mut PgConnection) -> String {
    let mut plain = String::new();
    for (place, part) in COUNT.split('"').enumerate() {
        plain.push_str(if place % 2 == 0 { part } else { part.split(['!', '?']).next().unwrap() });
    }
    run(conn, format!("prepare count_by_placement as {plain}")).await;
    let day = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
    let (since, until) = (day("2026-10-01T00:00:00Z"), day("2026-10-02T00:00:00Z"));
    let (first, last) = (CouponId::first_at(since).uuid(), CouponId::first_at(until).uuid());
    let explain = format!(
        "explain execute count_by_placement (
             '00000000-0000-0000-0000-000000000001', '{since}', '{until}', '{first}', '{last}'
         )"
    );
    let lines: Vec<String> =
        sqlx::query_scalar(AssertSqlSafe(explain)).fetch_all(conn).await.unwrap();
    lines.join("\n")
}
