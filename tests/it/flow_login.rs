//! People log in through the mini-program: Baidu says who they are, and from then on our own session does.

use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use http::StatusCode;
use kaquan::{
    config,
    domain::id::HolderId,
    simulator::{aim::FaultAim, fault::CallFault, switches::Switches},
};
use serde_json::json;

use crate::support::{
    delivery_scene::{by_hand, undisturbed, worker_with},
    log,
    login_scene::LoginScene,
};

#[tokio::test]
async fn a_login_code_opens_a_session_in_both_of_baidus_forms() {
    let scene = LoginScene::new().await;
    let app = scene.baidu.campaign.app;

    for form in ["session_key", "jscode2session"] {
        scene.log_in_by(form).await;
        let token = scene.log_in("open-1").await;
        let me = scene.who_am_i(&token).await.ok();

        assert_eq!(token.len(), 52);
        assert_eq!(me["app_id"], app.to_string());
        assert_eq!(me["holder_id"], HolderId::derive(app, "open-1").to_string());
        assert_eq!(me["member_uid"], json!(null));
    }
    assert_eq!(scene.baidu.calls("getsessionkey"), 1);
    assert_eq!(scene.baidu.calls("jscode2sessionkey"), 1);
    scene.baidu.finish().await;
}

#[tokio::test]
async fn a_code_that_is_wrong_used_or_over_opens_nothing() {
    let scene = LoginScene::new().await;
    for form in ["session_key", "jscode2session"] {
        scene.log_in_by(form).await;
        let used = scene.code("open-1");
        scene.log_in_with(&used).await.created();
        let over = scene.code("open-1");
        scene.baidu.advance(TimeDelta::minutes(11));

        scene.log_in_with(&used).await.problem(401, "login_refused");
        scene.log_in_with(&over).await.problem(401, "login_refused");
        scene.log_in_with("nobodys").await.problem(401, "login_refused");
    }
    let sessions: i64 = sqlx::query_scalar("select count(*) from mini_session")
        .fetch_one(scene.baidu.db())
        .await
        .unwrap();
    assert_eq!(sessions, 2);
}

#[tokio::test]
async fn whoever_logs_in_badly_is_told_why() {
    let scene = LoginScene::new().await;
    let own = json!({ "platform": "own", "app_key": "own", "name": "商城" });
    let owner = {
        use kaquan::{domain::access::Role, service::create_key::create_key};
        create_key(scene.baidu.db(), scene.admin.state.now(), "boss", Role::Owner).await.unwrap().1
    };
    let mut request = scene.admin.request("POST", "/v1/admin/apps", own.to_string());
    let shown = format!("Bearer {}", owner.reveal()).parse().unwrap();
    request.headers_mut().insert("authorization", shown);
    let own = scene.admin.send(request).await.created();
    let code = scene.code("open-1");
    let nobody = "app_00000000000070008000000000000001";

    let post =
        async |app: &str, code: &str| scene.post(json!({ "app_id": app, "code": code })).await;
    post(nobody, &code).await.problem(422, "no_such_reference");
    post(own["id"].as_str().unwrap(), &code).await.problem(409, "no_logins");
    post(&scene.app(), "").await.problem(422, "invalid_values");
    post(&scene.app(), "a\0").await.problem(422, "invalid_values");
    post(&scene.app(), &"a".repeat(513)).await.problem(422, "invalid_values");
    sqlx::query("update app set secret_sealed = null").execute(scene.baidu.db()).await.unwrap();
    post(&scene.app(), &code).await.problem(409, "app_has_no_secret");
    assert_eq!(scene.baidu.calls("getsessionkey"), 0);
}

