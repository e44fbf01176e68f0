//! Placements on Baidu: published, changed, imported and withdrawn, whatever happens to the answers on the way.

use chrono::TimeDelta;
use kaquan::simulator::{
    aim::FaultAim, fault::CallFault, take::TakeOrder, template::TemplateInside,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::stage::{Stage, path};

/// Long enough for whatever waits to be due.
fn a_minute() -> TimeDelta {
    TimeDelta::minutes(1)
}

/// What stands at Baidu.
fn standing(stage: &Stage) -> Vec<TemplateInside> {
    stage.baidu.templates().into_iter().filter(|template| !template.deleted).collect()
}

fn lose_the_answer_to(stage: &Stage, call: &str) {
    let fault = FaultAim::next(1, CallFault::HangUpAfterAccepting).at(call);
    stage.baidu.fault_calls(fault).unwrap();
}

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
    let [template] = &standing(&stage)[..] else { panic!() };
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
    assert_eq!(standing(&stage).len(), 1);
    stage.finish().await;
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_is_found_again_and_not_repeated() {
    let stage = Stage::new().await;
    // The same terms, made by somebody else before: not ours.
    stage.given_published(json!({})).await;
    let placement = stage.given_placement(json!({})).await;
    lose_the_answer_to(&stage, "create");

    stage.act(&placement, "publish").await.is(202);
    stage.drain().await;
    let unclear = stage.look(&placement).await;
    stage.drain_after(a_minute()).await;

    assert_eq!(unclear["platform_state"], "publishing");
    let published = stage.look(&placement).await;
    assert_eq!(published["platform_state"], "published");
    assert_eq!(standing(&stage).len(), 2);
    assert_eq!(stage.calls("create"), 2);
    let newest = standing(&stage).iter().map(|template| template.coupon_template_id).max().unwrap();
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
    stage.drain_after(a_minute()).await;

    // It may still have been under way then.
    assert_eq!(early, 1);
    assert_eq!((stage.calls("create"), standing(&stage).len()), (2, 1));
    assert_eq!(stage.look(&placement).await["platform_state"], "published");
    stage.finish().await;
}

#[tokio::test]
async fn a_worker_that_dies_after_the_creation_leaves_one_template() {
    let mut stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;
    lose_the_answer_to(&stage, "create");
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
    let rescued = stage.rescue().await;
    stage.drain_after(a_minute()).await;

    assert_eq!((rescued, standing(&stage).len()), (1, 1));
    assert_eq!(stage.look(&placement).await["platform_state"], "published");
    stage.finish().await;
}

#[tokio::test]
async fn whoever_takes_before_we_know_the_id_is_asked_to_come_again() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;
    lose_the_answer_to(&stage, "create");
    stage.act(&placement, "publish").await.is(202);
    stage.drain().await;
    let id = standing(&stage)[0].coupon_template_id;
    stage.baidu.set_stock(id, 5).unwrap();
    stage.add_stock(&placement, "launch", 5).await.is(201);

    let early = stage.baidu.take(TakeOrder::new(id, "open-1")).await.unwrap();
    stage.drain_after(a_minute()).await;
    let late = stage.baidu.retake(&early.record_id, Vec::new()).await.unwrap();

    assert!(early.tries.iter().all(|attempt| attempt.status == Some(503)), "{early:#?}");
    assert!(late.code().is_some(), "{late:#?}");
    stage.finish().await;
}

#[tokio::test]
async fn two_that_could_be_ours_are_left_to_a_person() {
    let stage = Stage::new().await;
    let one = stage.given_placement(json!({})).await;
    let other = stage.given_placement(json!({})).await;
    for placement in [&one, &other] {
        lose_the_answer_to(&stage, "create");
        stage.act(placement, "publish").await.is(202);
    }
    stage.drain().await;
    stage.drain_after(a_minute()).await;

    for placement in [&one, &other] {
        let failed = stage.look(placement).await;
        assert_eq!(failed["platform_state"], "failed");
        assert!(failed["platform_note"].as_str().unwrap().contains("多个相同的券模板"));
        stage.act(placement, "publish").await.problem(409, "given_up");
    }
    // A person looks, and writes down which is which.
    let ids: Vec<_> = standing(&stage).iter().map(|there| there.coupon_template_id).collect();
    for (placement, id) in [(&one, ids[0]), (&other, ids[1])] {
        let by_hand = json!({ "version": 1, "platform_ref": id.to_string() });
        stage.ask(Method::PATCH, &path(placement), Some(by_hand)).await.is(200);
        stage.act(placement, "update").await.is(202);
    }
    stage.drain().await;
    for placement in [&one, &other] {
        assert_eq!(stage.look(placement).await["platform_state"], "published");
    }
    assert_eq!(standing(&stage).len(), 2);
    stage.finish().await;
}

#[tokio::test]
async fn terms_that_change_while_they_are_published_are_shown_in_the_end() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;
    lose_the_answer_to(&stage, "create");
    stage.act(&placement, "publish").await.is(202);
    stage.drain().await;

    stage.edit(&placement, json!({ "title": "满 100 减 30" })).await.is(200);
    stage.drain_after(a_minute()).await;

    let [template] = &standing(&stage)[..] else { panic!() };
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
    assert_eq!(standing(&stage)[0].title, "满 100 减 40");
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
async fn a_withdrawn_placement_issues_nothing_at_once_and_is_taken_off() {
    let stage = Stage::new().await;
    let placement = stage.given_published(json!({})).await;
    stage.add_stock(&placement, "launch", 5).await.is(201);

    let withdrawn = stage.act(&placement, "withdraw").await.is(202).body;
    let taken = stage.baidu_user_takes(&placement, "open-1").await;
    stage.drain().await;

    assert_eq!(withdrawn["platform_state"], "withdrawing");
    assert_eq!(taken.code(), None);
    assert!(standing(&stage).is_empty());
    assert_eq!(stage.look(&placement).await["platform_state"], "withdrawn");
    assert_eq!(stage.deliveries("add_stock").await, ["cancelled"]);
    stage.finish().await;
}

