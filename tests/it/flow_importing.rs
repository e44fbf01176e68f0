//! What the merchant made in Baidu's own console becomes a placement of ours.

use reqwest::Method;
use serde_json::json;

use crate::support::stage::{Stage, path};

#[tokio::test]
async fn what_stands_at_baidu_already_is_imported_and_calls_us_from_then_on() {
    let stage = Stage::new().await;
    let first = stage.given_published(json!({ "title": "满 200 减 50" })).await;
    let platform_ref = first["platform_ref"].clone();
    stage.forget(&first).await;
    let wish = json!({
        "platform_ref": platform_ref,
        "benefit": { "type": "amount", "off_fen": 5000 },
        "per_person_limit": 2,
    });
    let imports = format!("/v1/admin/apps/{}/imports", stage.app);

    let owed = stage.post(&imports, wish.clone()).await.is(202).body;
    let again = stage.post(&imports, wish.clone()).await.is(202).body;
    stage.drain().await;
    let late = stage.post(&imports, wish).await;

    assert_eq!(owed, again);
    late.problem(409, "platform_ref_taken");
    let placement = stage.look(&json!({ "id": owed["placement_id"] })).await;
    assert_eq!(
        (&placement["platform_state"], &placement["platform_ref"]),
        (&json!("published"), &platform_ref)
    );
    let template = format!("/v1/admin/templates/{}", placement["template_id"].as_str().unwrap());
    let shown = stage.ask(Method::GET, &template, None).await.is(200).body;
    assert_eq!((&shown["title"], &shown["state"]), (&json!("满 200 减 50"), &json!("draft")));
    assert_eq!((&shown["colour"], &shown["kind"]), (&json!("#9857AE"), &json!("cash")));
    assert_eq!(shown["texts"]["limit"], "每人限领 1 张");
    // The draft is opened, and Baidu asks us.
    stage.post(&format!("{template}/resume"), json!({})).await.is(200);
    stage.add_stock(&placement, "launch", 5).await.is(201);
    stage.drain().await;
    assert!(stage.baidu_user_takes(&placement, "open-1").await.code().is_some());
    stage.finish().await;
}

#[tokio::test]
async fn an_import_of_what_is_not_there_says_so() {
    let stage = Stage::new().await;
    let imports = format!("/v1/admin/apps/{}/imports", stage.app);
    let wish = json!({ "platform_ref": "424242", "benefit": { "type": "exchange" } });
    let wrong = json!({ "platform_ref": "1", "benefit": { "type": "amount", "off_fen": 0 } });

    stage.post(&imports, wrong).await.problem(422, "invalid_values");
    stage.post(&imports, wish).await.is(202);
    stage.drain().await;

    assert_eq!(stage.deliveries("import").await, ["dead"]);
    let note: String =
        sqlx::query_scalar("select note from delivery").fetch_one(stage.db()).await.unwrap();
    assert!(note.contains("424242"), "{note}");
    stage.finish_owing().await;
}

#[tokio::test]
async fn an_import_of_what_was_placed_by_hand_meanwhile_is_left_to_a_person() {
    let stage = Stage::new().await;
    let first = stage.given_published(json!({})).await;
    stage.forget(&first).await;
    let by_hand = stage.given_placement(json!({})).await;
    let imports = format!("/v1/admin/apps/{}/imports", stage.app);
    let wish = json!({ "platform_ref": first["platform_ref"], "benefit": { "type": "exchange" } });
    stage.post(&imports, wish).await.is(202);
    let edit = json!({ "version": 1, "platform_ref": first["platform_ref"] });
    stage.ask(Method::PATCH, &path(&by_hand), Some(edit)).await.is(200);

    stage.drain().await;

    assert_eq!(stage.deliveries("import").await, ["dead"]);
    assert_eq!(stage.look(&by_hand).await["platform_ref"], first["platform_ref"]);
    stage.finish_owing().await;
}
