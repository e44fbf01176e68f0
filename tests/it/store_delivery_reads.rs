//! What operators look at stays cheap, however much is done: rows are counted as Postgres touches them.

use chrono::TimeDelta;
use kaquan::{
    domain::{
        delivery::DeliveryState,
        id::{AppId, CouponId, DeliveryId},
    },
    store::{
        channel,
        delivery::{
            list::{self, Filter},
            replay::{self, Dead},
            show,
        },
    },
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::support::{
    database::TestDatabase,
    delivery_plant::Owed,
    plant::{noon, plant_app},
    volume::{analyze, stop_watching},
};

/// So many are done; a look that touches more than a page or two of rows goes through them.
const DONE: i32 = 20_000;
const FEW: i64 = 150;

struct Scene {
    pool: PgPool,
    app: AppId,
    dead: DeliveryId,
    coupon: Uuid,
}

/// Whatever is not done is older than all that is.
async fn scene() -> Scene {
    let pool = TestDatabase::new().await.pool;
    stop_watching(&pool).await;
    let (app, coupon) = (plant_app(&pool).await, Uuid::now_v7());
    let old = || Owed::to(app).later(-TimeDelta::days(3));
    let dead = Owed { subject: coupon, ..old().that_is("dead") }.plant(&pool).await;
    for state in ["dead", "waiting", "pending", "leased", "cancelled"] {
        for _ in 0..10 {
            old().that_is(state).plant(&pool).await;
        }
    }
    sqlx::query(
        "insert into delivery (
             delivery_id, app_id, kind, subject_id, identity, state, due_at, created_at, settled_at
         )
         select (lpad(to_hex(extract(epoch from $3::timestamptz)::bigint * 1000 + n), 12, '0')
                 || '70008000' || lpad('', 12, '0'))::uuid,
             $1, 'sync', gen_random_uuid(), n::text, 'done', $3, $3, $3
         from generate_series(1, $2) as n",
    )
    .bind(app.uuid())
    .bind(DONE)
    .bind(noon())
    .execute(&pool)
    .await
    .unwrap();
    analyze(&pool).await;
    sqlx::query("insert into channel (app_id, refilled_at) values ($1, $2)")
        .bind(app.uuid())
        .bind(noon())
        .execute(&pool)
        .await
        .unwrap();
    Scene { pool, app, dead, coupon }
}

/// How many rows of `delivery` a look touches.
async fn touched(pool: &PgPool, look: impl AsyncFnOnce(&mut PgConnection)) -> i64 {
    let mut tx = kaquan::store::begin(pool).await.unwrap();
    let before = count(&mut tx).await;
    look(&mut tx).await;
    let touched = count(&mut tx).await - before;
    tx.rollback().await.unwrap();
    touched
}

/// What this session has touched since it last reported.
async fn count(conn: &mut PgConnection) -> i64 {
    sqlx::query_scalar(
        "select (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint
         from pg_stat_xact_user_tables where relname = 'delivery'",
    )
    .fetch_one(conn)
    .await
    .unwrap()
}

#[tokio::test]
async fn channels_are_counted_without_a_look_at_what_is_done() {
    let scene = scene().await;

    let one = touched(&scene.pool, async |conn| {
        let channel = channel::find(conn, noon(), scene.app).await.unwrap().unwrap();
        assert_eq!((channel.owed.dead, channel.owed.pending), (11, 10));
        assert_eq!((channel.owed.leased, channel.owed.waiting), (10, 10));
    });
    let one = one.await;
    let all = touched(&scene.pool, async |conn| {
        assert_eq!(channel::list(conn, noon()).await.unwrap().len(), 1);
    });
    let all = all.await;

    assert!(one <= FEW && all <= FEW, "{one} and {all}");
}

#[tokio::test]
async fn lists_are_read_without_a_walk_through_what_is_done() {
    let scene = scene().await;
    let in_state = |state| Filter { state: Some(state), ..Filter::default() };
    let since = |since| Filter { created_since: Some(since), ..Filter::default() };
    let coupon = Some(CouponId::from(scene.coupon));
    for (filter, expected) in [
        (Filter::default(), 51),
        (Filter { app: Some(scene.app), ..in_state(DeliveryState::Dead) }, 11),
        (in_state(DeliveryState::Waiting), 10),
        (in_state(DeliveryState::Pending), 10),
        (in_state(DeliveryState::Leased), 10),
        (in_state(DeliveryState::Cancelled), 10),
        (in_state(DeliveryState::Done), 51),
        (since(noon() + TimeDelta::hours(1)), 0),
        (Filter { coupon, ..Filter::default() }, 1),
    ] {
        // The sixth time Postgres may settle for a plan that suits all arguments.
        for _ in 0..7 {
            let touched = touched(&scene.pool, async |conn| {
                let found = list::list(conn, filter, None, 51).await.unwrap();
                assert_eq!(found.len(), expected, "{filter:?}");
            });
            let touched = touched.await;

            let found = i64::try_from(expected).unwrap();
            assert!((found..=FEW).contains(&touched), "{filter:?} touches {touched}");
        }
    }
}

#[tokio::test]
async fn one_delivery_and_what_holds_it_back_are_found_by_their_indexes() {
    let scene = scene().await;

    let touched = touched(&scene.pool, async |conn| {
        assert!(list::find(conn, scene.dead).await.unwrap().is_some());
        assert!(show::find_blocker(conn, scene.dead).await.unwrap().is_none());
        assert!(show::lock(conn, scene.dead).await.unwrap().is_some());
    });
    let touched = touched.await;

    assert!(touched <= 10, "{touched}");
}

#[tokio::test]
async fn the_dead_are_taken_back_without_a_walk_through_what_is_done() {
    let scene = scene().await;
    let since = noon() - TimeDelta::days(9);

    let touched = touched(&scene.pool, async |conn| {
        let dead = Dead { app: None, kind: None, since };
        let portion = replay::take_back(conn, noon(), dead, 0, 100).await.unwrap();
        assert_eq!(portion.replayed, 11);
        let late = replay::bring_forward(conn, noon(), scene.app, 100).await.unwrap();
        assert_eq!(late, 0);
    });
    let touched = touched.await;

    assert!(touched <= FEW, "{touched}");
}
