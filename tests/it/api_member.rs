//! Members and their holders over the admin API.

use kaquan::domain::id::{AppId, HolderId};
use serde_json::json;

use crate::support::admin::Admin;

#[tokio::test]
async fn a_member_is_saved_shown_and_saved_again() {
    let admin = Admin::new().await;
    let app = admin.given_app("key").await;
    let holder = json!({ "app_id": app, "open_id": "open-1" });
    let id = HolderId::derive(app.parse().unwrap(), "open-1").to_string();
    let shown = json!({ "id": id, "app_id": app, "open_id": "open-1" });

    let body = json!({ "classes": ["gold"], "birth_month": 5, "holders": [holder] });
    let saved = admin.put("/v1/members/u-1", body.clone()).await.ok();
    let same = admin.put("/v1/members/u-1", body).await.ok();
    let other = admin.put("/v1/members/u-1", json!({ "classes": ["staff"] })).await.ok();

    assert_eq!((&saved["uid"], &saved["holders"]), (&json!("u-1"), &json!([shown])));
    assert_eq!(saved, same);
    assert_eq!((&other["classes"], &other["birth_month"]), (&json!(["staff"]), &json!(null)));
    assert_eq!((&other["id"], &other["holders"]), (&saved["id"], &saved["holders"]));
    assert_eq!(admin.get("/v1/members/u-1").await.ok(), other);
}

#[tokio::test]
async fn a_holder_belongs_to_one_member() {
    let admin = Admin::new().await;
    let app = admin.given_app("key").await;
    let body = json!({ "holders": [{ "app_id": app, "open_id": "open-1" }] });
    admin.put("/v1/members/u-1", body.clone()).await.ok();

    admin.put("/v1/members/u-2", body).await.problem(409, "holder_linked_elsewhere");
    admin.get("/v1/members/u-2").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_holder_who_was_given_coupons_alone_stays_alone() {
    let admin = Admin::new().await;
    let placement = admin.given_placement().await;
    let app: AppId = placement["app_id"].as_str().unwrap().parse().unwrap();
    let template = placement["template_id"].as_str().unwrap();
    let template: kaquan::domain::id::TemplateId = template.parse().unwrap();
    sqlx::query(
        "insert into coupon (coupon_id, placement_id, template_id, terms_version, app_id, holder_id,
            person_id, ordinal, record, way, code, valid_from, valid_until, issued_at)
        values (gen_random_uuid(), gen_random_uuid(), $1, 1, $2, $3, $3, 1, 'r', 'take', 'c', now(),
            now() + '1 day', now())",
    )
    .bind(template)
    .bind(app)
    .bind(HolderId::derive(app, "open-1"))
    .execute(admin.db())
    .await
    .unwrap();

    let link = |open_id: &str| json!({ "holders": [{ "app_id": app, "open_id": open_id }] });
    admin.put("/v1/members/u-1", link("open-1")).await.problem(409, "holder_has_coupons");
    admin.put("/v1/members/u-1", link("open-2")).await.ok();
}

#[tokio::test]
async fn what_is_no_member_is_told() {
    let admin = Admin::new().await;
    let put = async |body| admin.put("/v1/members/u-1", body).await;
    let nobody = "app_00000000000070008000000000000001";
    let app = admin.given_app("key").await;

    put(json!({ "birth_month": 13, "classes": [""] })).await.problem(422, "invalid_values");
    put(json!({ "holders": [{ "app_id": nobody, "open_id": "o" }] }))
        .await
        .problem(422, "no_such_reference");
    put(json!({ "holders": [{ "app_id": app, "open_id": "a b" }] }))
        .await
        .problem(422, "invalid_values");
    admin.put("/v1/members/%E5%BC%A0", json!({})).await.problem(422, "invalid_values");
    admin.get("/v1/members/a%00b").await.problem(404, "not_found");
}
