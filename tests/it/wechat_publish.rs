//! Cards that are made once, whatever answers get lost; and what happens to their looks afterwards.

use chrono::TimeDelta;
use kaquan::{
    api::platform_rules::foresee,
    app::upkeep::Upkeep,
    clock::Clock,
    config::Config,
    domain::{
        foresight::Run,
        placement::{PlacementState, Review},
    },
    service::{
        change_placement::{ChangePlacementError, PlacementChange, change_placement},
        edit_template::edit_template,
        push_placement_update::push_placement_update,
        telling::TellingError,
        withdraw_placement::withdraw_placement,
    },
    store,
};
use serde_json::json;

use crate::support::{
    plant::terms,
    wechat_scene::WechatScene,
    wechat_stub::Mishap::{AnswerLost, NeverHeard, Refused},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_stands_with_all_its_stock_and_waits_for_its_reviewers() {
    let scene = WechatScene::new().await;
    scene.add("first", 100).await.unwrap();
    scene.add("taken-back", -30).await.unwrap();
    scene.publish().await.unwrap();

    scene.drain().await;

    let (id, card) = scene.wechat.the_card();
    let placed = scene.placed().await;
    assert_eq!((card.left, card.kind.as_str()), (70, "CASH"));
    assert_eq!((placed.platform_ref, placed.review), (Some(id), Some(Review::Pending)));
    assert_eq!(scene.states("publish").await, ["done"]);
    assert_eq!(scene.states("add_stock").await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_stock_or_a_look_nothing_is_owed() {
    let scene = WechatScene::new().await;

    let TellingError::Invalid(problems) = scene.publish().await.unwrap_err() else { panic!() };
    assert_eq!(problems[0].param, "stock");

    scene.add("first", 1).await.unwrap();
    sqlx::query("update app set settings = settings - 'card'").execute(scene.db()).await.unwrap();
    let TellingError::Invalid(problems) = scene.publish().await.unwrap_err() else { panic!() };
    let params: Vec<_> = problems.iter().map(|problem| problem.param).collect();
    assert!(params.contains(&"card.brand_name") && params.contains(&"card.logo_url"), "{params:?}");
    assert_eq!(scene.states("publish").await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_lost_at_any_step_makes_no_second_card() {
    for path in ["/cgi-bin/stable_token", "/card/batchget", "/card/create", "/card/get"] {
        for mishap in [AnswerLost, NeverHeard] {
            let scene = WechatScene::new().await;
            scene.add("first", 100).await.unwrap();
            scene.publish().await.unwrap();
            scene.wechat.next(path, [mishap, mishap]);

            scene.settle().await;

            let (id, card) = scene.wechat.the_card();
            assert_eq!(scene.placed().await.platform_ref, Some(id), "{path} {mishap:?}");
            assert_eq!((card.left, scene.left().await), (100, 100), "{path} {mishap:?}");
            assert_eq!(scene.states("publish").await, ["done"], "{path} {mishap:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_that_comes_while_a_card_is_made_is_told_once() {
    let scene = WechatScene::new().await;
    scene.add("first", 100).await.unwrap();
    scene.publish().await.unwrap();
    scene.wechat.next("/card/create", [AnswerLost]);
    scene.drain().await;
    scene.add("more", 20).await.unwrap();
    scene.add("less", -5).await.unwrap();
    assert_eq!(scene.states("add_stock").await, [""; 0]);

    scene.settle().await;

    let (_, card) = scene.wechat.the_card();
    assert_eq!((card.left, card.total, scene.left().await), (115, 115, 115));
    assert_eq!(scene.states("add_stock").await, ["done", "done"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_with_another_stock_than_was_sent_is_left_to_a_person() {
    let scene = WechatScene::new().await;
    scene.add("first", 100).await.unwrap();
    scene.publish().await.unwrap();
    scene.wechat.next("/card/create", [AnswerLost]);
    scene.drain().await;
    for card in scene.wechat.world().cards.values_mut() {
        card.total += 10;
    }

    scene.settle().await;

    assert_eq!(scene.states("publish").await, ["dead"]);
    assert_eq!(scene.placed().await.platform_ref, None);
    assert_eq!(scene.wechat.calls("/card/create"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_cannot_be_looked_at_is_pending_until_any_word_of_its_reviewers() {
    let scene = WechatScene::new().await;
    scene.add("first", 100).await.unwrap();
    scene.publish().await.unwrap();
    scene.wechat.next("/card/get", [NeverHeard]);

    scene.drain().await;

    let placed = scene.placed().await;
    assert_eq!((placed.review, placed.reviewed_at), (Some(Review::Pending), None));
    let mut conn = scene.db().acquire().await.unwrap();
    let at = scene.clock.now() - TimeDelta::seconds(5);
    assert!(store::card::placed::review(&mut conn, scene.placement, None, at).await.unwrap());
}

/// Gives the placement another id, or none.
async fn rename(scene: &WechatScene, to: Option<&str>) -> Result<(), ChangePlacementError> {
    let change = PlacementChange::Edit {
        version: scene.placed().await.version,
        platform_ref: Some(to.map(str::to_owned)),
        settings: None,
        lint: foresee,
        run: Run::Real,
    };
    change_placement(scene.db(), scene.clock.now(), scene.placement, change).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_is_made_anew_has_all_the_stock_once() {
    let scene = WechatScene::published(json!({}), 100).await;
    scene.wechat.next("/card/modifystock", [AnswerLost, Refused(-1)]);
    scene.add("more", 20).await.unwrap();
    scene.drain().await;
    scene.add("even-more", 5).await.unwrap();
    rename(&scene, None).await.unwrap();
    assert_eq!(scene.states("add_stock").await, ["cancelled", "cancelled"]);
    scene.wechat.world().cards.clear();
    scene.add("meanwhile", 1).await.unwrap();

    scene.publish().await.unwrap();
    scene.settle().await;

    let (_, card) = scene.wechat.the_card();
    assert_eq!((card.left, scene.left().await), (126, 126));
    assert_eq!(scene.states("add_stock").await, ["cancelled", "cancelled"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_of_which_cards_are_out_stays() {
    let scene = WechatScene::published(json!({}), 100).await;
    let card = scene.placed().await.platform_ref.unwrap();
    sqlx::query(
        "insert into card (app_id, card_ref, code, placement_id, standing, changed_at)
         values ($1, $2, '1', $3, '{}', $4)",
    )
    .bind(scene.app.uuid())
    .bind(&card)
    .bind(scene.placement.uuid())
    .bind(scene.clock.now())
    .execute(scene.db())
    .await
    .unwrap();

    for to in [None, Some("pOTHER")] {
        let refused = rename(&scene, to).await.unwrap_err();
        assert!(matches!(refused, ChangePlacementError::CardsAreOut), "{refused:?}");
    }
    rename(&scene, Some(&card)).await.unwrap();
    assert_eq!(scene.placed().await.platform_ref, Some(card));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clear_no_leaves_nothing_behind_and_can_be_mended() {
    let scene = WechatScene::new().await;
    scene.add("first", 100).await.unwrap();
    scene.publish().await.unwrap();
    scene.wechat.next("/card/create", [Refused(40151)]);
    scene.drain().await;
    assert_eq!(scene.states("publish").await, ["dead"]);
    assert!(scene.note("publish").await.contains("40151"), "{}", scene.note("publish").await);

    scene.publish().await.unwrap();
    scene.drain().await;

    assert_eq!(scene.states("publish").await, ["cancelled", "done"]);
    scene.wechat.the_card();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_that_needs_a_review_says_so_before_and_after() {
    let scene = WechatScene::published(json!({}), 100).await;
    let mut other = terms();
    other.texts.description = "仅限周末使用".to_owned();
    let now = scene.clock.now();

    let (_, foreseen) =
        edit_template(scene.db(), now, scene.template, 1, other, foresee, Run::Real).await.unwrap();
    assert_eq!(foreseen[0].1.review, ["description"]);
    assert_eq!(foreseen[0].1.untellable, []);
    scene.wechat.next("/card/update", [AnswerLost]);
    scene.settle().await;

    let placed = scene.placed().await;
    assert_eq!(placed.review, Some(Review::Pending));
    assert_eq!(scene.states("update").await, ["done"]);
    let (_, card) = scene.wechat.the_card();
    let shown = card.own["base_info"]["description"].as_str().unwrap().to_owned();
    assert!(shown.contains("仅限周末使用"), "{shown}");
    assert_eq!(scene.wechat.calls("/card/update"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_changes_is_refused_when_asked_and_left_to_a_person_when_not() {
    let scene = WechatScene::published(json!({}), 100).await;
    let mut other = terms();
    other.title = "满 100 减 30".to_owned();
    let now = scene.clock.now();

    let (_, foreseen) =
        edit_template(scene.db(), now, scene.template, 1, other, foresee, Run::Real).await.unwrap();
    assert_eq!(foreseen[0].1.untellable[0].param, "title");
    let push = push_placement_update(scene.db(), now, scene.placement, foresee).await;
    let TellingError::Invalid(problems) = push.unwrap_err() else { panic!() };
    assert_eq!(problems[0].param, "title");
    scene.settle().await;

    assert_eq!(scene.states("update").await, ["dead"]);
    assert!(scene.note("update").await.contains("title"), "{}", scene.note("update").await);
    assert_eq!(scene.wechat.world().updates.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_is_taken_off_once_and_one_that_is_gone_is_taken_off() {
    for gone_before in [false, true] {
        let scene = WechatScene::published(json!({}), 100).await;
        if gone_before {
            scene.wechat.world().cards.clear();
        } else {
            scene.wechat.next("/card/delete", [AnswerLost]);
        }

        withdraw_placement(scene.db(), scene.clock.now(), scene.placement).await.unwrap();
        scene.add("late", 5).await.unwrap();
        scene.clock.advance(TimeDelta::seconds(1));
        scene.settle().await;

        assert_eq!(scene.placed().await.state, PlacementState::Withdrawn);
        assert_eq!(scene.states("withdraw").await, ["done"]);
        assert_eq!(scene.states("add_stock").await, [""; 0]);
        assert!(scene.wechat.world().cards.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_word_of_the_reviewers_is_asked_for_when_it_does_not_come() {
    let scene = WechatScene::new().await;
    scene.add("first", 10).await.unwrap();
    scene.publish().await.unwrap();
    scene.drain().await;
    let clock: std::sync::Arc<dyn Clock> = scene.clock.clone();
    let upkeep = Upkeep::new(&Config::default(), scene.db(), &clock);
    upkeep.round().await.unwrap();
    assert!(scene.states("update").await.is_empty());

    scene.clock.advance(TimeDelta::minutes(11));
    upkeep.round().await.unwrap();
    scene.drain().await;
    assert_eq!(scene.placed().await.review, Some(Review::Pending));
    scene.wechat.pass();
    for _ in 0..2 {
        scene.clock.advance(TimeDelta::minutes(11));
        upkeep.round().await.unwrap();
        scene.drain().await;
    }

    assert_eq!(scene.placed().await.review, Some(Review::Passed));
    assert_eq!(scene.states("update").await, ["done"; 2]);
    assert!(scene.wechat.world().updates.is_empty());
}
