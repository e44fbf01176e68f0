//! What WeChat pushes is kept before it is answered, once, and only when it is WeChat's.

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::TimeDelta;
use futures_util::{StreamExt, future::join_all, stream};
use kaquan::{
    app::upkeep::Upkeep,
    clock::{Clock, SystemClock},
    config::Config,
    domain::id::AppId,
    service::card_inbox::{CardInbox, Kept, NewCardPush},
};
use serde_json::{Value, json};
use sqlx::ConnectOptions;

use crate::support::{
    database::TestDatabase,
    letter,
    plant::noon,
    serve::Serve,
    until::until_true,
    vault::KEYS,
    wechat_push::{Account, ORIGINAL_ID, PushScene, account, claim, event, save},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mode_is_believed_as_far_as_it_can_be() {
    let scene = PushScene::believing(true).await;
    let doubting = PushScene::new().await;
    for (mode, believed) in [("encrypted", false), ("compatible", false), ("plain", true)] {
        let app_id = format!("wxsim000000000{mode}");
        let account = account(scene.db(), noon(), mode, &app_id).await;
        let before = scene.count().await;

        let open = scene.post(scene.address(), &account, &account.plain_query(), claim("1")).await;
        let sealed = scene.push(&account, &claim("2")).await;
        let (query, body) = account.sealed(&claim("3"));
        let both = body.replace("<Encrypt>", &format!("{}<Encrypt>", "<CardId>other</CardId>"));
        let both = scene.post(scene.address(), &account, &query, both).await;

        assert_eq!(open.status, if believed { 200 } else { 403 }, "{mode}");
        assert_eq!((sealed.status, both.status), (200, 200), "{mode}");
        assert_eq!(scene.count().await - before, 2 + i64::from(believed), "{mode}");
    }
    let account = doubting.account("plain").await;
    let open =
        doubting.post(doubting.address(), &account, &account.plain_query(), claim("1")).await;
    assert_eq!((open.status, doubting.count().await), (403, 0));
    let others: i64 = sqlx::query_scalar("select count(*) from card_push where card_ref = 'other'")
        .fetch_one(scene.db())
        .await
        .unwrap();
    assert_eq!(others, 0, "what is not sealed counts for nothing");
    scene.finish().await;
    doubting.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_is_kept_once_and_two_cards_of_one_second_are_two() {
    let mut scene = PushScene::new().await;
    scene.add_server(false).await;
    let account = scene.account("encrypted").await;
    let (one, two) = (scene.address(), scene.other_address());
    let messages = [
        claim("226009850808"),
        claim("226009850809"),
        event("user_view_card", "226009850808", &json!({})),
        event("user_get_card", "226009850808", &json!({ "FromUserName": "oOTHER" })),
        event("user_get_card", "226009850808", &json!({ "CardId": "pOTHER" })),
        event("user_get_card", "226009850808", &json!({ "CreateTime": "1700000124" })),
        event("USER_GET_CARD", "226009850808", &json!({})),
    ];

    let pushes = messages.iter().flat_map(|message| {
        [one, two, one, two].map(|server| scene.push_to(server, &account, message))
    });
    let heard = join_all(pushes).await;

    for heard in heard {
        assert_eq!((heard.status, &heard.body[..]), (200, "success"));
    }
    let rows = scene.rows().await;
    assert_eq!(rows.len(), 6, "{rows:#?}");
    // Who applies them finds that they are of no card of ours, or is about to.
    let waiting = rows.iter().filter(|(_, _, state)| state != "ignored").count();
    assert_eq!(waiting, 5, "a look at a card concerns no coupon");
    scene.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_says_what_it_means_and_where_it_comes_from() {
    let scene = PushScene::new().await;
    let account = scene.account("encrypted").await;
    let message = claim("226009850808");

    assert_eq!(scene.push(&account, &message).await.status, 200);

    let (app, body, digest, event): (uuid::Uuid, String, Vec<u8>, Value) =
        sqlx::query_as("select app_id, body, digest, event from card_push")
            .fetch_one(scene.db())
            .await
            .unwrap();
    assert_eq!((AppId::from(app), &body), (account.app, &message));
    assert_eq!(digest.len(), 32);
    let expected = json!({
        "at": "2023-11-14T22:15:23Z",
        "card_ref": "pSIM0000000000000000000000AA",
        "open_id": "oUSER000000000000000000000AA",
        "what": {
            "type": "taken", "code": "226009850808", "gift": false, "old_code": null,
            "reference": "poster-7", "union_id": null,
        },
    });
    assert_eq!(event, expected);
    scene.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_account_or_another_name_is_refused_and_ordinary_messages_leave_nothing() {
    let scene = PushScene::new().await;
    let one = scene.account("encrypted").await;
    let other = account(scene.db(), noon(), "encrypted", "wxsim0000000000002").await;

    let foreign =
        scene.push(&Account { secret: one.secret.clone(), ..other.clone() }, &claim("1")).await;
    let renamed = event("user_get_card", "1", &json!({ "ToUserName": "gh_other" }));
    let renamed = scene.push(&one, &renamed).await;
    let text = event("x", "1", &json!({ "MsgType": "text", "Content": "你好", "MsgId": "1" }));
    let text = scene.push(&one, &text).await;
    let nobody = Account { secret: "nobody".to_owned(), ..one.clone() };
    let nowhere = scene.push(&nobody, &claim("1")).await;

    assert_eq!((foreign.status, renamed.status), (403, 403));
    assert_eq!(foreign.body, renamed.body);
    assert_eq!((text.status, &text.body[..]), (200, "success"));
    assert_eq!((nowhere.status, &nowhere.body[..]), (404, "not found"));
    assert_eq!(scene.count().await, 0);
    assert_ne!(ORIGINAL_ID, "gh_other");
    scene.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_and_key_of_before_count_for_a_day() {
    let mut scene = PushScene::new().await;
    scene.add_server(false).await;
    let before = scene.account("encrypted").await;
    assert_eq!(scene.push_to(scene.other_address(), &before, &claim("1")).await.status, 200);

    let address = save(scene.db(), scene.clock.now(), before.app, None, None).await;
    let after = Account::of(before.app, &before.app_id, &address);
    // The same token with another key.
    let third = save(scene.db(), scene.clock.now(), before.app, Some(&after.token), None).await;
    let third = Account::of(before.app, &before.app_id, &third);

    assert_eq!((&before.secret, &after.secret), (&after.secret, &third.secret));
    for server in [scene.address(), scene.other_address()] {
        assert_eq!(scene.push_to(server, &third, &claim("2")).await.status, 200);
        assert_eq!(scene.push_to(server, &after, &claim("3")).await.status, 200);
        assert_eq!(scene.push_to(server, &before, &claim("4")).await.status, 403);
    }
    scene.clock.advance(TimeDelta::days(1));
    assert_eq!(scene.push(&third, &claim("5")).await.status, 200);
    assert_eq!(scene.push(&after, &claim("6")).await.status, 403);
    upkeep(&scene).round().await.unwrap();
    let forgotten: bool =
        sqlx::query_scalar("select previous_key_sealed is null from push_address")
            .fetch_one(scene.db())
            .await
            .unwrap();
    assert!(forgotten);
    scene.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_nothing_can_be_kept_every_push_is_turned_away_within_a_second() {
    let scene = PushScene::new().await;
    let account = scene.account("encrypted").await;
    assert_eq!(scene.push(&account, &claim("0")).await.status, 200);
    let mut tx = kaquan::store::begin(scene.db()).await.unwrap();
    sqlx::query("lock table card_push in access exclusive mode").execute(&mut *tx).await.unwrap();

    let messages: Vec<_> = (1..=40).map(|number| claim(&number.to_string())).collect();
    let heard = join_all(messages.iter().map(|message| scene.push(&account, message))).await;
    tx.rollback().await.unwrap();
    let mut again = scene.push(&account, &messages[0]).await;
    while again.status == 503 {
        again = scene.push(&account, &messages[0]).await;
    }

    for heard in heard {
        assert_eq!((heard.status, &heard.body[..]), (503, "busy"));
        assert!(heard.took < Duration::from_secs(1), "{:?}", heard.took);
    }
    assert_eq!(again.status, 200);
    scene.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_with_success_outlives_a_kill() {
    let database = TestDatabase::new().await;
    let account =
        account(&database.pool, SystemClock.now(), "encrypted", "wxsim0000000000001").await;
    let url = database.options.to_url_lossy().to_string();
    let settings = [("DATABASE_URL", &url[..]), ("KAQUAN__SECRETS__MASTER_KEYS", KEYS)];
    let serve = Serve::start(&settings).await;
    let (client, server) = (letter::client(), serve.address);
    let pushes = stream::iter(0..2000).map(|number| {
        let (client, account) = (client.clone(), account.clone());
        async move {
            let code = format!("{number:012}");
            let (query, body) = account.sealed(&claim(&code));
            let url = format!("http://{server}/callbacks/wechat/{}?{query}", account.secret);
            let reply = client.post(url).body(body).send().await.ok()?;
            (reply.status() == 200).then_some(code)
        }
    });
    let mut heard = pushes.buffer_unordered(16);
    let (mut answered, mut serve) = (HashSet::new(), Some(serve));

    while let Some(code) = heard.next().await {
        answered.extend(code);
        if answered.len() >= 100
            && let Some(serve) = serve.take()
        {
            serve.kill().await;
        }
    }

    let kept: Vec<String> =
        sqlx::query_scalar("select code from card_push").fetch_all(&database.pool).await.unwrap();
    let kept: HashSet<_> = kept.into_iter().collect();
    assert!((100..2000).contains(&answered.len()), "{}", answered.len());
    assert!(answered.is_subset(&kept));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_applies_pushes_is_woken_by_what_there_is_to_apply() {
    let database = TestDatabase::new().await;
    let (inbox, write) = CardInbox::open(&database.options, Arc::default());
    let writing = tokio::spawn(write);
    let push = |code: &str, event: Option<Value>| NewCardPush {
        app: AppId::new(noon()),
        open_id: "o-1".to_owned(),
        pushed_at: noon(),
        kind: "user_get_card".to_owned(),
        card_ref: "p-1".to_owned(),
        code: code.to_owned(),
        digest: [7; 32],
        body: "<xml/>".to_owned(),
        event,
        received_at: noon(),
    };
    let woken = async || {
        let bell = tokio::time::timeout(Duration::from_millis(20), inbox.stored.notified());
        bell.await.is_ok()
    };
    let news = push("1", Some(json!({})));

    assert_eq!(inbox.keep(push("2", None)).await, Ok(Kept::New));
    assert!(!woken().await);
    assert_eq!(inbox.keep(news.clone()).await, Ok(Kept::New));
    assert!(woken().await);
    assert_eq!(inbox.keep(news).await, Ok(Kept::Known));
    assert!(!woken().await);
    // One that no column takes spoils nothing for those beside it.
    let many = (0..50).map(|number| inbox.keep(push(&format!("n{number}"), Some(json!({})))));
    let spoiled = inbox.keep(push("\u{0}", Some(json!({}))));
    let (spoiled, many) = tokio::join!(spoiled, join_all(many));
    assert!(spoiled.is_err());
    assert!(many.into_iter().all(|kept| kept == Ok(Kept::New)));

    drop(inbox);
    writing.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pushes_are_forgotten_after_thirty_days_but_for_those_that_wait() {
    let scene = PushScene::new().await;
    let account = scene.account("encrypted").await;
    for code in ["1", "2", "3"] {
        scene.push(&account, &claim(code)).await;
    }
    scene.push(&account, &event("user_view_card", "4", &json!({}))).await;
    // Whoever applies them finds first that they are of no card of ours.
    until_true(scene.db(), "select count(*) = 3 from card_push where state = 'foreign'").await;
    sqlx::query("update card_push set state = 'applied' where code = '1'")
        .execute(scene.db())
        .await
        .unwrap();
    sqlx::query("update card_push set state = 'pending', due_at = '2100-01-01' where code = '3'")
        .execute(scene.db())
        .await
        .unwrap();
    scene.clock.advance(TimeDelta::days(30));
    upkeep(&scene).round().await.unwrap();
    assert_eq!(scene.count().await, 4);

    scene.clock.advance(TimeDelta::seconds(1));
    upkeep(&scene).round().await.unwrap();

    assert_eq!(scene.rows().await, [("user_get_card".into(), "3".into(), "pending".into())]);
    scene.finish().await;
}

fn upkeep(scene: &PushScene) -> Upkeep {
    let clock: Arc<dyn Clock> = scene.clock.clone();
    Upkeep::new(&Config::default(), scene.db(), &clock)
}
