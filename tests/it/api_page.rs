//! Pages laid out over the admin API, and found by those who show them.

use chrono::TimeDelta;
use kaquan::{domain::id::TemplateId, service::find_page::find_page};
use serde_json::{Value, json};

use crate::support::admin::{Admin, Reply};

const PAGES: &str = "/v1/admin/pages";

/// Two floors: pictures, and coupons of these templates.
fn floors(templates: &[&str]) -> Value {
    json!([
        { "id": 11, "content": { "type": "banners", "speed": "3", "list": [
            { "src": "https://img.example.com/a.jpg?w={width}&h={height}&m={mode}" },
            { "src": "http://img.example.com/b.jpg", "url": "https://shop.example.com/b" },
        ] } },
        { "id": 12, "intro": "每天十点", "content": {
            "type": "coupons", "title": "领券中心", "is_shown": true,
            "list": [{
                "templates": templates,
                "go_shopping": "https://shop.example.com/",
                "image": { "src": "https://img.example.com/c.jpg", "url": "" },
            }],
        } },
    ])
}

async fn lay_out(admin: &Admin, code: &str, client_type: &str, floors: &Value) -> Reply {
    let body = json!({ "content_code": code, "client_type": client_type, "floors": floors });
    admin.post(PAGES, body).await
}

fn path(page: &Value) -> String {
    format!("{PAGES}/{}", page["id"].as_str().unwrap())
}

/// The numbers of the floors that a front end of this sort gets.
async fn found(admin: &Admin, code: &str, client_type: &str) -> Option<Vec<i64>> {
    let page = find_page(admin.db(), code, client_type).await.unwrap()?;
    assert_eq!(page.content_code, code);
    Some(page.floors.iter().map(|floor| floor.id).collect())
}

#[tokio::test]
async fn a_page_is_shown_as_it_was_laid_out() {
    let admin = Admin::new().await;
    let template = admin.given_template(json!({})).await;
    let floors = floors(&[&template]);

    let made = lay_out(&admin, "centre", "", &floors).await.created();

    let expected = json!({
        "id": made["id"], "version": 1, "content_code": "centre", "client_type": "",
        "floors": floors, "created_at": "2026-11-11T04:00:00Z", "updated_at": "2026-11-11T04:00:00Z",
    });
    assert_eq!(made, expected);
    assert_eq!(admin.get(&path(&made)).await.ok(), made);
    assert_eq!(admin.get(PAGES).await.ok()["data"], json!([made]));
}

#[tokio::test]
async fn what_is_left_out_is_shown_as_what_it_means() {
    let admin = Admin::new().await;
    let template = admin.given_template(json!({})).await;
    let image = json!({ "src": "https://img.example.com/c.jpg" });
    let floors = json!([
        { "id": 1, "content": { "type": "banners", "list": [] } },
        { "id": 2, "content": { "type": "coupons", "title": "", "is_shown": false,
            "list": [{ "templates": [template], "image": image }] } },
    ]);

    let made = admin.post(PAGES, json!({ "content_code": "c", "floors": floors })).await.created();

    assert_eq!(made["client_type"], "");
    assert_eq!(made["floors"][0]["content"]["speed"], "");
    let entry = &made["floors"][1]["content"]["list"][0];
    assert_eq!((&entry["go_shopping"], &entry["image"]["url"]), (&json!(""), &json!("")));
}

