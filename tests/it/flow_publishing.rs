//! Placements on Baidu: published and changed, whatever happens to the answers on the way.

use chrono::TimeDelta;
use kaquan::simulator::{aim::FaultAim, fault::CallFault, take::TakeOrder};
use reqwest::Method;
use serde_json::json;

use crate::support::stage::{MINUTE, Stage, path};

#[tokio::test]
async fn a_placement_is_published_with_its_stock_and_can_be_taken() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;
    stage.add_stock(&placement, "launch", 5).await.is(201);

    let owed = stage.act(&placement, "publish").await.is(202).body;
    stage.drain().await;

    assert_eq!(
        (&owed["platform_state"], &owed["delivery"]["state"]),
        (&json!("publishing"), &json!("pending"))
    );
    let published = stage.look(&placement).await;
    let [template] = &stage.standing()[..] else { panic!() };
    assert_eq!(published["platform_state"], "published");
    assert_eq!(published["platform_ref"], template.coupon_template_id.to_string());
    assert_eq!((template.title.as_str(), template.stock), ("满 100 减 20", 5));
    let taken = stage.baidu_user_takes(&published, "open-1").await;
    assert!(taken.code().is_some(), "{taken:#?}");
    stage.finish().await;
}

#[tokio::test]
async fn a_second_publication_is_the_first() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;

    let first = stage.act(&placement, "publish").await.is(202).body;
    let second = stage.act(&placement, "publish").await.is(202).body;
    stage.drain().await;
    let third = stage.act(&placement, "publish").await;

    assert_eq!(first["delivery"]["id"], second["delivery"]["id"]);
    third.problem(409, "already_published");
    assert_eq!(stage.standing().len(), 1);
    stage.finish().await;
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_is_found_again_and_not_repeated() {
    let stage = Stage::new().await;
    // The same terms, made by somebody else before: not ours.
    stage.given_published(json!({})).await;
    let placement = stage.given_placement(json!({})).await;
    stage.lose_the_answer_to("create");

    stage.act(&placement, "publish").await.is(202);
    stage.drain().await;
    let unclear = stage.look(&placement).await;
    stage.drain_after(MINUTE).await;

    assert_eq!(unclear["platform_state"], "publishing");
    let published = stage.look(&placement).await;
    assert_eq!(published["platform_state"], "published");
    assert_eq!(stage.standing().len(), 2);
    assert_eq!(stage.calls("create"), 2);
    let newest = stage.standing().iter().map(|template| template.coupon_template_id).max().unwrap();
    assert_eq!(published["platform_ref"], newest.to_string());
    stage.finish().await;
}

#[tokio::test]
async fn a_creation_that_never_arrived_is_made_again() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;
    stage.baidu.fault_calls(FaultAim::next(1, CallFault::HangUp).at("create")).unwrap();

    stage.act(&placement, "publish").await.is(202);
    stage.drain().await;
    stage.drain_after(TimeDelta::seconds(5)).await;
    let early = stage.calls("create");
    stage.drain_after(MINUTE).await;

    // It may still have been under way then.
    assert_eq!(early, 1);
    assert_eq!((stage.calls("create"), stage.standing().len()), (2, 1));
    assert_eq!(stage.look(&placement).await["platform_state"], "published");
    stage.finish().await;
}

#[tokio::test]
async fn a_worker_that_dies_after_the_creation_leaves_one_template() {
    let mut stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;
    stage.lose_the_answer_to("create");
    stage.act(&placement, "publish").await.is(202);
    stage.drain().await;
    // As the lease of a worker that is gone looks like.
    sqlx::query(
        "update delivery
         set state = 'leased', leased_by = 1000000, leased_until = due_at + interval '1 minute',
             fence = fence + 1, attempts = 0, doubt = false
         where kind = 'publish'",
    )
    .execute(stage.db())
    .await
    .unwrap();
    sqlx::query("delete from attempt").execute(stage.db()).await.unwrap();

    stage.restart().await;
    // The new worker looks by itself as well, and may be quicker.
    stage.rescue().await;
    let rescued: i64 =
        sqlx::query_scalar("select count(*) from attempt where note like 'the worker was gone%'")
            .fetch_one(stage.db())
            .await
            .unwrap();
    stage.drain_after(MINUTE).await;

    assert_eq!((rescued, stage.standing().len()), (1, 1));
    assert_eq!(stage.look(&placement).await["platform_state"], "published");
    stage.finish().await;
}

#[tokio::test]
async fn whoever_takes_before_we_know_the_id_is_asked_to_come_again() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;
    stage.lose_the_answer_to("create");
    stage.act(&placement, "publish").await.is(202);
    stage.drain().await;
    let id = stage.standing()[0].coupon_template_id;
    stage.baidu.set_stock(id, 5).unwrap();
    stage.add_stock(&placement, "launch", 5).await.is(201);

    let early = stage.baidu.take(TakeOrder::new(id, "open-1")).await.unwrap();
    stage.drain_after(MINUTE).await;
    let late = stage.baidu.retake(&early.record_id, Vec::new()).await.unwrap();

    assert!(early.tries.iter().all(|attempt| attempt.status == Some(503)), "{early:#?}");
    assert!(late.code().is_some(), "{late:#?}");
    stage.finish().await;
}

