//! Each coupon is told before its use, however calls fail, are repeated, and overtake each other.

use std::collections::HashMap;

use chrono::TimeDelta;
use kaquan::{
    clock::Clock,
    service::replay_dead::replay_dead,
    simulator::{aim::FaultAim, effects::EffectKind, fault::CallFault},
    store::delivery::replay::Dead,
};

use crate::support::{
    delivery_chaos::wide,
    delivery_scene::{DeliveryScene, Used, worker},
    plant::noon,
};

/// A third of all calls, in as many ways.
const MIXED: [(CallFault, f64); 8] = [
    (CallFault::HangUpAfterAccepting, 6.0),
    (CallFault::HangUp, 5.0),
    (CallFault::Refuse, 4.0),
    (CallFault::Unavailable, 4.0),
    (CallFault::TokenExpired, 2.0),
    (CallFault::CutJson, 4.0),
    (CallFault::Busy { errno: 500 }, 5.0),
    (CallFault::BreakOff, 4.0),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_shuffled_faults_no_use_is_told_before_its_coupon() {
    for seed in [1, 2, 3] {
        let scene = DeliveryScene::new().await;
        let other = worker(&scene.database.options, scene.clock.clone(), wide(16)).await;
        for (number, (fault, percent)) in (0..).zip(MIXED) {
            scene.baidu.fault_calls(FaultAim::share(percent, seed * 100 + number, fault)).unwrap();
        }
        scene.owe(0..250, Used::Yes).await;

        scene.drain_to_the_end(&[&scene.worker, &other]).await;

        assert_in_order(&scene);
        assert_eq!(scene.effects(EffectKind::Sync), (250, 1), "seed {seed}");
        assert_eq!(scene.effects(EffectKind::WriteOff), (250, 1), "seed {seed}");
        let overtaken: i64 = sqlx::query_scalar(
            "select count(*)
             from delivery as told
             join delivery as used on used.subject_id = told.subject_id and used.kind = 'write_off'
             join attempt on attempt.delivery_id = used.delivery_id
             where told.kind = 'sync' and attempt.started_at < told.settled_at",
        )
        .fetch_one(scene.db())
        .await
        .unwrap();
        assert_eq!(overtaken, 0, "seed {seed}");
        other.stop().await;
        scene.finish().await;
    }
}

/// In Baidu's own book, no record is written off before it came, and none comes again after that.
fn assert_in_order(scene: &DeliveryScene) {
    let (mut synced, mut used) = (HashMap::new(), HashMap::new());
    for entry in scene.baidu.journal() {
        let field = |name: &str| entry.parameters.get(name).cloned();
        if let Some(record) = field("coupon.record_id") {
            synced.insert(record, entry.number);
        } else if let Some(record) = field("recordId") {
            used.entry(record).or_insert(entry.number);
        }
    }
    assert!(used.len() >= 250, "{}", used.len());
    for (record, first_use) in used {
        let last_sync = synced[&record];
        assert!(last_sync < first_use, "{record}: synced at {last_sync}, used at {first_use}");
    }
}

#[tokio::test]
async fn a_use_waits_for_its_dead_coupon_and_both_go_in_order_when_it_is_replayed() {
    let scene = DeliveryScene::new().await;
    scene.owe(0..20, Used::Yes).await;
    let no = FaultAim::share(100.0, 0, CallFault::Busy { errno: 40001 }).at("sync");
    scene.baidu.fault_calls(no).unwrap();
    scene.drain().await;
    scene.advance(TimeDelta::days(1));
    assert_eq!(scene.drain().await, 0);
    assert_eq!((scene.count("dead").await, scene.count("pending").await), (20, 20));
    assert_eq!(scene.calls("writeOffCoupon"), 0);

    scene.baidu.clear_call_faults();
    let dead = Dead { app: Some(scene.campaign.app), kind: None, since: noon() };
    let replayed = replay_dead(scene.db(), scene.clock.now(), "operator", dead).await.unwrap();

    assert_eq!(replayed, 20);
    assert_eq!(scene.drain().await, 40);
    assert_eq!(scene.effects(EffectKind::Sync), (20, 1));
    assert_eq!(scene.effects(EffectKind::WriteOff), (20, 1));
    scene.finish().await;
}
