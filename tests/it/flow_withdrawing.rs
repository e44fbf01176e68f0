//! Placements are taken off Baidu, in whatever state they are found there.

use kaquan::simulator::{aim::FaultAim, fault::CallFault};
use serde_json::json;

use crate::support::stage::{MINUTE, Stage};

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
    assert!(stage.standing().is_empty());
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
        stage.drain_after(MINUTE).await;

        assert_eq!(withdrawn["delivery"]["state"], "waiting");
        assert!(stage.standing().is_empty());
        assert_eq!((stage.calls("create"), stage.calls("delete")), (1, stood));
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_deletion_whose_answer_is_lost_is_a_deletion() {
    let stage = Stage::new().await;
    let placement = stage.given_published(json!({})).await;
    stage.lose_the_answer_to("delete");

    stage.act(&placement, "withdraw").await.is(202);
    stage.drain().await;
    stage.drain_after(MINUTE).await;

    assert!(stage.standing().is_empty());
    assert_eq!(stage.look(&placement).await["platform_state"], "withdrawn");
    stage.finish().await;
}

#[tokio::test]
async fn coupons_given_before_reach_baidu_before_their_template_is_deleted() {
    let stage = Stage::new().await;
    let placement = stage.given_published(json!({})).await;
    stage.add_claimable(&placement, 5).await;
    stage.claim(&placement, "open-1").await.is(201);
    stage.baidu.fault_calls(FaultAim::next(1, CallFault::HangUp).at("sync")).unwrap();

    stage.act(&placement, "withdraw").await.is(202);
    stage.drain().await;
    assert_eq!((stage.calls("delete"), stage.baidu.wallet("open-1").len()), (0, 0));
    stage.drain_after(MINUTE).await;

    assert_eq!(stage.baidu.wallet("open-1").len(), 1);
    stage.drain_after(MINUTE).await;
    assert!(stage.standing().is_empty());
    stage.finish().await;
}

#[tokio::test]
async fn coupons_of_a_placement_that_baidu_never_knew_are_owed_to_nobody() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;
    stage.add_claimable(&placement, 5).await;
    stage.claim(&placement, "open-1").await.is(201);
    assert_eq!(stage.deliveries("sync").await, ["waiting"]);

    stage.act(&placement, "withdraw").await.is(200);

    assert_eq!(stage.deliveries("sync").await, ["cancelled"]);
    stage.finish().await;
}
