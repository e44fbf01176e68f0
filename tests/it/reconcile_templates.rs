//! What stands at Baidu beside what should stand there.

use kaquan::domain::reconciliation::DifferenceKind::{
    self, PlacementUnpublishedChanges, TemplateChanged, TemplateMissing, TemplateStillThere,
    TemplateUnknown,
};
use serde_json::Value;

use crate::support::reconcile_scene::ReconcileScene;

async fn kinds(scene: &ReconcileScene) -> Vec<DifferenceKind> {
    scene.finds().await.into_iter().map(|(kind, ..)| kind).collect()
}

#[tokio::test]
async fn a_title_that_was_changed_by_hand_is_told_with_its_field() {
    let scene = ReconcileScene::new().await;
    assert_eq!(kinds(&scene).await, []);
    scene.title_by_hand("满100减50").await;

    let comparison = scene.reconcile().await;

    let [changed] = &comparison.differences[..] else { panic!("{:?}", comparison.differences) };
    assert_eq!(
        (changed.kind, changed.fields.as_slice()),
        (TemplateChanged, &["title".to_owned()][..])
    );
    scene.finish().await;
}

#[tokio::test]
async fn what_we_told_baidu_is_what_should_stand_there() {
    let scene = ReconcileScene::new().await;
    sqlx::query(
        "update placement set published_version = 1, published_at = created_at - interval '1 day'",
    )
    .execute(scene.db())
    .await
    .unwrap();

    let comparison = scene.reconcile().await;

    let [changed] = &comparison.differences[..] else { panic!("{:?}", comparison.differences) };
    assert_eq!(changed.kind, TemplateChanged);
    assert!(changed.fields.contains(&"title".to_owned()), "{:?}", changed.fields);
    scene.finish().await;
}

#[tokio::test]
async fn terms_that_nobody_is_going_to_tell_are_told() {
    let scene = ReconcileScene::new().await;
    sqlx::query(
        "with newer as (
             insert into template_terms (template_id, version, document, created_at)
             select template_id, 2, document, created_at from template_terms
             returning template_id
         ),
         edited as (update template set version = 2 from newer where newer.template_id = template.template_id)
         update placement set published_version = 1, published_at = created_at - interval '1 day'",
    )
    .execute(scene.db())
    .await
    .unwrap();
    let document: Value =
        sqlx::query_scalar("select document from template_terms where version = 1")
            .fetch_one(scene.db())
            .await
            .unwrap();
    assert_eq!(document["title"], "满 100 减 20");
    let (from, until) = ("1793462400", "1796659200");
    let id = scene.template().to_string();
    let told = [
        ("couponTemplateId", id.as_str()),
        ("bgColor", "B010"),
        ("couponType", "2"),
        ("title", "满 100 减 20"),
        ("description", "全场通用"),
        ("effectTime", from),
        ("expireTime", until),
        ("introduce", "下单时选用，一单一张。"),
        ("sill", "满 100 元可用"),
        ("takeLimit", "每人限领 1 张"),
        ("callbackUrl", "http://127.0.0.1:1/callbacks/baidu/x"),
    ];
    scene.by_hand("update", &told).await;

    let comparison = scene.reconcile().await;

    let found: Vec<_> = comparison.differences.iter().map(|one| (one.kind, &one.fields)).collect();
    assert_eq!(found, [(PlacementUnpublishedChanges, &vec![])]);
    scene.finish().await;
}

#[tokio::test]
async fn a_template_that_was_deleted_by_hand_is_missing() {
    let scene = ReconcileScene::new().await;
    scene.by_hand("delete", &[("couponTemplateId", &scene.template().to_string())]).await;

    assert_eq!(kinds(&scene).await, [TemplateMissing]);

    sqlx::query("update placement set state = 'withdrawn'").execute(scene.db()).await.unwrap();
    assert_eq!(kinds(&scene).await, []);
    scene.finish().await;
}

#[tokio::test]
async fn a_withdrawn_placement_should_no_longer_stand_there() {
    let scene = ReconcileScene::new().await;
    sqlx::query("update placement set state = 'withdrawn'").execute(scene.db()).await.unwrap();

    assert_eq!(kinds(&scene).await, [TemplateStillThere]);
    scene.finish().await;
}

#[tokio::test]
async fn of_many_templates_on_many_pages_each_is_found_once() {
    let scene = ReconcileScene::new().await;
    let mut made = Vec::new();
    for number in 0..60 {
        let callback = "http://127.0.0.1:1/callbacks/baidu/x";
        made.push(scene.template_by_hand(&format!("手工{number}"), callback).await.to_string());
    }

    let comparison = scene.reconcile().await;

    let unknown = comparison.differences.iter().filter(|one| one.kind == TemplateUnknown);
    let mut unknown: Vec<_> = unknown.map(|one| one.platform_ref.clone()).collect();
    unknown.sort_unstable();
    made.sort_unstable();
    assert_eq!(unknown, made);
    let (seen, figures): (i64, i64) = sqlx::query_as(
        "select (select count(*) from platform_template where gone_at is null),
                (select count(*) from platform_figure)",
    )
    .fetch_one(scene.db())
    .await
    .unwrap();
    assert_eq!((seen, figures), (61, 61));
    scene.finish().await;
}
