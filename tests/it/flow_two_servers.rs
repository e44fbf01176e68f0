//! Two servers on one database are one kaquan.

use std::collections::HashMap;

use futures_util::{StreamExt, stream};

use crate::support::{
    campaign_offer::{mark_changed, plant_token},
    letter,
    plant::{noon, terms},
    recount::Counts,
    test_app::TestApp,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_replays_on_two_servers_gives_every_record_one_code() {
    let app = TestApp::start(120).await;
    let other = app.another_server().await;
    let servers = [app.address(), other.address];
    let calls = (0..200 * 8).map(|call| {
        let record = format!("r-{}", call % 200);
        let letter = app.offer.letter(&record, &format!("open-{}", call % 200), noon());
        let server = servers[(call / 200) % 2];
        let (client, token) = (&app.client, &app.offer.token);
        async move { (record, letter::post(client, server, token, letter.body()).await.unwrap()) }
    });

    let answers: Vec<_> = stream::iter(calls).buffer_unordered(128).collect().await;

    let mut first = HashMap::new();
    for (record, answer) in answers {
        assert!(answer.code().is_some() || answer.is_refusal(), "{answer:?}");
        assert_eq!(first.entry(record).or_insert_with(|| answer.clone()), &answer);
    }
    let issued = first.values().filter(|answer| answer.code().is_some()).count();
    assert_eq!((first.len(), issued), (200, 120));
    let counts = Counts::read(&app.database.pool).await;
    assert_eq!(counts, Counts { coupons: 120, refusals: 80, issued: 120 });
    other.stop().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_server_refused_for_good_the_other_refuses_too() {
    let app = TestApp::start(1).await;
    let other = app.another_server().await;
    let (client, offer) = (&app.client, &app.offer);
    let one = offer.letter("r-1", "open-1", noon()).body();
    let two = offer.letter("r-2", "open-2", noon()).body();

    let (one, two) = tokio::join!(
        letter::post(client, app.address(), &offer.token, one),
        letter::post(client, other.address, &offer.token, two),
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    app.add_stock(100).await;

    assert_eq!([&one, &two].iter().filter(|answer| answer.code().is_some()).count(), 1);
    for (record, open_id, said) in [("r-1", "open-1", one), ("r-2", "open-2", two)] {
        for server in [app.address(), other.address] {
            let body = offer.letter(record, open_id, noon()).body();
            assert_eq!(letter::post(client, server, &offer.token, body).await.unwrap(), said);
        }
    }
    other.stop().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_made_elsewhere_works_with_its_first_call() {
    let app = TestApp::start(10).await;
    let other = app.another_server().await;

    for round in 0..5 {
        // Whoever makes it, all that servers share is the database.
        let offer = app.offer_apart(&terms(), 1).await;
        for server in [other.address, app.address()] {
            let body = offer.letter(&format!("r-{round}"), "open-1", noon()).body();
            let answer = letter::post(&app.client, server, &offer.token, body).await.unwrap();
            assert!(answer.code().is_some(), "{answer:?}");
        }
    }
    other.stop().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_an_address_is_rotated_both_live_and_then_only_the_new_one() {
    let app = TestApp::start(10).await;
    let other = app.another_server().await;
    let end = noon() + chrono::TimeDelta::minutes(10);
    // In this order, whoever has heard of the new one knows when the old one ends.
    sqlx::query("update callback_token set retires_at = $1 where secret_hash = $2")
        .bind(end)
        .bind(kaquan::service::secret::hash(&app.offer.token).to_vec())
        .execute(&app.database.pool)
        .await
        .unwrap();
    let new = plant_token(&app.database.pool, app.offer.campaign, None).await;
    mark_changed(&app.database.pool).await;
    let ask = async |token: &str, number: u32| {
        let mut statuses = Vec::new();
        for server in [app.address(), other.address] {
            let letter =
                app.offer.letter(&format!("r-{number}"), &format!("open-{number}"), noon());
            let answer = letter::post(&app.client, server, token, letter.body()).await.unwrap();
            statuses.push(answer.status);
        }
        statuses
    };

    // The first call on the new one brings both servers up to date.
    assert_eq!(ask(&new, 1).await, [200, 200]);
    assert_eq!(ask(&app.offer.token, 2).await, [200, 200]);
    app.clock.advance(chrono::TimeDelta::minutes(10) - chrono::TimeDelta::milliseconds(1));
    assert_eq!(ask(&app.offer.token, 2).await, [200, 200]);
    app.clock.advance(chrono::TimeDelta::milliseconds(1));

    assert_eq!(ask(&app.offer.token, 2).await, [404, 404]);
    assert_eq!(ask(&new, 2).await, [200, 200]);
    other.stop().await;
    app.finish().await;
}
