//! The effects ledger: once is right, twice is a violation, and a forgetful world shows it.

use kaquan::simulator::effects::{EffectKind, Identity, Tally};
use kaquan::simulator::fault::CallFault;
use kaquan::simulator::report::Violation;
use serde_json::{Value, json};

use crate::asked::{done, synced, told};
use crate::stage::{Stage, json as read};

const NOWHERE: &str = "http://127.0.0.1:9/callback";

async fn add(stage: &Stage, template: i64, name: &str, stock: &str) -> Value {
    let template = template.to_string();
    let form = [
        ("couponTemplateId", template.as_str()),
        ("stockName", name),
        ("stock", stock),
        ("createTime", "1574952776"),
    ];
    stage.add_stock(&form).await
}

fn tally(stage: &Stage, kind: EffectKind, name: &str) -> Tally {
    let identity = Identity { kind, app_key: "sim-app-key".to_owned(), name: name.to_owned() };
    stage.simulator.effects().get(&identity).copied().unwrap_or_default()
}

fn counted(applied: u64, repeated: u64, refused: u64) -> Tally {
    Tally { applied, repeated, refused }
}

#[tokio::test]
async fn everything_that_must_happen_once_is_counted() {
    let stage = Stage::set().await;
    let template = stage.template(NOWHERE).await;

    add(&stage, template, "n-1", "7").await;
    add(&stage, template, "n-1", "7").await;
    add(&stage, template, "n-1", "8").await;
    stage.sync(&told(template, "r-1", "open-1", "A1")).await;
    stage.sync(&told(template, "r-1", "open-1", "A1")).await;
    stage.sync(&told(template, "r-1", "open-1", "A2")).await;
    stage.write_off("r-1", "open-2").await;
    stage.write_off("r-1", "open-1").await;
    stage.write_off("r-1", "open-1").await;

    assert_eq!(tally(&stage, EffectKind::Stock, "n-1"), counted(1, 1, 1));
    assert_eq!(tally(&stage, EffectKind::Sync, "r-1"), counted(1, 1, 1));
    assert_eq!(tally(&stage, EffectKind::WriteOff, "r-1"), counted(1, 0, 2));
    let effects = stage.simulator.effects();
    let made: Vec<_> =
        effects.iter().filter(|(identity, _)| identity.kind == EffectKind::Template).collect();
    assert_eq!((made.len(), *made[0].1), (1, counted(1, 0, 0)));
    assert!(made[0].0.name.starts_with("京东618满199减100券 "));
    assert!(stage.simulator.report().is_clean());
}

#[tokio::test]
async fn the_ledger_is_read_over_the_wire() {
    let stage = Stage::set().await;
    let template = stage.template(NOWHERE).await;
    add(&stage, template, "n-1", "7").await;

    let reply = stage.client.get(stage.url("/_sim/effects")).send().await.unwrap();

    let expected = json!({
        "kind": "stock", "app_key": "sim-app-key", "name": "n-1",
        "applied": 1, "repeated": 0, "refused": 0,
    });
    assert_eq!(read(reply).await[0], expected);
}

#[tokio::test]
async fn a_forgotten_stock_name_counts_twice_and_is_a_violation() {
    let stage = Stage::with(|switches| switches.forgets_stock_names = true).await;
    let template = stage.template(NOWHERE).await;

    add(&stage, template, "n-1", "7").await;
    assert_eq!(add(&stage, template, "n-1", "7").await, done());

    assert_eq!(stage.stock(template), 14);
    assert_eq!(tally(&stage, EffectKind::Stock, "n-1"), counted(2, 0, 0));
    let twice = Violation::AppliedTwice {
        effect: EffectKind::Stock,
        app_key: "sim-app-key".to_owned(),
        name: "n-1".to_owned(),
    };
    assert_eq!(stage.simulator.report().violations, [twice]);
}

#[tokio::test]
async fn a_forgotten_record_counts_twice_and_is_a_violation() {
    let stage = Stage::with(|switches| switches.forgets_records = true).await;
    let template = stage.template(NOWHERE).await;
    let coupon = told(template, "r-1", "open-1", "A1");

    assert_eq!([stage.sync(&coupon).await, stage.sync(&coupon).await], [synced(), synced()]);
    assert_eq!(stage.write_off("r-1", "open-1").await, done());
    assert_eq!(stage.write_off("r-1", "open-1").await, done());

    assert_eq!(tally(&stage, EffectKind::Sync, "r-1"), counted(2, 0, 0));
    assert_eq!(tally(&stage, EffectKind::WriteOff, "r-1"), counted(2, 0, 0));
    let violations = stage.simulator.report().violations;
    let kinds: Vec<_> = violations
        .iter()
        .filter_map(|violation| match violation {
            Violation::AppliedTwice { effect, .. } => Some(*effect),
            Violation::Inconsistent { .. }
            | Violation::CodeGivenTwice { .. }
            | Violation::OtherCode { .. } => None,
        })
        .collect();
    assert_eq!(kinds, [EffectKind::Sync, EffectKind::WriteOff]);
}

#[tokio::test]
async fn the_same_template_twice_is_a_violation() {
    let stage = Stage::set().await;
    stage.simulator.next_call(CallFault::MissingErrno);

    stage.template(NOWHERE).await;
    assert!(stage.simulator.report().is_clean());
    stage.template(NOWHERE).await;

    let violations = stage.simulator.report().violations;
    let twice =
        matches!(&violations[..], [Violation::AppliedTwice { effect: EffectKind::Template, .. }]);
    assert!(twice, "{violations:?}");
}

#[tokio::test]
async fn a_lost_answer_and_its_retry_are_one_effect() {
    let stage = Stage::set().await;
    let template = stage.template(NOWHERE).await;
    let coupon = told(template, "r-1", "open-1", "A1");
    stage.simulator.next_call(CallFault::HangUpAfterAccepting);

    assert!(stage.try_sync(&coupon).await.is_err());
    assert_eq!(stage.sync(&coupon).await, synced());

    assert_eq!(tally(&stage, EffectKind::Sync, "r-1"), counted(1, 1, 0));
    assert_eq!(stage.simulator.wallet("open-1").len(), 1);
    assert!(stage.simulator.report().is_clean());
}
