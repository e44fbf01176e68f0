//! Tokens and tickets of WeChat: one of each for all servers, and a new one when the old one is refused.

use chrono::TimeDelta;
use futures_util::future::join_all;
use kaquan::simulator::wechat::{
    app::DEFAULT_SECRET, effects::EffectKind, fault::CallFault, switches::Switches,
};
use reqwest::Method;
use serde_json::json;

use crate::support::wechat_stage::WechatStage;

const TICKET: &str = "/cgi-bin/ticket/getticket";
const DECRYPT: &str = "/card/code/decrypt";
const CONSUME: &str = "/card/code/consume";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_people_who_are_first_on_two_servers_need_one_token_and_one_ticket() {
    let mut stage = WechatStage::new().await;
    stage.start_another().await;
    // The token that published the card is over.
    stage.clock.advance(TimeDelta::hours(3));
    let people = join_all((0..50).map(|number| {
        let stage = &stage;
        async move { stage.log_in(&format!("person-{number}")).await }
    }))
    .await;
    stage.wechat.set_switches(Switches { answer_after_ms: 100, ..Switches::default() });
    let (tokens, tickets) = (stage.calls("/cgi-bin/stable_token"), stage.calls(TICKET));

    let signed =
        join_all(people.iter().enumerate().map(|(number, who)| stage.sign_at(number % 2, who)))
            .await;

    assert_eq!(stage.calls("/cgi-bin/stable_token"), tokens + 1);
    assert_eq!(stage.calls(TICKET), tickets + 1);
    stage.wechat.set_switches(Switches::default());
    for (who, said) in people.iter().zip(signed) {
        assert_eq!(stage.add(who, &said.is(201).body).err_msg, "addCard:ok");
    }
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_token_is_fetched_anew_once_and_the_call_succeeds() {
    let stage = WechatStage::new().await;
    let (_, taken, _) = stage.taken_by("anna").await;
    let tokens = stage.calls("/cgi-bin/stable_token");
    stage.wechat.kill_tokens(None);

    stage.redeem(&taken.code, "order-1").await.is(201);
    stage.drain().await;

    assert_eq!(stage.calls("/cgi-bin/stable_token"), tokens + 1);
    assert_eq!(stage.calls(CONSUME), 2);
    let codes: Vec<_> =
        stage.wechat.journal().into_iter().rev().map(|entry| entry.errcode).collect();
    assert_eq!(codes[..3], [0, 0, 40001]);
    assert_eq!(stage.effects(EffectKind::Consume).values().sum::<u64>(), 1);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_ends_under_any_call_costs_that_call_a_repetition() {
    let stage = WechatStage::new().await;
    let anna = stage.log_in("anna").await;
    for path in [TICKET, DECRYPT, CONSUME] {
        stage.fault(path, CallFault::TokenKilled, 1);
    }

    let taken = stage.take(&anna).await;
    stage.settle().await;
    stage.redeem(&taken.code, "order-1").await.is(201);
    stage.drain().await;

    for path in [TICKET, DECRYPT, CONSUME] {
        assert_eq!(errcodes(&stage, path), [40001, 0], "{path}");
    }
    // What is refused with a fresh one, too, waits: nothing was tried yet, so it need not be looked at.
    let (_, taken, _) = stage.taken_by("bert").await;
    let looks = stage.calls("/card/code/get");
    stage.fault(CONSUME, CallFault::TokenKilled, 2);
    stage.redeem(&taken.code, "order-2").await.is(201);
    stage.drain().await;
    stage.drain_after(TimeDelta::minutes(6)).await;

    assert_eq!(errcodes(&stage, CONSUME)[2..], [40001, 40001, 40001, 0]);
    assert_eq!(stage.calls("/card/code/get"), looks);
    assert!(stage.effects(EffectKind::Consume).values().eq(&[1, 1]));
    stage.finish().await;
}

/// How WeChat answered these calls.
fn errcodes(stage: &WechatStage, path: &str) -> Vec<i64> {
    let journal = stage.wechat.journal().into_iter();
    journal.filter(|entry| entry.path == path).map(|entry| entry.errcode).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_given_leave_with_a_ticket_that_has_ended_asks_again_and_takes_the_card() {
    let mut stage = WechatStage::new().await;
    stage.start_another().await;
    let anna = stage.log_in("anna").await;
    let bert = stage.log_in("bert").await;
    stage.sign_at(1, &bert).await.is(201);
    // A ticket lives for two hours, and five minutes before that the next one is fetched.
    stage.clock.advance(TimeDelta::minutes(114));
    let early = stage.sign(&anna).await.is(201).body;
    stage.clock.advance(TimeDelta::minutes(2));
    stage.fault(TICKET, CallFault::TicketRotated, 1);

    let with_new = stage.sign_at(1, &bert).await.is(201).body;
    let refused = stage.add(&anna, &early);
    let again = stage.sign(&anna).await.is(201).body;

    assert_eq!(stage.add(&bert, &with_new).err_msg, "addCard:ok");
    assert_eq!(refused.err_msg, "addCard:fail 40080 invalid card ext: 签名错误");
    assert_eq!(again["claim_id"], early["claim_id"]);
    assert_eq!(stage.add(&anna, &again).err_msg, "addCard:ok");
    assert_eq!(stage.calls(TICKET), 2);
    stage.settle().await;
    assert_eq!(stage.number("select count(*) from coupon").await, 2);
    stage.finish_with(&[("addCard: 40080 invalid card ext: 签名错误", 1)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_waits_is_served_with_a_new_token() {
    let stage = WechatStage::new().await;
    stage.wechat.kill_tokens(None);

    stage.taken_by("anna").await;
    stage.wechat.expire_tokens(None);
    let bert = stage.log_in("bert").await;
    let jump = stage.wechat.tap("anna", &stage.wechat.wallet("anna")[0].code, "center");
    assert!(jump.is_ok());
    stage.take(&bert).await;

    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_wechat_is_away_people_are_told_so_and_nothing_is_used_up() {
    let stage = WechatStage::new().await;
    let anna = stage.log_in("anna").await;
    stage.wechat.set_down(true);
    let said = stage.sign(&anna).await;
    assert_eq!((said.status, said.body["code"].as_str()), (503, Some("platform_unavailable")));
    stage.try_log_in("bert").await.problem(503, "platform_unavailable");

    stage.wechat.set_down(false);
    stage.clock.advance(TimeDelta::seconds(2));
    stage.take(&anna).await;
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_risky_or_comes_with_a_used_code_is_not_logged_in() {
    let stage = WechatStage::new().await;
    stage.wechat.set_risky("carl", true);
    stage.try_log_in("carl").await.problem(401, "login_refused");
    stage.fault("/sns/jscode2session", CallFault::Errcode(40163), 1);
    stage.try_log_in("bert").await.problem(401, "login_refused");
    stage.log_in("bert").await;
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_secret_ends_what_was_granted_for_the_old_one() {
    let stage = WechatStage::new().await;
    let anna = stage.log_in("anna").await;
    stage.sign(&anna).await.is(201);
    stage.wechat.rotate_tickets(None);
    stage.wechat.kill_tokens(None);

    let path = format!("/v1/admin/apps/{}", stage.account);
    let version = stage.get(&path).await.is(200).body["version"].clone();
    let edit = json!({ "version": version, "secret": DEFAULT_SECRET });
    stage.ask(Method::PATCH, &path, Some(edit)).await.is(200);

    stage.clock.advance(TimeDelta::minutes(1));
    let signed = stage.sign(&anna).await.is(201).body;
    assert_eq!(stage.add(&anna, &signed).err_msg, "addCard:ok");
    stage.settle().await;
    stage.finish().await;
}
