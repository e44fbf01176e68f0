//! What opens doors at WeChat is in no answer of ours and in no log.

use chrono::TimeDelta;
use kaquan::simulator::wechat::{
    app::DEFAULT_SECRET, effects::EffectKind, fault::CallFault, switches::Switches,
};

use crate::support::{
    log,
    wechat_stage::{Staging, WechatStage},
};

/// Sixteen bytes in base64, as session keys are.
fn session_key(text: &str) -> Option<&str> {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    text.match_indices("==").find_map(|(end, _)| {
        let begin = end.checked_sub(22)?;
        let key = text.get(begin..end)?;
        key.bytes().all(is_base64).then_some(key)
    })
}

#[tokio::test]
async fn neither_tickets_nor_keys_nor_tokens_are_told_to_anybody() {
    log::listen();
    let stage =
        WechatStage::with(Staging { switches: Switches::default(), ..Staging::default() }).await;
    let (_, taken, _) = stage.taken_by("anna").await;
    let bert = stage.log_in("bert").await;
    for fault in [CallFault::HangUpAfterAccepting, CallFault::BadGateway, CallFault::CutJson] {
        stage.fault("/card/code/consume", fault, 1);
    }
    stage.redeem(&taken.code, "order-1").await.is(201);
    for _ in 0..6 {
        stage.drain_after(TimeDelta::minutes(6)).await;
    }
    stage.fault("/sns/jscode2session", CallFault::CutJson, 1);
    assert_eq!(stage.try_log_in("carl").await.status, 503);
    for path in ["/cgi-bin/stable_token", "/cgi-bin/ticket/getticket"] {
        stage.fault(path, CallFault::CutJson, 1);
        stage.clock.advance(TimeDelta::hours(3));
        stage.sign(&bert).await;
        stage.clock.advance(TimeDelta::minutes(1));
    }
    stage.sign(&bert).await;
    assert_eq!(stage.effects(EffectKind::Consume).values().sum::<u64>(), 1);

    let heard = log::heard();
    let access = stage.access_token().await;
    let ticket = stage.ticket(&access).await;
    let answers = stage.answers.lock().unwrap().join("\n");
    assert!(heard.contains("card signed") && ticket.len() > 20 && access.len() > 20);
    for secret in [&*access, &*ticket, DEFAULT_SECRET] {
        assert!(!answers.contains(secret), "{secret}");
        assert!(!heard.contains(secret), "{secret} in {}", around(&heard, secret));
    }
    assert_eq!(session_key(&answers), None);
    let found = session_key(&heard);
    assert!(found.is_none(), "{}", around(&heard, found.unwrap_or_default()));
    stage.finish().await;
}

fn around<'a>(text: &'a str, word: &str) -> &'a str {
    let Some(at) = text.find(word) else { return "" };
    let begin = (0..=at.saturating_sub(300)).rev().find(|at| text.is_char_boundary(*at));
    &text[begin.unwrap_or(0)..at]
}
