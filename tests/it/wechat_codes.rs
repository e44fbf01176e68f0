//! Uses and voids at WeChat: each once, whatever is lost. And tokens: one for all, fetched once.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::{clock::Clock, platform::wechat::desk::AskError};
use serde_json::json;

use crate::support::{
    wechat_scene::WechatScene,
    wechat_stub::Mishap::{AnswerLost, NeverHeard, Refused},
};

fn codes(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{number:012}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_uses_of_which_nobody_heard_are_one_use_each() {
    let scene = WechatScene::published(json!({}), 300).await;
    let codes = codes(200);
    scene.owe_codes("write_off", &codes).await;
    scene.wechat.next("/card/code/consume", vec![AnswerLost; 200]);

    for _ in 0..40 {
        // What the channel makes of so many failures is another story.
        sqlx::query("update channel set failures = 0, open_until = null, probing_until = null")
            .execute(scene.db())
            .await
            .unwrap();
        scene.drain().await;
        scene.clock.advance(TimeDelta::minutes(6));
    }

    assert_eq!(scene.states("write_off").await, ["done"; 200]);
    let world = scene.wechat.world();
    assert!(codes.iter().all(|code| world.effects[code] == 1));
    assert_eq!(world.calls.iter().filter(|path| *path == "/card/code/consume").count(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_use_that_was_never_heard_of_is_made_once_more() {
    let scene = WechatScene::published(json!({ "code_mode": "custom" }), 300).await;
    let codes = codes(3);
    scene.owe_codes("write_off", &codes).await;
    scene.wechat.next("/card/code/consume", [NeverHeard, Refused(-1), NeverHeard]);

    scene.settle().await;

    assert_eq!(scene.states("write_off").await, ["done"; 3]);
    assert!(codes.iter().all(|code| scene.wechat.world().effects[code] == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_too_fast_is_quiet_for_a_minute() {
    let scene = WechatScene::published(json!({}), 300).await;
    scene.owe_codes("write_off", &codes(1)).await;
    scene.wechat.next("/card/code/consume", [Refused(45011)]);
    scene.drain().await;

    scene.clock.advance(TimeDelta::seconds(59));
    scene.drain().await;
    assert_eq!(scene.wechat.calls("/card/code/consume"), 1);
    scene.clock.advance(TimeDelta::seconds(2));
    scene.drain().await;

    assert_eq!(scene.states("write_off").await, ["done"]);
    assert_eq!(scene.wechat.calls("/card/code/consume"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_else_used_is_used_and_what_nobody_can_use_is_left_to_a_person() {
    let scene = WechatScene::published(json!({}), 300).await;
    let codes = codes(2);
    scene.owe_codes("write_off", &codes).await;
    scene.wechat.world().codes.insert(codes[0].clone(), "CONSUMED".to_owned());
    scene.wechat.world().codes.insert(codes[1].clone(), "DELETE".to_owned());

    scene.settle().await;

    assert_eq!(scene.states("write_off").await, ["done", "dead"]);
    let presumed: Vec<bool> = sqlx::query_scalar(
        "select presumed from delivery where kind = 'write_off' and state = 'done'",
    )
    .fetch_all(scene.db())
    .await
    .unwrap();
    assert_eq!(presumed, [true]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_use_waits_for_the_end_of_a_gift() {
    let scene = WechatScene::published(json!({}), 300).await;
    let codes = codes(2);
    scene.owe_codes("write_off", &codes).await;
    scene.wechat.world().codes.insert(codes[0].clone(), "GIFTING".to_owned());
    scene.wechat.world().codes.insert(codes[1].clone(), "GIFT_TIMEOUT".to_owned());
    scene.wechat.next("/card/code/consume", [NeverHeard]);
    scene.drain().await;
    scene.clock.advance(TimeDelta::minutes(10));
    scene.drain().await;
    assert_eq!(scene.states("write_off").await, ["pending", "pending"]);

    // After a day it is nobody's for a moment, and then its giver's again.
    scene.wechat.world().codes.insert(codes[0].clone(), "GIFT_TIMEOUT".to_owned());
    scene.wechat.world().codes.insert(codes[1].clone(), "NORMAL".to_owned());
    scene.clock.advance(TimeDelta::minutes(70));
    scene.drain().await;
    assert_eq!(scene.states("write_off").await, ["pending", "done"]);
    scene.wechat.world().codes.insert(codes[0].clone(), "NORMAL".to_owned());
    scene.clock.advance(TimeDelta::minutes(70));
    scene.drain().await;

    assert_eq!(scene.states("write_off").await, ["done", "done"]);
    assert!(codes.iter().all(|code| scene.wechat.world().effects[code] == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_use_waits_for_a_card_that_has_not_begun_there() {
    let scene = WechatScene::published(json!({}), 300).await;
    let codes = codes(1);
    scene.owe_codes("write_off", &codes).await;
    scene.wechat.next("/card/code/consume", [Refused(40127), Refused(40127)]);
    scene.drain().await;
    scene.clock.advance(TimeDelta::minutes(59));
    scene.drain().await;
    assert_eq!(scene.states("write_off").await, ["pending"]);
    assert_eq!(scene.wechat.calls("/card/code/consume"), 2);

    scene.clock.advance(TimeDelta::minutes(2));
    scene.drain().await;

    assert_eq!(scene.states("write_off").await, ["done"]);
    assert_eq!(scene.wechat.world().effects[&codes[0]], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_void_is_void_once() {
    let scene = WechatScene::published(json!({}), 300).await;
    let codes = codes(6);
    scene.owe_codes("void", &codes).await;
    for (code, state) in codes[2..].iter().zip(["CONSUMED", "UNAVAILABLE", "DELETE", "EXPIRE"]) {
        scene.wechat.world().codes.insert(code.clone(), state.to_owned());
    }
    scene.wechat.next("/card/code/unavailable", [AnswerLost]);

    scene.settle().await;

    let mut states = scene.states("void").await;
    assert_eq!(states.remove(2), "dead");
    assert_eq!(states, ["done"; 5]);
    assert!(codes[..2].iter().all(|code| scene.wechat.world().effects[code] == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_token_is_fetched_anew_once() {
    let scene = WechatScene::published(json!({}), 300).await;
    let before = scene.wechat.calls("/cgi-bin/stable_token");
    scene.wechat.kill_tokens();
    scene.owe_codes("write_off", &codes(1)).await;

    scene.drain().await;

    assert_eq!(scene.states("write_off").await, ["done"]);
    assert_eq!(scene.wechat.calls("/cgi-bin/stable_token"), before + 1);
    assert_eq!(scene.wechat.calls("/card/code/consume"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_stays_refused_is_forced_seldom_and_changes_nothing() {
    let scene = WechatScene::published(json!({}), 300).await;
    scene.wechat.world().stubborn = true;
    scene.owe_codes("write_off", &codes(3)).await;
    let generation = "select generation from platform_token where purpose = 'access'";
    let before: i64 = sqlx::query_scalar(generation).fetch_one(scene.db()).await.unwrap();

    scene.drain().await;
    assert_eq!(scene.wechat.world().forced, 1);
    for _ in 0..50 {
        scene.clock.advance(TimeDelta::minutes(2));
        scene.drain().await;
    }

    assert_eq!(scene.wechat.world().forced, 20);
    let after: i64 = sqlx::query_scalar(generation).fetch_one(scene.db()).await.unwrap();
    assert_eq!(after, before);
    scene.wechat.world().stubborn = false;
    scene.settle().await;
    assert_eq!(scene.states("write_off").await, ["done"; 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_calls_for_tokens_make_the_whole_app_wait() {
    for (code, hours) in [(45011, 0), (45009, 3)] {
        let scene = WechatScene::new().await;
        scene.add("first", 10).await.unwrap();
        scene.wechat.next("/cgi-bin/stable_token", [Refused(code)]);
        scene.publish().await.unwrap();
        scene.drain().await;
        let rests: Option<DateTime<Utc>> = sqlx::query_scalar("select open_until from channel")
            .fetch_one(scene.db())
            .await
            .unwrap();
        let least = scene.clock.now() + TimeDelta::hours(hours);
        assert!(rests.is_some_and(|until| until > least), "{code}: {rests:?}");

        scene.clock.advance(TimeDelta::hours(13));
        scene.settle().await;

        assert_eq!(scene.states("publish").await, ["done"], "{code}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_used_up_today_waits_for_the_next_day_and_the_others_go_on() {
    let scene = WechatScene::published(json!({}), 100).await;
    scene.wechat.next("/card/modifystock", [Refused(45009)]);
    scene.add("one", 1).await.unwrap();
    scene.drain().await;
    scene.add("two", 2).await.unwrap();
    scene.owe_codes("write_off", &codes(1)).await;
    scene.drain().await;

    // It is noon there; nobody asks again before midnight.
    assert_eq!(scene.states("write_off").await, ["done"]);
    assert_eq!(scene.states("add_stock").await, ["pending"; 2]);
    scene.clock.advance(TimeDelta::hours(11));
    scene.drain().await;
    assert_eq!(scene.wechat.calls("/card/modifystock"), 1);
    let resting = "select open_until from channel";
    let rests: Vec<Option<DateTime<Utc>>> =
        sqlx::query_scalar(resting).fetch_all(scene.db()).await.unwrap();
    assert!(rests.iter().all(Option::is_none), "{rests:?}");

    scene.clock.advance(TimeDelta::hours(2));
    scene.settle().await;

    assert_eq!(scene.states("add_stock").await, ["done"; 2]);
    assert_eq!(scene.wechat.calls("/card/modifystock"), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_first_calls_from_two_servers_fetch_one_token_and_one_ticket() {
    let scene = WechatScene::new().await;
    let other = scene.another_worker().await;
    scene.wechat.be_slow(Duration::from_millis(100));
    let (one, two) = (scene.worker.wechat_desk().tickets, other.wechat_desk().tickets);

    let asked = (0..50).map(|number| if number % 2 == 0 { &one } else { &two });
    let tickets = futures_util::future::join_all(asked.map(|desk| desk.ticket(scene.app))).await;

    assert!(tickets.into_iter().all(|ticket| ticket.unwrap().expose() == "ticket-1"));
    assert_eq!(scene.wechat.calls("/cgi-bin/stable_token"), 1);
    assert_eq!(scene.wechat.calls("/cgi-bin/ticket/getticket"), 1);
    scene.wechat.be_slow(Duration::ZERO);
    scene.clock.advance(TimeDelta::seconds(6901));
    one.ticket(scene.app).await.unwrap();
    assert_eq!(scene.wechat.calls("/cgi-bin/ticket/getticket"), 2);
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_no_account_of_wechats_has_no_tickets() {
    let scene = WechatScene::new().await;
    sqlx::query("update app set platform = 'own'").execute(scene.db()).await.unwrap();

    let trouble = scene.worker.wechat_desk().tickets.ticket(scene.app).await.unwrap_err();

    assert!(matches!(trouble, AskError::Away(_)), "{trouble}");
}