#[tokio::test]
async fn two_that_could_be_ours_are_left_to_a_person() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;
    stage.lose_the_answer_to("create");
    stage.act(&placement, "publish").await.is(202);
    stage.drain().await;
    // Somebody makes the same again by hand.
    let by_hand = stage.given_published(json!({})).await;
    stage.forget(&by_hand).await;

    stage.drain_after(MINUTE).await;
    let failed = stage.look(&placement).await;
    let again = stage.act(&placement, "publish").await;

    assert_eq!(failed["platform_state"], "failed");
    assert!(failed["platform_note"].as_str().unwrap().contains("多个相同的券模板"));
    again.problem(409, "given_up");
    assert_eq!(stage.standing().len(), 2);
    // A person looks, and writes down which it is.
    let ids: Vec<_> = stage.standing().iter().map(|there| there.coupon_template_id).collect();
    let written = json!({ "version": 1, "platform_ref": ids[0].to_string() });
    stage.ask(Method::PATCH, &path(&placement), Some(written)).await.is(200);
    stage.act(&placement, "update").await.is(202);
    stage.drain().await;
    assert_eq!(stage.look(&placement).await["platform_state"], "published");
    stage.finish().await;
}

#[tokio::test]
async fn terms_that_change_while_they_are_published_are_shown_in_the_end() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;
    stage.lose_the_answer_to("create");
    stage.act(&placement, "publish").await.is(202);
    stage.drain().await;

    stage.edit(&placement, json!({ "title": "满 100 减 30" })).await.is(200);
    stage.drain_after(MINUTE).await;

    let [template] = &stage.standing()[..] else { panic!() };
    assert_eq!(template.title, "满 100 减 30");
    assert_eq!(stage.look(&placement).await["platform_state"], "published");
    stage.finish().await;
}

#[tokio::test]
async fn changed_terms_reach_baidu_once_for_several_edits() {
    let stage = Stage::new().await;
    let placement = stage.given_published(json!({})).await;

    stage.edit(&placement, json!({ "title": "满 100 减 30" })).await.is(200);
    stage.edit(&placement, json!({ "title": "满 100 减 40" })).await.is(200);
    let updating = stage.look(&placement).await;
    stage.drain().await;

    assert_eq!(updating["platform_state"], "updating");
    assert_eq!(stage.standing()[0].title, "满 100 减 40");
    assert_eq!(stage.calls("update"), 1);
    assert_eq!(stage.look(&placement).await["platform_state"], "published");
    stage.finish().await;
}

#[tokio::test]
async fn what_baidu_does_not_show_is_not_told_to_it() {
    let stage = Stage::new().await;
    let placement = stage.given_published(json!({})).await;

    let scope = json!({ "scope": { "goods": { "include": ["sku-1"] } } });
    stage.edit(&placement, scope).await.is(200);

    assert_eq!(stage.drain().await, 0);
    assert_eq!(stage.look(&placement).await["platform_state"], "published");
    stage.finish().await;
}

#[tokio::test]
async fn terms_that_baidu_would_refuse_are_refused_before_anything_is_owed() {
    let stage = Stage::new().await;
    let long = json!({ "title": "满一百元减二十元的优惠券" });
    let placement = stage.given_placement(long.clone()).await;
    let published = stage.given_published(json!({})).await;

    let refused = stage.act(&placement, "publish").await.problem(422, "invalid_values");
    let edited = stage.edit(&published, long).await.problem(422, "invalid_values");

    assert_eq!(refused["problems"][0]["param"], "title");
    assert_eq!(edited["problems"][0]["param"], "title");
    assert_eq!(stage.drain().await, 0);
    stage.finish().await;
}

#[tokio::test]
async fn a_template_that_somebody_deleted_at_baidu_is_left_to_a_person() {
    let stage = Stage::new().await;
    let placement = stage.given_published(json!({})).await;
    let known = placement["platform_ref"].clone();
    let unknown = json!({ "version": placement["version"], "platform_ref": "424242" });
    stage.ask(Method::PATCH, &path(&placement), Some(unknown)).await.is(200);

    stage.act(&placement, "update").await.is(202);
    stage.drain().await;
    let failed = stage.look(&placement).await;
    let mended = json!({ "version": failed["version"], "platform_ref": known });
    stage.ask(Method::PATCH, &path(&placement), Some(mended)).await.is(200);
    stage.act(&placement, "update").await.is(202);
    stage.drain().await;

    assert_eq!(failed["platform_state"], "failed");
    assert!(failed["platform_note"].as_str().unwrap().contains("424242"));
    assert_eq!(stage.look(&placement).await["platform_state"], "published");
    assert_eq!(stage.deliveries("update").await, ["cancelled", "done"]);
    stage.finish().await;
}
