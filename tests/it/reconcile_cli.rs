//! `kaquan reconcile` beside a running server.

use serde_json::Value;

use crate::support::{
    command::{Ended, database_url, kaquan},
    reconcile_scene::ReconcileScene,
    vault::KEYS,
};

async fn reconcile(scene: &ReconcileScene, words: &[&str]) -> Ended {
    let url = database_url(&scene.app.database.options);
    let environment = [("DATABASE_URL", url.as_str()), ("KAQUAN__SECRETS__MASTER_KEYS", KEYS)];
    kaquan(&[&["reconcile"], words].concat(), &environment).await
}

#[tokio::test]
async fn it_ends_with_zero_when_nothing_differs() {
    let scene = ReconcileScene::new().await;

    let ended = reconcile(&scene, &["--days", "1"]).await;

    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("nothing differs") && ended.out.contains("Baidu got"), "{ended:?}");
    scene.finish().await;
}

#[tokio::test]
async fn it_ends_with_two_and_says_what_differs_and_why() {
    let scene = ReconcileScene::new().await;
    let id = scene.template_by_hand("手工券", "http://127.0.0.1:1/callbacks/baidu/x").await;
    let app = scene.id().to_string();

    let text = reconcile(&scene, &["--app", &app]).await;
    let json = reconcile(&scene, &["--json"]).await;

    assert_eq!((text.code, json.code), (2, 2), "{text:?} {json:?}");
    assert!(text.out.contains(&format!("✗ template_unknown {id}")), "{}", text.out);
    assert!(text.out.contains("made by hand"), "{}", text.out);
    let lines: Vec<Value> =
        json.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let types: Vec<_> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["day", "day", "day", "day", "difference", "result"]);
    assert_eq!(
        (&lines[4]["kind"], &lines[5]["unexplained"]),
        (&"template_unknown".into(), &1.into())
    );
    scene.finish().await;
}

#[tokio::test]
async fn it_ends_with_three_when_baidu_cannot_be_asked() {
    let scene = ReconcileScene::new().await;
    scene.app.baidu.set_down(true);

    let ended = reconcile(&scene, &[]).await;
    let nobody = reconcile(&scene, &["--app", "app_00000000000000000000000000000001"]).await;

    assert_eq!((ended.code, nobody.code), (3, 3), "{ended:?} {nobody:?}");
    assert!(ended.err.contains("could not ask") && nobody.err.contains("no such app"));
    scene.worker.stop().await;
}
