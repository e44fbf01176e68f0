//! Our figures beside WeChat's, and our placements beside its cards.

use chrono::TimeDelta;
use kaquan::{
    clock::Clock,
    domain::{
        day::{before, day_in_china},
        reconciliation::DifferenceKind::{
            self, LostCalls, StockDiffers, TemplateChanged, TemplateMissing, TemplateUnknown,
            UsedThere,
        },
    },
    service::request_reconciliation::request_reconciliation,
    store,
};
use serde_json::json;

use crate::support::wechat_scene::WechatScene;

/// Three cards that were taken and used yesterday, which both sides counted.
async fn yesterday() -> WechatScene {
    let scene = WechatScene::published(json!({}), 300).await;
    let codes: Vec<_> = (0..3).map(|number| format!("{number:012}")).collect();
    scene.owe_codes("write_off", &codes).await;
    scene.drain().await;
    let day = day_in_china(scene.clock.now());
    let (id, _) = scene.wechat.the_card();
    scene.wechat.world().figures = vec![json!({
        "ref_date": day.to_string(), "card_id": id, "card_type": 4, "is_pay": 0,
        "view_cnt": 9, "view_user": 9, "receive_cnt": 3, "receive_user": 3,
        "verify_cnt": 3, "verify_user": 3, "given_cnt": 0, "given_user": 0,
        "expire_cnt": 0, "expire_user": 0,
    })];
    scene.clock.advance(TimeDelta::days(1));
    scene
}

async fn finds(scene: &WechatScene) -> Vec<(DifferenceKind, Option<i64>, Option<i64>)> {
    let (_, comparison) = scene.worker.reconcile(scene.app, 3).await.unwrap();
    comparison.differences.into_iter().map(|d| (d.kind, d.ours, d.theirs)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_both_sides_counted_is_no_difference_and_what_one_did_is() {
    let scene = yesterday().await;
    assert_eq!(finds(&scene).await, []);

    scene.wechat.world().figures[0]["receive_cnt"] = json!(23);
    scene.wechat.world().figures[0]["verify_cnt"] = json!(13);
    for card in scene.wechat.world().cards.values_mut() {
        card.left -= 40;
    }

    let found = finds(&scene).await;

    let lost = (LostCalls, Some(3), Some(23));
    let used = (UsedThere, Some(3), Some(13));
    assert_eq!(found, [lost, used, (StockDiffers, Some(300), Some(260))]);
    let meaning: String = sqlx::query_scalar(
        "select meaning_zh from reconciliation_difference where kind = 'lost_calls'",
    )
    .fetch_one(scene.db())
    .await
    .unwrap();
    assert!(meaning.contains("微信") && !meaning.contains("百度"), "{meaning}");
    let kept: (i64, Option<i64>) = sqlx::query_as("select get_pv, stock from platform_figure")
        .fetch_one(scene.db())
        .await
        .unwrap();
    assert_eq!(kept, (23, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cards_that_are_changed_missing_or_unknown_are_told() {
    let scene = yesterday().await;
    {
        let mut world = scene.wechat.world();
        let (id, mut card) = world.cards.pop_first().unwrap();
        card.own["base_info"]["title"] = json!("满 100 减 50");
        world.cards.insert(id, card.clone());
        world.cards.insert("pSTRANGER".to_owned(), card);
    }
    let kinds: Vec<_> = finds(&scene).await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, [TemplateChanged, TemplateUnknown]);

    scene.wechat.world().cards.clear();
    let kinds: Vec<_> = finds(&scene).await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, [TemplateMissing]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_of_wechats_has_its_job_of_the_day_and_may_be_asked_about() {
    let scene = WechatScene::new().await;
    let now = scene.clock.now();
    let mut conn = scene.db().acquire().await.unwrap();
    let due = before(day_in_china(now), 1);

    let apps = store::reconciliation::leave::list_without_job(&mut conn, due).await.unwrap();
    let asked = request_reconciliation(scene.db(), now, scene.app, 3).await.unwrap();

    assert_eq!(apps, [scene.app]);
    assert_eq!(asked.app, scene.app);
}
