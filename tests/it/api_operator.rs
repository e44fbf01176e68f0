//! People at work: their accounts, their passwords, their sessions.

use chrono::TimeDelta;
use futures_util::future::join_all;
use kaquan::domain::access::Role;
use serde_json::{Value, json};

use crate::support::{
    admin::{Admin, Reply},
    people,
};

const PASSWORD: &str = "correct horse battery";

async fn add(admin: &Admin, login: &str, role: &str) -> Value {
    let body = json!({
        "login": login, "name": "小王", "role": role, "store": "徐家汇店", "password": PASSWORD
    });
    admin.post("/v1/admin/operators", body).await.created()
}

async fn log_in(admin: &Admin, login: &str, password: &str) -> Reply {
    let body = json!({ "login": login, "password": password }).to_string();
    let mut request = admin.request("POST", "/v1/admin/sessions", body);
    request.headers_mut().remove("authorization");
    admin.send(request).await
}

async fn token(admin: &Admin, login: &str, password: &str) -> String {
    let opened = log_in(admin, login, password).await.created();
    opened["token"].as_str().unwrap().to_owned()
}

async fn ask(admin: &Admin, token: &str, method: &str, path: &str, body: Value) -> Reply {
    let mut request = admin.request(method, path, body.to_string());
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    admin.send(request).await
}

async fn who_am_i(admin: &Admin, token: &str) -> Reply {
    ask(admin, token, "GET", "/v1/admin/sessions/current", json!({})).await
}

#[tokio::test]
async fn somebody_logs_in_works_and_logs_out() {
    let admin = Admin::new().await;
    let added = add(&admin, "Xiao.Wang", "auditor").await;

    let first = token(&admin, "xiao.wang", PASSWORD).await;
    let second = token(&admin, "XIAO.WANG", PASSWORD).await;
    let me = who_am_i(&admin, &first).await.ok();

    assert!(first.starts_with("ko_") && first.len() == 52 && first != second);
    assert_eq!(
        (&me["operator"]["id"], &me["operator"]["login"]),
        (&added["id"], &json!("xiao.wang"))
    );
    ask(&admin, &first, "GET", "/v1/admin/apps", json!({})).await.ok();
    ask(&admin, &first, "POST", "/v1/admin/apps", json!({})).await.problem(403, "forbidden");
    let out = ask(&admin, &first, "DELETE", "/v1/admin/sessions/current", json!({})).await;
    assert_eq!(out.status, 204);
    who_am_i(&admin, &first).await.problem(401, "unauthenticated");
    who_am_i(&admin, &second).await.ok();
}

