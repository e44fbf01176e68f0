//! `kaquan demo` from beginning to end, as the front pages promise it.

use std::process::Command;

use serde_json::Value;

use crate::scene::Scene;

/// How fast it answers is the machine's business, which may be busy with other tests.
const TIMED: &str = "及时应答";

/// The promises that the front page lists, in Chinese and in English.
fn promised() -> Vec<String> {
    let page = include_str!("../../README.md");
    let (_, output) = page.split_once("<!-- demo-output -->").unwrap();
    let (output, _) = output.split_once("<!-- /demo-output -->").unwrap();
    output.lines().filter_map(|line| line.strip_prefix("✓ ")).map(str::to_owned).collect()
}

#[test]
fn the_demo_keeps_every_promise_of_the_front_page() {
    let scene = Scene::new();

    let mut demo = Command::new(env!("CARGO_BIN_EXE_kaquan"));
    demo.args(["demo", "--once", "--json", "--data"]).arg(scene.data());
    let output = demo.output().unwrap();

    let told = String::from_utf8_lossy(&output.stderr);
    let result: Value = serde_json::from_slice(&output.stdout).expect(&told);
    let promises = result["promises"].as_array().unwrap();
    let broken: Vec<_> =
        promises.iter().filter(|one| one["held"] == false && one["zh"] != TIMED).collect();
    assert!(broken.is_empty(), "{broken:#?}\n{told}");
    assert_eq!(output.status.success(), result["held"] == true, "{told}");
    let text = |one: &Value, language: &str| one[language].as_str().unwrap().to_owned();
    let names = promises.iter().map(|one| format!("{} · {}", text(one, "zh"), text(one, "en")));
    assert_eq!(names.collect::<Vec<_>>(), promised());
}
