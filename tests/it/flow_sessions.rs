//! Sessions of people with coupons: how long they live, and how they end.

use chrono::TimeDelta;
use kaquan::{
    clock::{Clock, SystemClock},
    domain::id::{AppId, HolderId},
};
use serde_json::json;

use crate::support::{
    admin::{Admin, Reply},
    command::{database_url, kaquan},
    people,
};

const CURRENT: &str = "/v1/mini/sessions/current";

async fn ask(admin: &Admin, token: &str, method: &str) -> Reply {
    let mut request = admin.request(method, CURRENT, "");
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    admin.send(request).await
}

async fn app(admin: &Admin) -> AppId {
    admin.given_app("key").await.parse().unwrap()
}

#[tokio::test]
async fn a_session_in_use_slides_on_up_to_its_end_and_an_idle_one_is_over() {
    let admin = Admin::new().await;
    let app = app(&admin).await;
    let (busy, idle) = (
        people::holder(&admin.state, app, "a").await,
        people::holder(&admin.state, app, "b").await,
    );

    // Seven days idle, thirty in all.
    for day in 0..29 {
        ask(&admin, &busy, "GET").await.ok();
        if day == 7 {
            ask(&admin, &idle, "GET").await.problem(401, "unauthenticated");
        }
        admin.clock.advance(TimeDelta::days(1));
    }
    admin.clock.advance(TimeDelta::hours(23));
    ask(&admin, &busy, "GET").await.ok();
    admin.clock.advance(TimeDelta::hours(1));

    ask(&admin, &busy, "GET").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn whoever_logs_out_is_out_and_a_mistyped_token_is_none() {
    let admin = Admin::new().await;
    let app = app(&admin).await;
    let (mine, other) = (
        people::holder(&admin.state, app, "a").await,
        people::holder(&admin.state, app, "a").await,
    );

    let out = ask(&admin, &mine, "DELETE").await;

    assert_eq!(out.status, 204);
    ask(&admin, &mine, "GET").await.problem(401, "unauthenticated");
    ask(&admin, &other, "GET").await.ok();
    ask(&admin, &format!("{other}x"), "GET").await.problem(401, "unauthenticated");
    ask(&admin, &other[..other.len() - 1], "GET").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn an_operator_ends_all_sessions_of_a_person() {
    let admin = Admin::new().await;
    let app = app(&admin).await;
    let (one, two) = (
        people::holder(&admin.state, app, "a").await,
        people::holder(&admin.state, app, "a").await,
    );
    let other = people::holder(&admin.state, app, "b").await;
    let revoke = async |holder: &str| {
        admin.post(&format!("/v1/admin/holders/{holder}/revoke-sessions"), json!({})).await
    };
    let holder = HolderId::derive(app, "a").to_string();

    let first = revoke(&holder).await.ok();
    let again = revoke(&holder).await.ok();

    assert_eq!((&first["revoked"], &again["revoked"]), (&json!(2), &json!(0)));
    for token in [one, two] {
        ask(&admin, &token, "GET").await.problem(401, "unauthenticated");
    }
    ask(&admin, &other, "GET").await.ok();
    revoke("hld_00000000000070008000000000000001").await.problem(404, "not_found");
}

#[tokio::test]
async fn the_command_ends_the_sessions_of_whom_it_is_told_by_either_name() {
    let admin = Admin::new().await;
    let app = app(&admin).await;
    let (id, holder) = (app.to_string(), HolderId::derive(app, "a").to_string());
    // The command has no clock but the real one.
    admin.clock.advance(SystemClock.now() - admin.clock.now());
    let url = database_url(&admin.database.options);
    let environment = [("DATABASE_URL", url.as_str())];
    let revoke = async |words: &[&str]| {
        kaquan(&[&["sessions", "revoke"], words].concat(), &environment).await
    };

    for words in [&[&*holder][..], &["--app", &id, "--open-id", "a"]] {
        let token = people::holder(&admin.state, app, "a").await;
        let said = revoke(words).await;
        assert_eq!(said.out.trim_end(), format!("1 sessions of {holder} are over."), "{said:?}");
        ask(&admin, &token, "GET").await.problem(401, "unauthenticated");
    }

    let nobody = revoke(&["--app", &id, "--open-id", "nobody"]).await;
    assert!(nobody.code == 1 && nobody.err.contains("there is no holder"), "{nobody:?}");
    for half in [
        &[][..],
        &["--app", &id],
        &["--open-id", "a"],
        &[&*holder, "--app", &id, "--open-id", "a"],
        &["--app", &id, "--open-id", "a b"],
    ] {
        assert_eq!(revoke(half).await.code, 2, "{half:?}");
    }
}

#[tokio::test]
async fn a_session_says_whose_it_is() {
    let admin = Admin::new().await;
    let app = app(&admin).await;
    let token = people::holder(&admin.state, app, "open-1").await;

    admin.put("/v1/members/u-1", json!({})).await.ok();
    let holder = json!({ "app_id": app, "open_id": "open-1" });
    admin.post("/v1/members/u-1/holders", holder).await.ok();
    let me = ask(&admin, &token, "GET").await.ok();

    assert_eq!(me["member_uid"], "u-1");
    assert_eq!(me["holder_id"], HolderId::derive(app, "open-1").to_string());
}
