//! Access tokens: how they are given, and how each call refuses a bad one.

use chrono::TimeDelta;
use kaquan::simulator::app::{DEFAULT_APP_KEY, DEFAULT_APP_SECRET};
use serde_json::Value;

use crate::stage::Stage;

const GOOD: [(&str, &str); 4] = [
    ("grant_type", "client_credentials"),
    ("client_id", DEFAULT_APP_KEY),
    ("client_secret", DEFAULT_APP_SECRET),
    ("scope", "smartapp_snsapi_base"),
];

#[tokio::test]
async fn a_token_is_given_for_a_query_and_for_a_form() {
    let stage = Stage::set().await;
    let url = stage.url("/oauth/2.0/token");

    for request in [stage.client.get(&url).query(&GOOD), stage.client.post(&url).form(&GOOD)] {
        let reply = request.send().await.unwrap();

        assert_eq!(reply.status(), 200);
        assert_eq!(reply.headers()["cache-control"], "no-store");
        let body: Value = reply.json().await.unwrap();
        assert_eq!(body["expires_in"], 2_592_000);
        assert!(body["access_token"].as_str().unwrap().starts_with("24."));
    }
}

#[tokio::test]
async fn oauth_errors_have_their_own_status_and_shape() {
    let stage = Stage::set().await;
    let cases = [
        ("grant_type", "password", 400, "unsupported_grant_type"),
        ("grant_type", "", 400, "invalid_request"),
        ("client_id", "nobody", 401, "invalid_client"),
        ("client_secret", "wrong", 401, "invalid_client"),
        ("scope", "everything", 400, "invalid_scope"),
        ("scope", "", 400, "invalid_request"),
    ];

    for (name, value, status, error) in cases {
        let form = GOOD.map(|(known, good)| (known, if known == name { value } else { good }));
        let reply = stage.client.post(stage.url("/oauth/2.0/token")).form(&form).send().await;

        let reply = reply.unwrap();
        assert_eq!(reply.status(), status, "{name}={value}");
        assert_eq!(reply.headers()["cache-control"], "no-store");
        let body: Value = reply.json().await.unwrap();
        assert_eq!(body["error"], error, "{name}={value}");
        assert!(body["error_description"].is_string());
    }
}

#[tokio::test]
async fn a_missing_a_garbled_an_unknown_and_an_expired_token_have_their_codes() {
    let mut stage = Stage::set().await;
    let good = stage.token.clone();
    let unknown = format!("24.{}.2592000.1700000000.282335-10000001", "0".repeat(32));

    for (token, code) in [("", 100), ("garbled", 100), (unknown.as_str(), 110)] {
        token.clone_into(&mut stage.token);
        let body = stage.list(&[]).await;

        assert_eq!(body["error_code"], code, "{token}");
        assert!(body["errno"].is_null() && body["error_msg"].is_string());
    }

    stage.token = good;
    stage.simulator.advance(TimeDelta::days(30));
    assert_eq!(stage.list(&[]).await["error_code"], 111);
}

#[tokio::test]
async fn a_new_token_ends_the_earlier_one_only_when_switched_so() {
    let kind = Stage::set().await;
    kind.fresh_token().await;
    assert_eq!(kind.list(&[]).await["errno"], 0);

    let harsh = Stage::with(|switches| switches.revoke_previous_token = true).await;
    harsh.fresh_token().await;
    assert_eq!(harsh.list(&[]).await["error_code"], 110);
}

#[tokio::test]
async fn a_token_in_the_form_needs_the_switch_and_is_counted() {
    for accepted in [false, true] {
        let stage = Stage::with(|switches| {
            switches.accept_token_in_form = accepted;
        })
        .await;
        let template = stage.template("http://127.0.0.1:9/").await.to_string();
        let form = [
            ("access_token", stage.token.as_str()),
            ("couponTemplateId", &template),
            ("stockName", "one"),
            ("stock", "1"),
            ("createTime", "1574952776"),
        ];
        let url = stage.url("/rest/2.0/smartapp/coupon/addStock");
        let reply = stage.client.post(url).form(&form).send().await.unwrap();

        let body: Value = reply.json().await.unwrap();
        assert_eq!(body["errno"] == "0", accepted, "{body}");
        assert_eq!(body["error_code"] == 100, !accepted, "{body}");
        assert_eq!(stage.simulator.report().is_clean(), !accepted);
    }
}
