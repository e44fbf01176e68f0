//! Uses that are given back before WeChat has surely heard of them: what is used again is told again.

use std::time::Duration;

use serde_json::json;

use crate::support::{until::until, wechat_scene::WechatScene};

/// Coupons whose use may have been told, and was given back.
async fn given_back(codes: &[String]) -> WechatScene {
    let scene = WechatScene::published(json!({}), 300).await;
    scene.owe_codes("write_off", codes).await;
    sqlx::query(
        "with used as (
             insert into redemption (redemption_id, coupon_id, order_no, redeemed_at, redeemed_by, reversed_at, reversed_by)
             select gen_random_uuid(), coupon_id, 'o-1', issued_at, 'kaquan', issued_at, 'kaquan' from coupon
         )
         update delivery set doubt = true where kind = 'write_off'",
    )
    .execute(scene.db())
    .await
    .unwrap();
    scene
}

async fn use_again(scene: &WechatScene) {
    sqlx::query(
        "insert into redemption (redemption_id, coupon_id, order_no, redeemed_at, redeemed_by)
         select gen_random_uuid(), coupon_id, 'o-2', issued_at, 'kaquan' from coupon",
    )
    .execute(scene.db())
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_use_that_was_given_back_is_looked_at_and_never_made() {
    let codes: Vec<_> = (0..3).map(|number| format!("{number:012}")).collect();
    let scene = given_back(&codes).await;
    scene.wechat.world().codes.insert(codes[1].clone(), "CONSUMED".to_owned());
    scene.wechat.world().codes.insert(codes[2].clone(), "DELETE".to_owned());

    scene.settle().await;

    // What is not done there is not owed any more, so that the next use can be.
    assert_eq!(scene.states("write_off").await, ["cancelled", "done", "cancelled"]);
    assert!(scene.note("write_off").await.contains("given back"));
    assert_eq!(scene.wechat.calls("/card/code/consume"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_used_again_while_it_is_looked_at_is_told() {
    let codes = ["110201201245".to_owned()];
    let scene = given_back(&codes).await;
    scene.wechat.be_slow(Duration::from_millis(300));

    let using = async {
        until("it is looked at", async || scene.wechat.calls("/card/code/get") > 0).await;
        use_again(&scene).await;
        scene.wechat.be_slow(Duration::ZERO);
    };
    futures_util::future::join(scene.drain(), using).await;

    assert_eq!(scene.states("write_off").await, ["done"]);
    assert_eq!(scene.wechat.world().effects[&codes[0]], 1);
}