#[tokio::test]
async fn what_was_not_yet_published_is_withdrawn_without_a_word() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;
    stage.act(&placement, "publish").await.is(202);

    stage.act(&placement, "withdraw").await.is(200);

    assert_eq!(stage.drain().await, 0);
    assert_eq!(stage.deliveries("publish").await, ["cancelled"]);
    assert_eq!(stage.look(&placement).await["platform_state"], "not_published");
    stage.finish().await;
}

#[tokio::test]
async fn a_placement_withdrawn_while_it_is_published_leaves_nothing_at_baidu() {
    for (call_arrives, stood) in [(CallFault::HangUpAfterAccepting, 1), (CallFault::HangUp, 0)] {
        let stage = Stage::new().await;
        let placement = stage.given_placement(json!({})).await;
        stage.baidu.fault_calls(FaultAim::next(1, call_arrives).at("create")).unwrap();
        stage.act(&placement, "publish").await.is(202);
        stage.drain().await;

        let withdrawn = stage.act(&placement, "withdraw").await.is(202).body;
        stage.drain_after(a_minute()).await;

        assert_eq!(withdrawn["delivery"]["state"], "waiting");
        assert!(standing(&stage).is_empty());
        assert_eq!((stage.calls("create"), stage.calls("delete")), (1, stood));
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_deletion_whose_answer_is_lost_is_a_deletion() {
    let stage = Stage::new().await;
    let placement = stage.given_published(json!({})).await;
    lose_the_answer_to(&stage, "delete");

    stage.act(&placement, "withdraw").await.is(202);
    stage.drain().await;
    stage.drain_after(a_minute()).await;

    assert!(standing(&stage).is_empty());
    assert_eq!(stage.look(&placement).await["platform_state"], "withdrawn");
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

#[tokio::test]
async fn what_stands_at_baidu_already_is_imported_and_calls_us_from_then_on() {
    let stage = Stage::new().await;
    let first = stage.given_published(json!({ "title": "满 200 减 50" })).await;
    let platform_ref = first["platform_ref"].clone();
    forget(&stage, &first).await;
    let wish = json!({
        "platform_ref": platform_ref,
        "benefit": { "type": "amount", "off_fen": 5000 },
        "per_person_limit": 2,
    });
    let imports = format!("/v1/admin/apps/{}/imports", stage.app);

    let owed = stage.post(&imports, wish.clone()).await.is(202).body;
    let again = stage.post(&imports, wish.clone()).await.is(202).body;
    stage.drain().await;
    let late = stage.post(&imports, wish).await;

    assert_eq!(owed, again);
    late.problem(409, "platform_ref_taken");
    let placement = stage.look(&json!({ "id": owed["placement_id"] })).await;
    assert_eq!(
        (&placement["platform_state"], &placement["platform_ref"]),
        (&json!("published"), &platform_ref)
    );
    let template = format!("/v1/admin/templates/{}", placement["template_id"].as_str().unwrap());
    let shown = stage.ask(Method::GET, &template, None).await.is(200).body;
    assert_eq!((&shown["title"], &shown["state"]), (&json!("满 200 减 50"), &json!("draft")));
    assert_eq!((&shown["colour"], &shown["kind"]), (&json!("#9857AE"), &json!("cash")));
    assert_eq!(shown["texts"]["limit"], "每人限领 1 张");
    // The draft is opened, and Baidu asks us.
    stage.post(&format!("{template}/resume"), json!({})).await.is(200);
    stage.add_stock(&placement, "launch", 5).await.is(201);
    stage.drain().await;
    assert!(stage.baidu_user_takes(&placement, "open-1").await.code().is_some());
    stage.finish().await;
}

#[tokio::test]
async fn an_import_of_what_is_not_there_says_so() {
    let stage = Stage::new().await;
    let imports = format!("/v1/admin/apps/{}/imports", stage.app);
    let wish = json!({ "platform_ref": "424242", "benefit": { "type": "exchange" } });
    let wrong = json!({ "platform_ref": "1", "benefit": { "type": "amount", "off_fen": 0 } });

    stage.post(&imports, wrong).await.problem(422, "invalid_values");
    stage.post(&imports, wish).await.is(202);
    stage.drain().await;

    assert_eq!(stage.deliveries("import").await, ["dead"]);
    let note: String =
        sqlx::query_scalar("select note from delivery").fetch_one(stage.db()).await.unwrap();
    assert!(note.contains("424242"), "{note}");
    stage.finish_owing().await;
}

/// As if the merchant had made it in Baidu's console.
async fn forget(stage: &Stage, placement: &Value) {
    let id = placement["id"].as_str().unwrap().strip_prefix("plc_").unwrap();
    for statement in [
        "delete from callback_token where placement_id = $1::uuid",
        "delete from stock where placement_id = $1::uuid",
        "delete from attempt where delivery_id in (select delivery_id from delivery where placement_id = $1::uuid)",
        "delete from delivery where placement_id = $1::uuid",
        "delete from placement where placement_id = $1::uuid",
    ] {
        sqlx::query(statement).bind(id).execute(stage.db()).await.unwrap();
    }
}
