//! Tokens and tickets of WeChat: one of each for all servers, and a new one when the old one is refused.

use chrono::TimeDelta;
use futures_util::future::join_all;
use kaquan::simulator::wechat::{effects::EffectKind, fault::CallFault, switches::Switches};

use crate::support::wechat_stage::WechatStage;

const TICKET: &str = "/cgi-bin/ticket/getticket";

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
    assert_eq!(stage.calls("/card/code/consume"), 2);
    let codes: Vec<_> =
        stage.wechat.journal().into_iter().rev().map(|entry| entry.errcode).collect();
    assert_eq!(codes[..3], [0, 0, 40001]);
    assert_eq!(stage.effects(EffectKind::Consume).values().sum::<u64>(), 1);
    stage.finish().await;
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
