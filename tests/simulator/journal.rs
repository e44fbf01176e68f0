//! The journal: what came, what was answered, what went wrong, and what it never shows.

use kaquan::simulator::app::{DEFAULT_APP_KEY, DEFAULT_APP_SECRET};
use kaquan::simulator::fault::CallFault;
use serde_json::json;

use crate::asked::{PNG, told};
use crate::stage::{NOW, Stage, json as read};

const SECRET_PATH: &str = "http://127.0.0.1:9/callback/3f9a0c";

#[tokio::test]
async fn a_request_is_told_whole() {
    let stage = Stage::set().await;
    let template = stage.template(SECRET_PATH).await;
    stage.simulator.next_call(CallFault::HangUpAfterAccepting);

    stage.try_sync(&told(template, "r-1", "open-1", "A1")).await.unwrap_err();
    stage.sync(&told(template, "r-1", "open-1", "A1")).await;

    let journal = stage.simulator.journal();
    let calls: Vec<_> = journal.iter().map(|entry| entry.call.as_str()).collect();
    assert_eq!(calls, ["token", "create", "sync", "sync"]);
    let [.., lost, told] = &journal[..] else { panic!("{journal:?}") };
    assert_eq!((lost.fault, lost.status), (Some(CallFault::HangUpAfterAccepting), None));
    assert_eq!(lost.answer, r#"{"errmsg":"success","errno":"0"}"#);
    assert_eq!((told.number, told.at.timestamp()), (4, NOW));
    assert_eq!(told.line, "POST /rest/2.0/smartapp/coupon/sync");
    assert_eq!(told.app_key.as_deref(), Some(DEFAULT_APP_KEY));
    assert_eq!((told.status, told.fault), (Some(200), None));
    assert_eq!(told.parameters["openid"], "open-1");
    assert_eq!(told.parameters["coupon.code"], "A1");
    assert_eq!(told.notes, ["undocumented: what a repeated record is told"]);
}

#[tokio::test]
async fn no_token_and_no_secret_is_ever_written_down() {
    let stage = Stage::set().await;
    let template = stage.template(SECRET_PATH).await;
    let code = stage.simulator.login_code(DEFAULT_APP_KEY, "open-1");
    let session = stage.post("getsessionkey", &[("code", &code)]).await;
    let session = session["data"]["session_key"].as_str().unwrap();
    let other = stage.simulator.login_code(DEFAULT_APP_KEY, "open-1");
    let query =
        [("code", other.as_str()), ("client_id", DEFAULT_APP_KEY), ("sk", DEFAULT_APP_SECRET)];
    let url = stage.url("/oauth/jscode2sessionkey");
    let older = read(stage.client.get(url).query(&query).send().await.unwrap()).await;
    // Misplaced, a secret is one all the same.
    stage.list(&[("couponType", &stage.token), ("page", DEFAULT_APP_SECRET)]).await;
    stage.banner(template, "multipartFile", PNG).await;
    stage.write_off("r-1", "open-1").await;

    let journal = format!("{:?}", stage.simulator.journal());
    let wire = stage.client.get(stage.url("/_sim/journal")).send().await.unwrap();
    let wire = wire.text().await.unwrap();

    let older = older["session_key"].as_str().unwrap();
    for text in [journal, wire] {
        for secret in [&stage.token, DEFAULT_APP_SECRET, &code, &other, session, older, "3f9a0c"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
        assert!(text.contains("open-1") && text.contains("r-1"));
        assert!(text.contains("http://127.0.0.1:9/***"));
        assert!(text.contains(&format!("({} bytes)", PNG.len())));
    }
}

#[tokio::test]
async fn the_journal_is_read_by_call_and_by_number() {
    let stage = Stage::set().await;
    stage.list(&[]).await;
    stage.write_off("r-1", "open-1").await;
    stage.list(&[]).await;
    let numbers = async |query: &str| {
        let url = stage.url(&format!("/_sim/journal?{query}"));
        let entries = read(stage.client.get(url).send().await.unwrap()).await;
        let entries = entries.as_array().unwrap().clone();
        entries.iter().map(|entry| entry["number"].as_u64().unwrap()).collect::<Vec<_>>()
    };

    assert_eq!(numbers("").await, [1, 2, 3, 4]);
    assert_eq!(numbers("call=list").await, [2, 4]);
    assert_eq!(numbers("call=list&after=2").await, [4]);
    assert_eq!(numbers("last=2").await, [3, 4]);
    let wrong = stage.client.get(stage.url("/_sim/journal?after=x")).send().await.unwrap();
    assert_eq!(wrong.status(), 400);
}

#[tokio::test]
async fn the_oldest_entries_are_forgotten() {
    let stage = Stage::forgetful(2).await;

    for _ in 0..5 {
        stage.list(&[]).await;
    }

    let numbers: Vec<_> = stage.simulator.journal().iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, [5, 6]);
}

#[tokio::test]
async fn what_never_got_an_answer_is_written_down_too() {
    let stage = Stage::set().await;
    stage.simulator.set_down(true);
    stage.try_sync(&json!({})).await.unwrap_err();
    stage.simulator.set_down(false);
    stage.simulator.next_call(CallFault::Refuse);
    stage.try_sync(&json!({})).await.unwrap_err();
    stage.client.get(stage.url("/nowhere")).send().await.unwrap();

    let journal = stage.simulator.journal();

    assert_eq!(
        (journal[1].status, &journal[1].notes[..]),
        (None, &["the platform is away".to_owned()][..])
    );
    assert_eq!((journal[2].status, journal[2].fault), (None, Some(CallFault::Refuse)));
    assert_eq!((journal[3].call.as_str(), journal[3].line.as_str()), ("unknown", "GET /nowhere"));
}
