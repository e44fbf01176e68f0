//! The control API and the page, over the wire.

use std::io::{ErrorKind, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::developer::Manner;
use crate::stage::{NOW, Stage, json as read};

#[tokio::test]
async fn a_take_over_the_wire_tells_everything() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;

    let (status, report) = stage
        .control(
            "/_sim/take",
            &json!({
                "app_key": "sim-app-key", "coupon_template_id": template, "open_id": "open-1",
                "record_id": "r-1", "faults": [{ "kind": "drop_answer" }],
            }),
        )
        .await;

    assert_eq!(status, 200);
    assert_eq!(report["record_id"], "r-1");
    assert_eq!(report["outcome"], json!({ "kind": "issued", "code": "CODE1" }));
    assert_eq!(report["consistent"], true);
    assert_eq!(report["tries"][0]["seen"], false);
    assert_eq!(report["tries"][1]["status"], 200);
    assert!(report["tries"][1]["ms"].is_u64() && report["tries"][1]["body"].is_string());

    let (_, again) = stage.control("/_sim/retake", &json!({ "record_id": "r-1" })).await;
    assert_eq!(again["outcome"], report["outcome"]);
    let wallet = stage.client.get(stage.url("/_sim/wallet?open_id=open-1")).send().await.unwrap();
    assert_eq!(read(wallet).await[0]["code"], "CODE1");
    let calls = stage.client.get(stage.url("/_sim/transcript")).send().await.unwrap();
    assert_eq!(read(calls).await.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_crowd_over_the_wire_is_summed_up() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;

    let wish = json!({ "coupon_template_id": template, "count": 20, "parallel": 8 });
    let (_, many) = stage.control("/_sim/take", &wish).await;
    let wish = json!({ "coupon_template_id": template, "open_ids": ["a", "b"] });
    let (_, two) = stage.control("/_sim/take", &wish).await;

    assert_eq!((&many["takes"], &many["issued"]), (&json!(20), &json!(20)));
    assert_eq!(two["results"][1]["open_id"], "b");
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let stage = Stage::set().await;
    let cases = [
        ("/_sim/take", json!({ "coupon_template_id": 1, "open_id": "o" }), 404),
        ("/_sim/take", json!({ "coupon_template_id": 1 }), 400),
        ("/_sim/take", json!({ "coupon_template_id": 1, "open_id": "o", "fault": [] }), 400),
        ("/_sim/retake", json!({ "record_id": "none" }), 404),
        ("/_sim/next", json!({ "faults": [{ "kind": "earthquake" }] }), 400),
        ("/_sim/switches", json!({ "unknown": true }), 400),
        ("/_sim/switches", json!({ "strict": "yes" }), 400),
    ];

    for (path, body, expected) in cases {
        let (status, answer) = stage.control(path, &body).await;

        assert_eq!(status, expected, "{path} {body}: {answer}");
        assert!(answer["error"].is_string());
    }
}

#[tokio::test]
async fn the_clock_the_switches_and_the_apps_are_turned_over_the_wire() {
    let stage = Stage::set().await;

    let (_, clock) = stage.control("/_sim/clock", &json!({ "seconds": 60 })).await;
    let (_, switches) = stage.control("/_sim/switches", &json!({ "salt": "v2" })).await;
    let (_, app) = stage.control("/_sim/apps", &json!({ "app_key": "mine" })).await;

    assert_eq!(clock["unix"], NOW + 60);
    assert_eq!((&switches["salt"], &switches["strict"]), (&json!("v2"), &json!(true)));
    assert_eq!(app["app_secret"].as_str().unwrap().len(), 32);

    stage.control("/_sim/tokens/revoke", &Value::Null).await;
    assert_eq!(stage.list(&[]).await["error_code"], 110);
    stage.control("/_sim/reset", &Value::Null).await;
    let apps = stage.client.get(stage.url("/_sim/apps")).send().await.unwrap();
    assert_eq!(read(apps).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_page_offers_everything_and_loads_nothing_from_elsewhere() {
    let stage = Stage::set().await;

    let page = stage.client.get(stage.url("/")).send().await.unwrap().text().await.unwrap();

    let reply = stage.client.get(stage.url("/")).send().await.unwrap();
    assert_eq!(reply.headers()["content-type"], "text/html;charset=UTF-8");
    for words in ["应用", "用户", "领取", "卡券包", "库存", "平台下线", "严格性报告", "最近的调用"]
    {
        assert!(page.contains(words), "{words}");
    }
    for path in ["wallet", "take", "faults", "down", "report", "journal", "people", "templates"] {
        assert!(page.contains(path), "{path}");
    }
    assert!(!page.contains("http://") && !page.contains("https://"));
}

#[tokio::test]
async fn the_script_of_the_page_is_one() {
    let stage = Stage::set().await;
    let page = stage.client.get(stage.url("/")).send().await.unwrap().text().await.unwrap();
    let (_, behind) = page.split_once("<script>").unwrap();
    let (script, rest) = behind.split_once("</script>").unwrap();

    let understood = node_reads(script);

    assert!(!rest.contains("<script"), "there is one script");
    let Some(understood) = understood else { return skip("there is no node to read the script") };
    assert_eq!(understood, Ok(()));
}

/// Whether it parses, or what is wrong with it; `None` without node.
fn node_reads(script: &str) -> Option<Result<(), String>> {
    let mut command = Command::new("node");
    command.args(["--check", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut node = match command.spawn() {
        Ok(node) => node,
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => panic!("{error}"),
    };
    node.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    let said = || String::from_utf8_lossy(&output.stderr).into_owned();
    Some(if output.status.success() { Ok(()) } else { Err(said()) })
}

#[expect(clippy::print_stderr, reason = "a test that did not run must be seen")]
fn skip(why: &str) {
    eprintln!("skipped: {why}");
}

#[tokio::test]
async fn a_stopped_simulator_answers_no_more() {
    let stage = Stage::set().await;
    let url = stage.url("/");

    stage.simulator.stop().await.unwrap();

    assert!(stage.client.get(url).send().await.is_err());
}
