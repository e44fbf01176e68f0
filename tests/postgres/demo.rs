//! `kaquan demo` from beginning to end, as the front pages promise it.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::scene::{Scene, send};

/// How fast it answers is the machine's business, which may be busy with other tests.
const TIMED: &str = "及时应答";

/// Two demos that start in the same moment want the same ports.
static PORTS: Mutex<()> = Mutex::new(());

fn ports() -> MutexGuard<'static, ()> {
    PORTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The promises that the front page lists, in Chinese and in English.
fn promised() -> Vec<String> {
    let page = include_str!("../../README.md");
    let (_, output) = page.split_once("<!-- demo-output -->").unwrap();
    let (output, _) = output.split_once("<!-- /demo-output -->").unwrap();
    output.lines().filter_map(|line| line.strip_prefix("✓ ")).map(str::to_owned).collect()
}

#[test]
fn the_demo_keeps_every_promise_of_the_front_page() {
    let (scene, _alone) = (Scene::new(), ports());

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

#[test]
fn a_demo_that_is_interrupted_leaves_nothing_behind() {
    let (scene, _alone) = (Scene::new(), ports());
    let mut demo = Command::new(env!("CARGO_BIN_EXE_kaquan"));
    demo.arg("demo").env("TMPDIR", &scene.folder).stderr(Stdio::piped());

    let mut demo = demo.spawn().unwrap();
    let lines = BufReader::new(demo.stderr.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    assert!(lines.any(|line| line.starts_with("3/")));
    send(demo.id(), Signal::SIGINT);
    assert_eq!(lines.last().as_deref(), Some("kaquan: stopped before the end"));

    assert!(!demo.wait().unwrap().success());
    let left: Vec<_> = fs::read_dir(&scene.folder).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