#[tokio::test]
async fn a_page_of_their_own_comes_before_the_one_for_all() {
    let admin = Admin::new().await;
    let floor = |id: i64| json!([{ "id": id, "content": { "type": "banners", "list": [] } }]);
    lay_out(&admin, "centre", "", &floor(1)).await.created();
    let iphone = lay_out(&admin, "centre", "iphone", &floor(2)).await.created();
    lay_out(&admin, "mine", "iphone", &floor(3)).await.created();

    assert_eq!(found(&admin, "centre", "iphone").await, Some(vec![2]));
    assert_eq!(found(&admin, "centre", "h5").await, Some(vec![1]));
    assert_eq!(found(&admin, "centre", "").await, Some(vec![1]));
    // Those who can have none of their own.
    assert_eq!(found(&admin, "centre", "\0").await, Some(vec![1]));
    assert_eq!(found(&admin, "centre", "h5.v2").await, Some(vec![1]));
    assert_eq!(found(&admin, "mine", "iphone").await, Some(vec![3]));
    for (code, client_type) in
        [("mine", "h5"), ("Centre", ""), ("", ""), ("cen\0tre", ""), ("mine", "\0"), ("券", "h5")]
    {
        assert_eq!(found(&admin, code, client_type).await, None, "{code:?} {client_type:?}");
    }

    let gone = admin.send(admin.request("DELETE", &path(&iphone), "")).await;
    assert_eq!(gone.status, 204);
    assert_eq!(found(&admin, "centre", "iphone").await, Some(vec![1]));
    admin.send(admin.request("DELETE", &path(&iphone), "")).await.problem(404, "not_found");
    admin.get(&path(&iphone)).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_slot_has_one_page() {
    let admin = Admin::new().await;
    lay_out(&admin, "centre", "h5", &json!([])).await.created();

    let twice = lay_out(&admin, "centre", "h5", &json!([])).await.problem(409, "name_taken");

    assert_eq!(twice["param"], "content_code");
    // Codes differ by their letters' case, and a sort of front end is part of the slot.
    lay_out(&admin, "CENTRE", "h5", &json!([])).await.created();
    lay_out(&admin, "centre", "", &json!([])).await.created();
}

#[tokio::test]
async fn a_page_is_replaced_as_a_whole_by_whoever_saw_it_last() {
    let admin = Admin::new().await;
    let template = admin.given_template(json!({})).await;
    let made = lay_out(&admin, "centre", "h5", &floors(&[&template])).await.created();
    let path = path(&made);
    admin.clock.advance(TimeDelta::minutes(1));

    let other = json!([{ "id": 5, "content": { "type": "banners", "speed": "", "list": [] } }]);
    let edits = (0..4).map(|_| admin.put(&path, json!({ "version": 1, "floors": other })));
    let replies = futures_util::future::join_all(edits).await;

    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    for reply in replies.into_iter().filter(|reply| reply.status != 200) {
        reply.problem(409, "version_conflict");
    }
    let now = admin.get(&path).await.ok();
    assert_eq!((&now["version"], &now["floors"]), (&json!(2), &other));
    assert_eq!((&now["content_code"], &now["client_type"]), (&json!("centre"), &json!("h5")));
    assert_eq!(now["updated_at"], "2026-11-11T04:01:00Z");
    let moved = json!({ "version": 2, "floors": [], "content_code": "x" });
    admin.put(&path, moved).await.problem(400, "invalid_body");
    let nowhere = format!("{PAGES}/pag_{}", "0".repeat(32));
    let nobody = admin.put(&nowhere, json!({ "version": 1, "floors": [] })).await;
    nobody.problem(404, "not_found");
}

#[tokio::test]
async fn templates_that_are_not_there_are_named() {
    let admin = Admin::new().await;
    let template = admin.given_template(json!({})).await;
    let missing = TemplateId::from(uuid::Uuid::from_u128(7)).to_string();
    let wrong = floors(&[&template, &missing]);

    let created = lay_out(&admin, "centre", "", &wrong).await;
    let made = lay_out(&admin, "centre", "", &floors(&[&template])).await.created();
    let replaced = admin.put(&path(&made), json!({ "version": 1, "floors": wrong })).await;

    for refused in [created, replaced] {
        let problems = &refused.problem(422, "invalid_values")["problems"];
        let told = format!("there is no template {missing}");
        assert_eq!(*problems, json!([{ "param": "floors", "message": told }]));
    }
    assert_eq!(admin.get(&path(&made)).await.ok()["version"], 1);
}

#[tokio::test]
async fn all_that_is_wrong_with_a_page_is_told_at_once() {
    let admin = Admin::new().await;
    let banner = json!({ "src": "javascript:alert(1)", "url": "https://h/{name}" });
    let floors = json!([
        { "id": 3, "content": { "type": "banners", "list": [banner] } },
        { "id": 3, "intro": "a\nb", "content": { "type": "coupons", "title": "x", "is_shown": true,
            "list": [{ "templates": [], "image": { "src": "" } }] } },
    ]);

    let refused = lay_out(&admin, "a b", "h&5", &floors).await.problem(422, "invalid_values");

    let problems = refused["problems"].as_array().unwrap().iter();
    let told: Vec<_> = problems
        .map(|p| format!("{} {}", p["param"].as_str().unwrap(), p["message"].as_str().unwrap()))
        .collect();
    let address = "is an http or https address of up to 1024 bytes";
    let expected = [
        "content_code 1 to 64 letters, digits, - or _".to_owned(),
        "client_type up to 32 letters, digits, - or _".to_owned(),
        format!("floors floor 3, entry 1: `src` {address}"),
        format!("floors floor 3, entry 1: `url` {address}"),
        "floors floor 3: a number of its own".to_owned(),
        "floors floor 3: its intro has up to 200 characters, on one line".to_owned(),
        "floors floor 3, entry 1: 1 to 20 templates, each once".to_owned(),
        format!("floors floor 3, entry 1: `image.src` {address}"),
    ];
    assert_eq!(told, expected);
}
