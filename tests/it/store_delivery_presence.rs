//! Workers come with every start and are forgotten again.

use chrono::TimeDelta;
use kaquan::store::delivery::presence;

use crate::support::{
    database::TestDatabase,
    delivery_plant::Owed,
    plant::{noon, plant_app},
};

#[tokio::test]
async fn a_worker_of_long_ago_is_forgotten_unless_something_is_leased_to_it() {
    let pool = TestDatabase::new().await.pool;
    let app = plant_app(&pool).await;
    for days in [31, 31, 29] {
        sqlx::query("insert into delivery_instance (started_at) values ($1)")
            .bind(noon() - TimeDelta::days(days))
            .execute(&pool)
            .await
            .unwrap();
    }
    // What is planted so is leased to the first.
    Owed::to(app).that_is("leased").plant(&pool).await;

    let mut conn = pool.acquire().await.unwrap();
    let new = presence::register(&mut conn, noon()).await.unwrap();

    let known: Vec<i32> =
        sqlx::query_scalar("select instance_id from delivery_instance order by instance_id")
            .fetch_all(&mut *conn)
            .await
            .unwrap();
    assert_eq!(known, [1, 3, new]);
}
