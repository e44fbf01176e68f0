//! Tables of many rows, about which Postgres knows as much as the test says.

use sqlx::{AssertSqlSafe, PgPool};

/// From here on nothing is found out about the tables but by [`analyze`].
pub async fn stop_watching(pool: &PgPool) {
    for_each_table(pool, "alter table %I set (autovacuum_enabled = false)").await;
}

pub async fn analyze(pool: &PgPool) {
    for_each_table(pool, "analyze %I").await;
}

/// Fills every table that the engine reads or writes: 50,000 coupons, holders, members, codes and refusals of a
/// thousand templates, and one template that has most of them.
pub async fn fill(pool: &PgPool) {
    sqlx::raw_sql(
        "create function id(number bigint) returns uuid language sql immutable
         as $$ select lpad(to_hex(number), 32, '0')::uuid $$;
         begin;
         insert into app (app_id, platform, app_key, name, created_at, updated_at)
         values (id(1), 'baidu', 'key', 'sample', now(), now());
         insert into template (template_id, version, created_at, updated_at)
         select id(n), 1, now(), now() from generate_series(1, 1000) n;
         insert into template_terms (template_id, version, document, created_at)
         select id(n), 1, '{}', now() from generate_series(1, 1000) n;
         insert into placement (placement_id, template_id, app_id, created_at, updated_at)
         select id(n), id(n), id(1), now(), now() from generate_series(1, 1000) n;
         insert into stock (placement_id, way, total)
         select id(n), way, 100000 from generate_series(1, 1000) n, unnest('{take,claim}'::text[]) way;
         insert into code_import (import_id, template_id, started_at) values (id(1), id(1), now());
         insert into code (code_id, template_id, import_id, value)
         select id(n), id(greatest(1, n - 49000)), id(1), 'CODE-' || n from generate_series(1, 50000) n;
         insert into member (member_id, uid, created_at)
         select id(n), 'uid-' || n, now() from generate_series(1, 50000) n;
         insert into holder (holder_id, app_id, open_id, member_id, created_at)
         select id(n), id(1), 'open-' || n, id(n), now() from generate_series(1, 50000) n;
         insert into coupon (coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id,
             ordinal, record, way, code, valid_from, valid_until, issued_at)
         select id(n), id(greatest(1, n - 49000)), id(greatest(1, n - 49000)), 1, id(1), id(n), id(n),
             1, 'record-' || n, 'take', 'CODE-' || n, now(), now() + '1 day', now()
         from generate_series(1, 50000) n;
         insert into refusal (app_id, record, placement_id, holder_id, reason, refused_at)
         select id(1), 'refused-' || n, id(1), id(n), 'limit_reached', now() from generate_series(1, 50000) n;
         insert into card_claim (claim_id, reference, app_id, placement_id, template_id, visitor_id, person_id,
             signed_at, expires_at)
         select id(n), 'leave-' || n, id(1), id(greatest(1, n - 49000)), id(greatest(1, n - 49000)), id(n), id(n),
             now(), now() + '10 minutes'
         from generate_series(1, 50000) n;
         commit",
    )
    .execute(pool)
    .await
    .unwrap();
}

async fn for_each_table(pool: &PgPool, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(format!(
        "do $$ declare name text; begin
             for name in select tablename from pg_tables where schemaname = 'public' loop
                 execute format('{statement}', name);
             end loop;
         end $$"
    )))
    .execute(pool)
    .await
    .unwrap();
}
