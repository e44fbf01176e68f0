//! Stock at WeChat is what it is with us, whatever answers get lost; and codes lie there before they are counted.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use kaquan::{
    clock::Clock,
    domain::{code::CodePrefix, terms::CodeSource},
    service::{add_stock::AddStockError, replay_delivery::replay_delivery},
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{
    plant::{plant_codes, terms},
    wechat_scene::WechatScene,
    wechat_stub::Mishap::{AnswerLost, NeverHeard, Refused},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_goes_up_and_down_once_whatever_answers_are_lost() {
    let scene = WechatScene::published(json!({}), 100).await;
    let path = "/card/modifystock";
    for (number, (amount, mishaps)) in [
        (10, vec![]),
        (20, vec![AnswerLost]),
        (30, vec![NeverHeard, AnswerLost]),
        (-5, vec![AnswerLost]),
        (-7, vec![NeverHeard]),
        (1, vec![Refused(-1), Refused(45011)]),
    ]
    .into_iter()
    .enumerate()
    {
        scene.wechat.next(path, mishaps);
        scene.add(&format!("a-{number}"), amount).await.unwrap();
        scene.settle().await;

        let (_, card) = scene.wechat.the_card();
        assert_eq!(card.left, scene.left().await, "{amount}");
    }
    assert_eq!(scene.left().await, 149);
    assert_eq!(scene.states("add_stock").await, ["done"; 6]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reduction_of_which_nobody_can_tell_is_left_to_a_person() {
    let scene = WechatScene::published(json!({}), 100).await;
    scene.wechat.next("/card/modifystock", [NeverHeard]);
    scene.add("less", -5).await.unwrap();
    scene.drain().await;
    for card in scene.wechat.world().cards.values_mut() {
        card.left -= 8;
    }

    scene.settle().await;

    assert_eq!(scene.states("add_stock").await, ["dead"]);
    assert_eq!(scene.wechat.calls("/card/modifystock"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reduction_that_was_clearly_not_made_is_made_later_whatever_people_took() {
    for code in [45011, 45009, 48001] {
        let scene = WechatScene::published(json!({}), 100).await;
        scene.wechat.next("/card/modifystock", [Refused(code)]);
        scene.add("less", -1).await.unwrap();
        scene.drain().await;
        for card in scene.wechat.world().cards.values_mut() {
            card.left -= 3;
        }
        let mended = "update channel set paused_at = null, pause_reason = null";
        sqlx::query(mended).execute(scene.db()).await.unwrap();
        scene.clock.advance(TimeDelta::hours(13));

        scene.settle().await;

        assert_eq!(scene.states("add_stock").await, ["done"], "{code}");
        let (_, card) = scene.wechat.the_card();
        assert_eq!((card.left, scene.wechat.calls("/card/modifystock")), (96, 2), "{code}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_wechat_cannot_take_back_comes_back_to_us() {
    let scene = WechatScene::published(json!({}), 100).await;
    for card in scene.wechat.world().cards.values_mut() {
        card.left = 20;
    }

    scene.add("less", -50).await.unwrap();
    scene.drain().await;

    assert_eq!(scene.states("add_stock").await, ["dead"]);
    assert_eq!(scene.left().await, 100);
    let names: Vec<String> =
        sqlx::query_scalar("select name from stock_addition where name like 'refused/%'")
            .fetch_all(scene.db())
            .await
            .unwrap();
    assert_eq!(names.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_grown_back_by_itself_does_not_come_back_twice() {
    for (grown, total) in [(0, 100), (30, 100), (60, 110)] {
        let scene = WechatScene::published(json!({}), 100).await;
        for card in scene.wechat.world().cards.values_mut() {
            card.left = 20;
        }
        scene.add("less", -50).await.unwrap();
        if grown > 0 {
            scene.grow(grown).await;
        }

        scene.drain().await;

        assert_eq!(scene.states("add_stock").await, ["dead"]);
        assert_eq!(scene.left().await, total, "{grown}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_could_tell_begins_anew_when_a_person_says_so() {
    let scene = WechatScene::published(json!({}), 100).await;
    scene.wechat.next("/card/modifystock", [NeverHeard]);
    scene.add("less", -5).await.unwrap();
    scene.drain().await;
    for card in scene.wechat.world().cards.values_mut() {
        card.left -= 8;
    }
    scene.settle().await;
    assert_eq!(scene.states("add_stock").await, ["dead"]);
    let id: Uuid = sqlx::query_scalar("select delivery_id from delivery where kind = 'add_stock'")
        .fetch_one(scene.db())
        .await
        .unwrap();

    replay_delivery(scene.db(), scene.clock.now(), "test", id.into()).await.unwrap();
    scene.settle().await;

    assert_eq!(scene.states("add_stock").await, ["done"]);
    let (_, card) = scene.wechat.the_card();
    assert_eq!((card.left, scene.wechat.calls("/card/modifystock")), (87, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_wechat_nobody_claims_so_nothing_is_kept_for_that() {
    use kaquan::{
        domain::stock::Way,
        service::add_stock::{NewAddition, add_stock},
    };
    let scene = WechatScene::new().await;
    for way in [Way::Claim, Way::Gift] {
        let new = NewAddition {
            placement: scene.placement,
            way,
            name: "x".to_owned(),
            amount: 1,
            added_by: "test".to_owned(),
        };

        let refused = add_stock(scene.db(), scene.clock.now(), new).await.unwrap_err();

        assert!(matches!(refused, AddStockError::WayOfNobody), "{refused:?}");
    }
}

/// A card whose codes are deposited; it has been reviewed.
async fn deposit(source: CodeSource) -> WechatScene {
    let mut terms = terms();
    terms.codes = source;
    let scene = WechatScene::with(&terms, json!({ "code_mode": "deposit" })).await;
    scene.publish().await.unwrap();
    scene.drain().await;
    let (_, card) = scene.wechat.the_card();
    assert_eq!(card.left, 0);
    scene
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_lie_there_before_they_are_counted_whatever_is_lost() {
    for path in [
        "/card/get",
        "/card/code/deposit",
        "/card/code/checkcode",
        "/card/code/getdepositcount",
        "/card/modifystock",
    ] {
        for mishap in [AnswerLost, NeverHeard] {
            let scene = deposit(CodeSource::Generated { prefix: CodePrefix::new("K") }).await;
            scene.wechat.pass();
            scene.wechat.next(path, [mishap]);

            scene.add("first", 250).await.unwrap();
            scene.settle().await;

            let (_, card) = scene.wechat.the_card();
            assert_eq!((card.left, card.deposited.len()), (250, 250), "{path} {mishap:?}");
            assert!(card.deposited.iter().all(|code| code.len() <= 20));
            assert_eq!(scene.states("add_stock").await, ["done"], "{path} {mishap:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_reviewers_have_looked_no_code_is_handed_in() {
    let scene = deposit(CodeSource::Uploaded).await;
    let codes: Vec<String> = (0..120).map(|number| format!("UP-{number:06}")).collect();
    plant_codes(scene.db(), scene.template, &codes[..100]).await;
    scene.add("first", 110).await.unwrap();
    scene.settle().await;
    assert_eq!(scene.states("add_stock").await, ["pending"]);
    assert_eq!(scene.wechat.calls("/card/code/deposit"), 0);

    scene.wechat.pass();
    scene.settle().await;
    assert!(scene.note("add_stock").await.contains("10"), "{}", scene.note("add_stock").await);
    plant_codes(scene.db(), scene.template, &codes[100..]).await;
    scene.settle().await;
    scene.add("less", -10).await.unwrap();
    scene.settle().await;

    let (_, card) = scene.wechat.the_card();
    assert_eq!((card.left, card.deposited.len()), (100, 110));
    let all: BTreeSet<String> = codes.into_iter().collect();
    assert!(card.deposited.is_subset(&all));
    assert_eq!(scene.states("add_stock").await, ["done", "done"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_take_the_place_of_codes_that_wechat_refuses_or_cannot_hold() {
    let scene = deposit(CodeSource::Uploaded).await;
    scene.wechat.pass();
    let mut codes = vec!["UP-LONGER-THAN-20-CHARACTERS".to_owned()];
    codes.extend((0..7).map(|number| format!("BAD-{number}")));
    codes.extend((0..2).map(|number| format!("FOREIGN-{number}")));
    codes.extend((0..120).map(|number| format!("UP-{number:06}")));
    plant_codes(scene.db(), scene.template, &codes).await;

    scene.add("first", 110).await.unwrap();
    scene.settle().await;

    let (_, card) = scene.wechat.the_card();
    assert_eq!((card.left, card.deposited.len()), (110, 110));
    assert_eq!(scene.states("add_stock").await, ["done"]);
    let refused = "select count(*) from deposited_code where state = 'refused'";
    let refused: i64 = sqlx::query_scalar(refused).fetch_one(scene.db()).await.unwrap();
    assert_eq!(refused, 9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_too_many_refused_codes_a_person_hears() {
    let scene = deposit(CodeSource::Uploaded).await;
    scene.wechat.pass();
    let codes: Vec<String> = (0..300).map(|number| format!("BAD-{number}")).collect();
    plant_codes(scene.db(), scene.template, &codes).await;

    scene.add("first", 110).await.unwrap();
    scene.settle().await;

    assert_eq!(scene.states("add_stock").await, ["dead"]);
    assert!(scene.note("add_stock").await.contains("WeChat has refused"));
}