#[tokio::test]
async fn while_baidu_is_away_or_slow_people_are_asked_to_come_again() {
    let mut scene = LoginScene::new().await;
    let impatient = config::baidu::Baidu {
        call_timeout: Duration::from_millis(200),
        ..config::baidu::Baidu::default()
    };
    let (options, clock) = (&scene.baidu.database.options, scene.baidu.clock.clone());
    let worker = worker_with(options, clock, by_hand(), undisturbed(), impatient).await;
    scene.admin.state.login = worker.login();
    scene.admin.router = kaquan::api::router(scene.admin.state.clone());
    scene.log_in("open-1").await;

    for fault in [
        CallFault::HangUpAfterAccepting,
        CallFault::Slow { ms: 10_000 },
        CallFault::BadGateway,
        CallFault::TooFast,
        CallFault::Unavailable,
        CallFault::BreakOff,
    ] {
        scene.baidu.baidu.fault_calls(FaultAim::next(1, fault).at("getsessionkey")).unwrap();
        let reply = scene.log_in_with(&scene.code("open-1")).await;

        assert_eq!(reply.headers["retry-after"], "1", "{fault:?}");
        reply.problem(503, "platform_unavailable");
    }
    scene.baidu.baidu.set_down(true);
    scene.log_in_with("any").await.problem(503, "platform_unavailable");
    scene.baidu.baidu.set_down(false);
    scene.log_in("open-1").await;
    worker.stop().await;
}

#[tokio::test]
async fn a_token_that_baidu_has_forgotten_is_fetched_anew_and_the_code_still_counts() {
    let scene = LoginScene::new().await;
    scene.log_in("open-1").await;

    scene.baidu.baidu.revoke_tokens();
    scene.log_in("open-2").await;

    // One of them belongs to the making of the template.
    assert_eq!(scene.baidu.calls("token"), 3);
    scene.baidu.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_first_logins_at_once_fetch_one_access_token() {
    let slow = Switches { answer_after_ms: 150, ..Switches::default() };
    let scene = LoginScene::with(slow).await;
    let before = scene.baidu.calls("token");
    let codes: Vec<_> = (0..50).map(|n| scene.code(&format!("open-{n}"))).collect();

    let replies = join_all(codes.iter().map(|code| scene.log_in_with(code))).await;

    assert!(replies.iter().all(|reply| reply.status == StatusCode::CREATED));
    assert_eq!(scene.baidu.calls("token") - before, 1);
    assert_eq!(scene.baidu.calls("getsessionkey"), 50);
    scene.baidu.finish().await;
}

#[tokio::test]
async fn neither_token_nor_code_nor_the_platforms_key_is_kept_or_logged() {
    log::listen();
    let scene = LoginScene::new().await;
    let mut secrets = Vec::new();
    for form in ["session_key", "jscode2session"] {
        scene.log_in_by(form).await;
        let code = scene.code("open-secret");
        let opened = scene.log_in_with(&code).await.created();
        secrets.extend([code, opened["token"].as_str().unwrap().to_owned()]);
        assert_eq!(opened.as_object().unwrap().len(), 4);
    }
    let heard = log::heard();
    let journal = scene.baidu.baidu.journal();

    // Only the session's token would be of use: the simulator's own log has the rest, in its own words.
    for token in secrets.iter().filter(|secret| secret.starts_with("ks_")) {
        assert!(!heard.contains(token.as_str()));
        let rows: String = sqlx::query_scalar(
            "select string_agg(row::text, ' ')
             from (select mini_session::text as row from mini_session
                   union all select holder::text from holder
                   union all select event::text from event) as rows",
        )
        .fetch_one(scene.baidu.db())
        .await
        .unwrap();
        assert!(!rows.contains(token.as_str()) && rows.contains("open-secret"));
        let found: String =
            sqlx::query_scalar("select encode(token_hash, 'hex') from mini_session")
                .fetch_one(scene.baidu.db())
                .await
                .unwrap();
        // What a stolen copy of the database shows opens nothing.
        scene.who_am_i(&found).await.problem(401, "unauthenticated");
        scene.who_am_i(&format!("ks_{found}")).await.problem(401, "unauthenticated");
    }
    assert!(!heard.contains("open-secret") && !heard.contains(&secrets[0]), "{heard}");
    assert_eq!(journal.iter().filter(|entry| entry.call.contains("session")).count(), 2);
}
