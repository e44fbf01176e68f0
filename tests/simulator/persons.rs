//! Login codes, open ids, union ids.

use chrono::TimeDelta;
use kaquan::simulator::app::{AppSeed, DEFAULT_APP_KEY, DEFAULT_APP_SECRET};
use kaquan::simulator::take::TakeOrder;
use serde_json::{Value, json};

use crate::developer::Manner;
use crate::stage::{NOW, Stage, json as read};

#[tokio::test]
async fn a_login_code_becomes_an_open_id_once() {
    let stage = Stage::set().await;
    let code = stage.simulator.login_code(DEFAULT_APP_KEY, "open-1");

    let body = stage.post("getsessionkey", &[("code", &code)]).await;

    let session = body["data"]["session_key"].as_str().unwrap();
    assert_eq!(session.len(), 32);
    let expected = json!({
        "errno": 0, "errmsg": "succ", "data": { "open_id": "open-1", "session_key": session },
        "request_id": body["request_id"], "timestamp": NOW,
    });
    assert_eq!(body, expected);
    assert!(body["request_id"].is_string());

    let again = stage.post("getsessionkey", &[("code", &code)]).await;
    assert_eq!(again, json!({ "errno": 40001, "errmsg": "the code is unknown, used or over" }));
}

#[tokio::test]
async fn a_login_code_lives_ten_minutes_in_its_own_app_in_query_or_form() {
    let mut stage = Stage::set().await;
    let login = |stage: &Stage| stage.simulator.login_code(DEFAULT_APP_KEY, "open-1");

    let code = login(&stage);
    let mine = stage.token.clone();
    let other = stage.simulator.put_app(AppSeed::default());
    stage.token = stage.token_of(&other).await;
    assert_eq!(stage.post("getsessionkey", &[("code", &code)]).await["errno"], 40001);
    stage.token = mine;
    let body = stage.post_form("getsessionkey", &[("code", &code)]).await;
    assert_eq!(body["data"]["open_id"], "open-1");

    let code = login(&stage);
    stage.simulator.advance(TimeDelta::minutes(10));
    assert_eq!(stage.post("getsessionkey", &[("code", &code)]).await["errno"], 40001);
    assert_eq!(stage.post("getsessionkey", &[]).await["errno"], 40001);
}

#[tokio::test]
async fn the_older_way_takes_the_secret_instead_of_a_token() {
    let stage = Stage::set().await;
    for path in ["/oauth/jscode2sessionkey", "/nalogin/getSessionKeyByCode"] {
        let code = stage.simulator.login_code(DEFAULT_APP_KEY, "open-1");
        let query =
            [("code", code.as_str()), ("client_id", DEFAULT_APP_KEY), ("sk", DEFAULT_APP_SECRET)];

        let body =
            read(stage.client.get(stage.url(path)).query(&query).send().await.unwrap()).await;

        assert_eq!(body["openid"], "open-1");
        assert_eq!(body["session_key"].as_str().unwrap().len(), 32);
        let reply = stage.client.post(stage.url(path)).form(&query).send().await.unwrap();
        assert_eq!(reply.status(), 400);
        let body: Value = reply.json().await.unwrap();
        let words = "the code is unknown, used or over";
        let expected = json!({ "errno": 1, "error": "invalid_grant", "error_description": words });
        assert_eq!(body, expected);
    }
    let query = [("code", "c"), ("client_id", DEFAULT_APP_KEY), ("sk", "wrong")];
    let url = stage.url("/oauth/jscode2sessionkey");
    let reply = stage.client.get(url).query(&query).send().await.unwrap();
    assert_eq!(reply.status(), 401);
}

#[tokio::test]
async fn whom_the_app_has_met_has_a_union_id() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;
    stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();

    let body = stage.post_form("getunionid", &[("openid", "open-1")]).await;
    let again = stage.post_form("getunionid", &[("openid", "open-1")]).await;
    let stranger = stage.post_form("getunionid", &[("openid", "stranger")]).await;

    assert_eq!((&body["errno"], &body["errmsg"]), (&json!(0), &json!("succ")));
    assert!(body["data"]["unionid"].is_string());
    assert_eq!(body["data"], again["data"]);
    assert_eq!(stranger, json!({ "errno": 1, "errmsg": "error" }));
}