#[tokio::test]
async fn a_session_at_work_ends_after_half_an_hour_of_rest_and_after_twelve_hours() {
    let admin = Admin::new().await;
    let operator = people::operator(&admin.state, Role::Auditor).await;
    let (busy, idle) = (
        people::work_session(&admin.state, operator).await,
        people::work_session(&admin.state, operator).await,
    );

    for _ in 0..(12 * 60 / 20 - 1) {
        admin.clock.advance(TimeDelta::minutes(20));
        who_am_i(&admin, &busy).await.ok();
    }
    who_am_i(&admin, &idle).await.problem(401, "unauthenticated");
    admin.clock.advance(TimeDelta::minutes(20));

    who_am_i(&admin, &busy).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn nobody_learns_which_logins_exist() {
    let admin = Admin::new().await;
    add(&admin, "known", "auditor").await;
    let disabled = add(&admin, "gone", "auditor").await;
    let path = format!("/v1/admin/operators/{}", disabled["id"].as_str().unwrap());
    admin.patch(&path, json!({ "disabled": true })).await.ok();

    let mut bodies = Vec::new();
    for (login, password) in [
        ("known", "wrong password"),
        // Within the pause that the one before has earned, the right one is none.
        ("known", PASSWORD),
        ("unknown", PASSWORD),
        ("gone", PASSWORD),
        ("张三", PASSWORD),
        ("no body", PASSWORD),
    ] {
        let mut body = log_in(&admin, login, password).await.problem(401, "wrong_credentials");
        body.as_object_mut().unwrap().remove("request_id");
        bodies.push(body);
    }

    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
}

#[tokio::test]
async fn wrong_passwords_cost_time_that_doubles_and_a_right_one_forgets_them() {
    let admin = Admin::new().await;
    add(&admin, "known", "auditor").await;
    let wrong = async || {
        log_in(&admin, "known", "wrong password").await.problem(401, "wrong_credentials");
    };

    for pause in [1, 2, 4] {
        wrong().await;
        admin.clock.advance(TimeDelta::seconds(pause) - TimeDelta::milliseconds(1));
        log_in(&admin, "known", PASSWORD).await.problem(401, "wrong_credentials");
        admin.clock.advance(TimeDelta::milliseconds(1));
    }
    log_in(&admin, "known", PASSWORD).await.created();
    wrong().await;
    admin.clock.advance(TimeDelta::seconds(1));
    log_in(&admin, "known", PASSWORD).await.created();

    sqlx::query("update operator_network set failures = 1000").execute(admin.db()).await.unwrap();
    wrong().await;
    admin.clock.advance(TimeDelta::minutes(15));
    log_in(&admin, "known", PASSWORD).await.created();
}

#[tokio::test]
async fn what_cannot_be_a_password_costs_no_hash() {
    let admin = Admin::new().await;
    let operators = async |password: String| {
        let body = json!({ "login": "a", "name": "a", "role": "auditor", "password": password });
        admin.post("/v1/admin/operators", body).await
    };

    log_in(&admin, "known", "a\0b").await.problem(400, "invalid_body");
    log_in(&admin, "known", &"密".repeat(5000)).await.problem(422, "invalid_values");
    log_in(&admin, "known", &"a".repeat(1025)).await.problem(422, "invalid_values");
    log_in(&admin, "known", &"a".repeat(1 << 20)).await.problem(413, "body_too_large");
    for bad in ["short", "password1234", "Administrator"] {
        operators(bad.to_owned()).await.problem(422, "invalid_values");
    }
    operators("密".repeat(400)).await.problem(422, "invalid_values");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_who_log_in_at_once_are_hashed_two_at_a_time() {
    let admin = Admin::new().await;
    add(&admin, "known", "auditor").await;

    let tries = (0..60).map(|n| {
        let (admin, login) = (&admin, format!("nobody-{n}"));
        async move { log_in(admin, if n % 10 == 0 { "known" } else { &login }, PASSWORD).await }
    });
    let replies = join_all(tries).await;

    assert!(admin.state.passwords.most_at_once() <= 2);
    for reply in replies {
        assert!([201, 401].contains(&reply.status.as_u16()), "{reply:?}");
    }
}

#[tokio::test]
async fn sessions_end_with_the_role_the_account_and_the_password() {
    let admin = Admin::new().await;
    add(&admin, "boss", "owner").await;
    let added = add(&admin, "known", "operator").await;
    let path = format!("/v1/admin/operators/{}", added["id"].as_str().unwrap());
    let operator = added["id"].as_str().unwrap().parse().unwrap();

    for (change, ends) in [
        (json!({ "name": "小李", "store": null }), false),
        (json!({ "role": "operator" }), false),
        (json!({ "role": "clerk" }), true),
        (json!({ "password": "another good one" }), true),
        (json!({ "disabled": true }), true),
    ] {
        let session = people::work_session(&admin.state, operator).await;
        admin.patch(&path, change.clone()).await.ok();
        let status = who_am_i(&admin, &session).await.status;
        assert_eq!(status == 401, ends, "{change}");
    }
    admin.patch(&path, json!({ "disabled": false })).await.ok();
    log_in(&admin, "known", PASSWORD).await.problem(401, "wrong_credentials");
    admin.clock.advance(TimeDelta::seconds(1));
    log_in(&admin, "known", "another good one").await.created();
}

#[tokio::test]
async fn somebody_changes_their_own_password_by_showing_the_present_one() {
    let admin = Admin::new().await;
    add(&admin, "known", "clerk").await;
    let session = token(&admin, "known", PASSWORD).await;
    let change = async |present: &str, wanted: &str| {
        let body = json!({ "current_password": present, "new_password": wanted });
        ask(&admin, &session, "POST", "/v1/admin/sessions/current/password", body).await
    };

    change(PASSWORD, "short").await.problem(422, "invalid_values");
    change("wrong password", "another good one").await.problem(403, "wrong_password");
    admin.clock.advance(TimeDelta::seconds(1));
    let changed = change(PASSWORD, "another good one").await;

    assert_eq!(changed.status, 204);
    who_am_i(&admin, &session).await.problem(401, "unauthenticated");
    token(&admin, "known", "another good one").await;
}

#[tokio::test]
async fn a_session_alone_does_not_replace_the_password_of_whoever_it_belongs_to() {
    let admin = Admin::new().await;
    let one = people::operator(&admin.state, Role::Owner).await;
    let other = people::operator(&admin.state, Role::Owner).await;
    let mine = people::work_session(&admin.state, one).await;
    let theirs = people::work_session(&admin.state, other).await;
    let path = format!("/v1/admin/operators/{one}");
    let change =
        async |session: &str, body: Value| ask(&admin, session, "PATCH", &path, body).await;
    let password = json!({ "password": "another good one" });

    let refused = change(&mine, password.clone()).await.problem(403, "forbidden");
    let renamed = change(&mine, json!({ "name": "小李", "password": null })).await.ok();
    let by_another_owner = change(&theirs, password.clone()).await;
    let by_a_key = admin.patch(&path, password).await;

    assert_eq!(refused["param"], "password");
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("/v1/admin/sessions/current/password"), "{detail}");
    assert_eq!(renamed["name"], "小李");
    by_another_owner.ok();
    by_a_key.ok();
    who_am_i(&admin, &mine).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn there_is_always_an_owner_who_can_log_in() {
    let admin = Admin::new().await;
    let one = people::operator(&admin.state, Role::Owner).await;
    let two = people::operator(&admin.state, Role::Owner).await;
    let [one, two] = [one, two].map(|id| format!("/v1/admin/operators/{id}"));

    let (first, second) = tokio::join!(
        admin.patch(&one, json!({ "role": "auditor" })),
        admin.patch(&two, json!({ "disabled": true }))
    );

    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let left: i64 = sqlx::query_scalar(
        "select count(*) from operator where role = 'owner' and disabled_at is null",
    )
    .fetch_one(admin.db())
    .await
    .unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn a_login_is_given_once_and_nobody_is_found_who_is_not_there() {
    let admin = Admin::new().await;
    add(&admin, "known", "auditor").await;
    let body = json!({ "login": "KNOWN", "name": "a", "role": "auditor", "password": PASSWORD });

    admin.post("/v1/admin/operators", body).await.problem(409, "login_taken");
    let nobody = "/v1/admin/operators/opr_00000000000070008000000000000001";
    admin.get(nobody).await.problem(404, "not_found");
    admin.patch(nobody, json!({})).await.problem(404, "not_found");
    let listed = admin.get("/v1/admin/operators").await.ok();
    assert_eq!(listed["data"][0]["login"], "known");
    assert!(!listed.to_string().contains("argon2"));
}
