//! Deliveries over the admin API: what is seen of them.

use chrono::TimeDelta;
use kaquan::domain::id::{AppId, DeliveryId};
use serde_json::Value;
use uuid::Uuid;

use crate::support::{
    admin::{Admin, noon},
    delivery_plant::{Owed, plant_attempt},
    plant::plant_app,
};

/// The ids on a page.
fn ids(page: &Value) -> Vec<DeliveryId> {
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap().parse().unwrap()).collect()
}

async fn listed(admin: &Admin, query: &str) -> Vec<DeliveryId> {
    ids(&admin.get(&format!("/v1/admin/deliveries?{query}")).await.ok())
}

async fn shown(admin: &Admin, id: DeliveryId) -> Value {
    admin.get(&format!("/v1/admin/deliveries/{id}")).await.ok()
}

async fn scene() -> (Admin, AppId) {
    let admin = Admin::new().await;
    let app = plant_app(admin.db()).await;
    (admin, app)
}

#[tokio::test]
async fn a_delivery_is_shown_with_all_its_attempts() {
    let (admin, app) = scene().await;
    let owed = Owed {
        attempts: 2,
        doubt: true,
        placement: Some(Uuid::from_u128(7)),
        subject: Uuid::from_u128(8),
        note: Some("the platform does not know this coupon"),
        ..Owed::to(app).that_is("dead")
    };
    let id = owed.plant(admin.db()).await;
    plant_attempt(admin.db(), id, 1, "unknown", None).await;
    let answer = "{\"errno\":10101,\"msg\":\"<b>券不存在</b>\u{1b}[2J\"}";
    plant_attempt(admin.db(), id, 2, "permanent", Some(answer)).await;

    let shown = shown(&admin, id).await;

    insta::assert_json_snapshot!(shown, { ".id" => "dlv_…", ".app_id" => "app_…" }, @r#"
    {
      "app_id": "app_…",
      "attempt_count": 2,
      "attempts": [
        {
          "answer": null,
          "duration_ms": 41,
          "note": null,
          "number": 1,
          "outcome": "unknown",
          "started_at": "2026-11-11T04:00:01Z"
        },
        {
          "answer": "{\"errno\":10101,\"msg\":\"<b>券不存在</b>\u001b[2J\"}",
          "duration_ms": 41,
          "note": null,
          "number": 2,
          "outcome": "permanent",
          "started_at": "2026-11-11T04:00:02Z"
        }
      ],
      "coupon_id": "cpn_00000000000000000000000000000008",
      "created_at": "2026-11-11T04:00:00Z",
      "due_at": null,
      "held_back_by": null,
      "id": "dlv_…",
      "identity": "record-00000000000000000000000000000008",
      "in_doubt": true,
      "kind": "sync",
      "note": "the platform does not know this coupon",
      "placement_id": "plc_00000000000000000000000000000007",
      "presumed": false,
      "settled_at": "2026-11-11T04:00:00Z",
      "state": "dead"
    }
    "#);
    assert_eq!(shown["id"], id.to_string());
}

#[tokio::test]
async fn what_is_shown_holds_neither_code_nor_open_id() {
    let admin = Admin::new().await;
    let placement = admin.given_placement().await;
    let app: AppId = placement["app_id"].as_str().unwrap().parse().unwrap();
    let owed = Owed { subject: Uuid::from_u128(9), ..Owed::to(app) };
    let id = owed.plant(admin.db()).await;
    sqlx::query("update delivery set payload = '{\"secret\": \"PAYLOAD\"}'")
        .execute(admin.db())
        .await
        .unwrap();

    let reply = shown(&admin, id).await.to_string();
    let list = admin.get("/v1/admin/deliveries").await.ok().to_string();

    assert!(!reply.contains("PAYLOAD") && !list.contains("PAYLOAD"));
}

#[tokio::test]
async fn a_list_shows_those_that_are_asked_for() {
    let (admin, app) = scene().await;
    let other = plant_app(admin.db()).await;
    let (coupon, placement) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let hour = TimeDelta::hours(1);
    let plain = Owed::to(app).plant(admin.db()).await;
    let elsewhere = Owed::to(other).later(hour).plant(admin.db()).await;
    let of_coupon = Owed { subject: coupon, placement: Some(placement), ..Owed::to(app) };
    let of_coupon = of_coupon.later(hour * 2).plant(admin.db()).await;
    let used = Owed { kind: "write_off", subject: coupon, ..Owed::to(app).that_is("waiting") };
    let used = used.later(hour * 3).plant(admin.db()).await;
    // Its subject is no coupon, whatever its id.
    let stock = Owed { kind: "add_stock", subject: coupon, ..Owed::to(app).that_is("done") };
    let stock = stock.later(hour * 4).plant(admin.db()).await;
    let dead = Owed { settled_at: noon() + hour * 10, ..Owed::to(app).that_is("dead") };
    let dead = dead.plant(admin.db()).await;

    let coupon = format!("coupon_id=cpn_{}", coupon.simple());
    let placement = format!("placement_id=plc_{}", placement.simple());
    for (query, expected) in [
        (format!("app_id={other}"), vec![elsewhere]),
        ("state=waiting".to_owned(), vec![used]),
        ("state=dead".to_owned(), vec![dead]),
        (format!("state=done&app_id={other}"), vec![]),
        ("kind=write_off".to_owned(), vec![used]),
        ("kind=publish".to_owned(), vec![]),
        (coupon, vec![used, of_coupon]),
        (placement, vec![of_coupon]),
        ("created_since=2026-11-11T06:00:00Z".to_owned(), vec![stock, used, of_coupon]),
        ("settled_since=2026-11-11T08:00:00Z".to_owned(), vec![dead, stock]),
        ("settled_since=2026-11-11T08:00:01Z&state=dead".to_owned(), vec![dead]),
    ] {
        let mut found = listed(&admin, &query).await;
        let mut expected = expected;
        if query.starts_with("settled_since") {
            // Those two were owed in another order than they ended.
            found.sort();
            expected.sort();
        }
        assert_eq!(found, expected, "{query}");
    }
    assert_eq!(listed(&admin, "").await.len(), 6);
    assert!(listed(&admin, "state=pending").await.contains(&plain));
}

#[tokio::test]
async fn a_list_goes_through_all_its_pages_newest_first() {
    let (admin, app) = scene().await;
    let mut planted = Vec::new();
    for number in 0..5 {
        let id = Owed::to(app).later(TimeDelta::seconds(number)).plant(admin.db()).await;
        planted.insert(0, id);
    }

    let first = admin.get("/v1/admin/deliveries?limit=3").await.ok();
    Owed::to(app).later(TimeDelta::hours(1)).plant(admin.db()).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = admin.get(&format!("/v1/admin/deliveries?limit=3&cursor={cursor}")).await.ok();

    assert_eq!([ids(&first), ids(&second)].concat(), planted);
    assert_eq!(second["next_cursor"], Value::Null);
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused() {
    let (admin, _) = scene().await;
    for query in [
        "state=lost",
        "kind=SYNC",
        "app_id=cpn_00000000000070008000000000000001",
        "coupon_id=1",
        "created_since=yesterday",
        "limit=0",
        "limit=201",
        "open_id=1",
    ] {
        let reply = admin.get(&format!("/v1/admin/deliveries?{query}")).await;

        reply.problem(400, "invalid_query");
    }
    admin.get("/v1/admin/deliveries?cursor=x").await.problem(400, "invalid_cursor");
    let nobody = "/v1/admin/deliveries/dlv_00000000000070008000000000000001";
    admin.get(nobody).await.problem(404, "not_found");
}

#[tokio::test]
async fn one_that_is_held_back_names_the_first_that_is_still_owed_before_it() {
    let (admin, app) = scene().await;
    let coupon = Uuid::now_v7();
    let of_coupon = |state, kind| Owed { subject: coupon, kind, ..Owed::to(app).that_is(state) };
    let settled = of_coupon("done", "publish").plant(admin.db()).await;
    let first = of_coupon("dead", "sync").plant(admin.db()).await;
    let second = of_coupon("pending", "write_off").plant(admin.db()).await;
    let third = of_coupon("waiting", "update").plant(admin.db()).await;
    let given_up = of_coupon("cancelled", "withdraw").plant(admin.db()).await;
    let apart = Owed::to(app).plant(admin.db()).await;

    for (delivery, blocker) in [
        (settled, None),
        (first, None),
        (second, Some(first)),
        (third, Some(first)),
        (given_up, None),
        (apart, None),
    ] {
        let shown = shown(&admin, delivery).await;

        let id = shown["held_back_by"]["id"].as_str().map(str::to_owned);
        assert_eq!(id, blocker.map(|blocker| blocker.to_string()), "{shown}");
        if blocker.is_some() {
            assert_eq!(shown["held_back_by"]["state"], "dead");
            assert_eq!(shown["held_back_by"]["kind"], "sync");
        }
    }
}
