//! Stock that is offered on Baidu, and banners that lead to it: each once, whatever happens to the answers.

use kaquan::simulator::effects::EffectKind;
use reqwest::Method;
use serde_json::json;

use crate::support::{
    delivery_scene::effects,
    stage::{MINUTE, Stage, path},
};

#[tokio::test]
async fn an_addition_whose_answer_is_lost_is_offered_once() {
    let stage = Stage::new().await;
    let placement = stage.given_published(json!({})).await;
    stage.lose_the_answer_to("addStock");

    let owed = stage.add_stock(&placement, "launch", 100).await.is(201).body;
    stage.add_stock(&placement, "launch", 100).await.is(200);
    stage.drain().await;
    stage.drain_after(MINUTE).await;
    let again = stage.add_stock(&placement, "launch", 100).await.is(200).body;

    assert_eq!(
        (&owed["delivery"]["state"], &again["delivery"]["state"]),
        (&json!("pending"), &json!("done"))
    );
    assert_eq!(stage.baidu.templates()[0].stock, 100);
    assert_eq!(stage.calls("addStock"), 2);
    assert_eq!(effects(&stage.baidu, EffectKind::Stock), (1, 1));
    let journal = stage.baidu.journal();
    let mut sent = journal.iter().filter(|entry| entry.call == "addStock").map(|entry| {
        let mut parameters = entry.parameters.clone();
        parameters.remove("access_token");
        parameters
    });
    let first = sent.next().unwrap();
    assert!(sent.all(|other| other == first), "every attempt says the same");
    stage.finish().await;
}

#[tokio::test]
async fn only_what_is_added_for_takes_is_offered() {
    let stage = Stage::new().await;
    let placement = stage.given_published(json!({})).await;
    let additions = format!("{}/stock-additions", path(&placement));

    stage.add_stock(&placement, "launch", 100).await.is(201);
    stage.add_stock(&placement, "back", -40).await.is(201);
    let own = json!({ "name": "own", "way": "claim", "amount": 7 });
    stage.post(&additions, own).await.is(201);
    stage.drain().await;

    assert_eq!(stage.baidu.templates()[0].stock, 100);
    assert_eq!(stage.deliveries("add_stock").await, ["done"]);
    stage.finish().await;
}

#[tokio::test]
async fn an_id_written_by_hand_lets_what_waited_go() {
    let stage = Stage::new().await;
    let known = stage.given_published(json!({})).await;
    let platform_ref = known["platform_ref"].clone();
    let placement = stage.given_placement(json!({ "title": "另一张" })).await;
    stage.add_stock(&placement, "launch", 100).await.is(201);
    let waiting = stage.deliveries("add_stock").await;

    let gone = json!({ "version": known["version"], "platform_ref": null });
    stage.ask(Method::PATCH, &path(&known), Some(gone)).await.is(200);
    let by_hand = json!({ "version": 1, "platform_ref": platform_ref });
    stage.ask(Method::PATCH, &path(&placement), Some(by_hand)).await.is(200);
    stage.drain().await;

    assert_eq!(waiting, ["waiting"]);
    assert_eq!(stage.baidu.templates()[0].stock, 100);
    stage.finish().await;
}

#[tokio::test]
async fn a_banner_waits_for_its_placement_and_is_shown_once() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;

    let banner = stage.add_banner(&placement, "双十一").await.is(202).body;
    stage.add_banner(&placement, "双十二").await.problem(409, "banner_exists");
    stage.lose_the_answer_to("bannerCreate");
    stage.act(&placement, "publish").await.is(202);
    stage.drain().await;
    stage.drain_after(MINUTE).await;

    assert_eq!(banner["delivery"]["state"], "waiting");
    let [there] = &stage.baidu.banners()[..] else { panic!() };
    assert_eq!(
        (there.title.as_str(), there.dest_url.as_str()),
        ("双十一", "/pages/index?from=banner")
    );
    assert_eq!(stage.calls("bannerCreate"), 1);
    let list = stage.ask(Method::GET, &format!("{}/banners", path(&placement)), None).await.is(200);
    let shown = &list.body["data"][0];
    assert_eq!((&shown["state"], &shown["delivery"]["state"]), (&json!("live"), &json!("done")));
    assert_eq!(shown["platform_ref"], there.coupon_banner_id.to_string());
    let kept: Option<Vec<u8>> =
        sqlx::query_scalar("select image from banner").fetch_one(stage.db()).await.unwrap();
    assert_eq!(kept, None);
    stage.finish().await;
}

#[tokio::test]
async fn a_banner_is_taken_away_even_when_nobody_knows_whether_it_was_shown() {
    let stage = Stage::new().await;
    let placement = stage.given_published(json!({})).await;
    stage.lose_the_answer_to("bannerCreate");
    let banner = stage.add_banner(&placement, "双十一").await.is(202).body;
    stage.drain().await;

    let removing = stage.remove_banner(&banner).await.is(202).body;
    stage.lose_the_answer_to("bannerDelete");
    stage.drain().await;
    stage.drain_after(MINUTE).await;
    let again = stage.remove_banner(&banner).await.is(200).body;

    assert_eq!((&removing["state"], &again["state"]), (&json!("removing"), &json!("removed")));
    assert!(stage.baidu.banners().iter().all(|banner| banner.deleted));
    stage.add_banner(&placement, "双十二").await.is(202);
    stage.drain().await;
    stage.finish().await;
}

#[tokio::test]
async fn a_banner_goes_with_its_placement() {
    let stage = Stage::new().await;
    let placement = stage.given_published(json!({})).await;
    stage.add_banner(&placement, "双十一").await.is(202);
    stage.drain().await;

    stage.act(&placement, "withdraw").await.is(202);
    stage.drain().await;
    let late = stage.add_banner(&placement, "双十二").await;

    late.problem(409, "wrong_state");
    let list = stage.ask(Method::GET, &format!("{}/banners", path(&placement)), None).await.is(200);
    assert_eq!(list.body["data"][0]["state"], "removed");
    stage.finish().await;
}

#[tokio::test]
async fn a_banner_that_was_never_sent_is_removed_without_a_word() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;
    let banner = stage.add_banner(&placement, "双十一").await.is(202).body;

    let removed = stage.remove_banner(&banner).await.is(200).body;

    assert_eq!(removed["state"], "removed");
    assert_eq!(stage.drain().await, 0);
    stage.finish().await;
}

#[tokio::test]
async fn a_banner_that_somebody_else_put_there_is_left_to_a_person() {
    let stage = Stage::new().await;
    let placement = stage.given_published(json!({})).await;
    let first = stage.add_banner(&placement, "双十一").await.is(202).body;
    stage.drain().await;
    sqlx::query("update banner set state = 'removed'").execute(stage.db()).await.unwrap();

    stage.add_banner(&placement, "双十二").await.is(202);
    stage.drain().await;

    assert!(first["id"].is_string());
    assert_eq!(stage.deliveries("create_banner").await, ["done", "dead"]);
    assert_eq!(stage.baidu.banners().len(), 1);
    stage.finish_owing().await;
}

#[tokio::test]
async fn pictures_and_paths_that_will_not_do_are_told() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;

    let long = stage.add_banner(&placement, "一个太长太长太长的横幅标题").await;
    let none = stage.post(&format!("{}/banners", path(&placement)), json!({})).await;

    long.problem(422, "invalid_values");
    none.problem(415, "unsupported_media_type");
    stage.finish().await;
}
