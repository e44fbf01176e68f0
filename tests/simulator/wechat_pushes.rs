//! WeChat's pushes: three modes, retries, and everything that goes wrong on the way.

use chrono::TimeDelta;
use kaquan::simulator::wechat::aim::PushAim;
use kaquan::simulator::wechat::app::{DEFAULT_OA, PushMode};
use kaquan::simulator::wechat::crypto;
use kaquan::simulator::wechat::fault::PushFault;
use kaquan::simulator::wechat::push::PushState;
use kaquan::simulator::wechat::switches::{Layout, Retries};
use serde_json::json;

use crate::wechat_stage::{AES_KEY, WechatStage, parameter};

fn sealed(body: &str) -> &str {
    let (_, rest) = body.split_once("<Encrypt><![CDATA[").unwrap();
    rest.split_once("]]>").unwrap().0
}

#[tokio::test]
async fn an_event_comes_signed_and_sealed_as_its_mode_says() {
    for mode in [PushMode::Plain, PushMode::Compatible, PushMode::Secure] {
        let stage = WechatStage::set().await;
        let merchant = stage.merchant(mode, &[(200, "success")]).await;

        let card_id = stage.card(&json!({})).await;
        stage.simulator.settled().await;

        let (query, body) = merchant.heard().pop().unwrap();
        let push = stage.simulator.pushes().pop().unwrap();
        assert_eq!((push.event.as_str(), push.state), ("card_pass_check", PushState::Delivered));
        assert!(push.message.contains(&card_id));
        let (timestamp, nonce) = (parameter(&query, "timestamp"), parameter(&query, "nonce"));
        let signature = crypto::sorted_sha1(&["simtoken", &timestamp, &nonce]);
        assert_eq!(parameter(&query, "signature"), signature);
        assert_eq!(body.contains("<CardId>"), mode != PushMode::Secure);
        if mode == PushMode::Plain {
            assert_eq!(body, push.message);
            continue;
        }
        assert_eq!(parameter(&query, "encrypt_type"), "aes");
        let sealed = sealed(&body);
        let expected = crypto::sorted_sha1(&["simtoken", &timestamp, &nonce, sealed]);
        assert_eq!(parameter(&query, "msg_signature"), expected);
        let key = crypto::aes_key(AES_KEY).unwrap();
        assert_eq!(crypto::open(&key, sealed), Some((push.message, DEFAULT_OA.to_owned())));
    }
}

#[tokio::test]
async fn an_address_proves_itself_before_it_is_saved() {
    let stage = WechatStage::set().await;
    stage.merchant(PushMode::Secure, &[]).await;
    assert_eq!(stage.simulator.verify(DEFAULT_OA).await, Ok(true));

    stage.merchant(PushMode::Secure, &[(200, "success")]).await;

    assert_eq!(stage.simulator.verify(DEFAULT_OA).await, Ok(false));
}

#[tokio::test]
async fn what_is_not_accepted_comes_again_with_a_new_signature() {
    let stage = WechatStage::set().await;
    let merchant = stage.merchant(PushMode::Secure, &[(500, ""), (200, "what?")]).await;

    stage.card(&json!({})).await;
    stage.simulator.settled().await;

    let push = stage.simulator.pushes().pop().unwrap();
    let accepted: Vec<bool> = push.tries.iter().map(|one| one.is_accepted).collect();
    assert_eq!((push.state, accepted), (PushState::Delivered, vec![false, false, true]));
    let heard = merchant.heard();
    assert_ne!(parameter(&heard[0].0, "nonce"), parameter(&heard[1].0, "nonce"));
    assert_ne!(heard[0].1, heard[1].1);
    assert_eq!(stage.simulator.report().bad_replies.len(), 1);
}

#[tokio::test]
async fn after_three_tries_an_event_is_given_up() {
    let stage = WechatStage::set().await;
    let merchant = stage.merchant(PushMode::Plain, &[(500, ""), (503, ""), (403, "")]).await;

    stage.card(&json!({})).await;
    stage.simulator.settled().await;

    assert_eq!(stage.simulator.pushes()[0].state, PushState::GivenUp);
    assert_eq!(merchant.heard().len(), 3);
    stage.simulator.push_again(1).unwrap();
    stage.simulator.settled().await;
    assert_eq!(stage.simulator.pushes()[0].state, PushState::Delivered);
}

#[tokio::test]
async fn a_claim_is_pushed_again_by_the_clock() {
    let stage = WechatStage::with(|switches| {
        switches.retries = Retries::Long;
        switches.retries_by_clock = true;
    })
    .await;
    let card_id = stage.card(&json!({})).await;
    let merchant = stage.merchant(PushMode::Plain, &[(500, ""), (500, ""), (500, "")]).await;
    stage.simulator.take("小明", &card_id).unwrap();
    stage.simulator.settled().await;
    assert_eq!(merchant.heard().len(), 1);

    for tries in 2..=4 {
        stage.simulator.advance(TimeDelta::minutes(3));
        while stage.simulator.pushes()[1].tries.len() < tries {
            tokio::task::yield_now().await;
        }
    }

    stage.simulator.settled().await;
    assert_eq!(stage.simulator.pushes()[1].state, PushState::Delivered);
}

#[tokio::test]
async fn pushes_go_wrong_as_they_are_told() {
    let stage = WechatStage::set().await;
    let merchant = stage.merchant(PushMode::Secure, &[]).await;
    let card_id = stage.card(&json!({ "get_limit": 50 })).await;
    stage.simulator.settled().await;
    let mut told = merchant.heard().len();
    let mut strike = async |fault| {
        stage.simulator.fault_pushes(PushAim::next(1, fault).of("user_get_card"));
        stage.simulator.take("小明", &card_id).unwrap();
        stage.simulator.settled().await;
        let came = merchant.heard().split_off(told);
        told += came.len();
        came
    };

    assert_eq!(strike(PushFault::Duplicate { times: 4 }).await.len(), 4);
    assert_eq!(strike(PushFault::LoseAnswer).await.len(), 2);
    assert!(strike(PushFault::Lost).await.is_empty());
    assert_eq!(strike(PushFault::Delay { ms: 1 }).await.len(), 1);
    // A merchant who accepts what is forged is reported, and told the truth afterwards.
    let forged = strike(PushFault::WrongSignature).await;
    let expected = |query: &str, body: &str| {
        let (timestamp, nonce) = (parameter(query, "timestamp"), parameter(query, "nonce"));
        crypto::sorted_sha1(&["simtoken", &timestamp, &nonce, sealed(body)])
    };
    assert_ne!(parameter(&forged[0].0, "msg_signature"), expected(&forged[0].0, &forged[0].1));
    assert_eq!(parameter(&forged[1].0, "msg_signature"), expected(&forged[1].0, &forged[1].1));
    let foreign = strike(PushFault::ForeignAppid).await;
    let key = crypto::aes_key(AES_KEY).unwrap();
    assert_ne!(crypto::open(&key, sealed(&foreign[0].1)).unwrap().1, DEFAULT_OA);
    let plain = strike(PushFault::Plain).await;
    assert!(
        plain[0].1.contains("<UserCardCode>") && parameter(&plain[0].0, "encrypt_type").is_empty()
    );
    assert_eq!(stage.simulator.report().bad_replies["a forged push was accepted"], 3);
    assert!(strike(PushFault::Reorder).await.is_empty());
    let both = strike(PushFault::Delay { ms: 0 }).await;
    assert_eq!(both.len(), 2);
}

#[tokio::test]
async fn the_same_event_is_laid_out_in_four_ways() {
    for layout in [Layout::Compact, Layout::Official, Layout::Shuffled, Layout::Bom] {
        let stage = WechatStage::with(|switches| switches.layout = layout).await;

        let card_id = stage.card(&json!({})).await;

        let message = stage.simulator.pushes()[0].message.clone();
        let blanks = format!("<CardId> <![CDATA[{card_id}]]> </CardId>");
        assert_eq!(message.contains(&blanks), layout == Layout::Official, "{message}");
        assert_eq!(message.starts_with('\u{feff}'), layout == Layout::Bom);
        assert!(message.ends_with("</xml>") && message.contains(&card_id));
    }
}

#[tokio::test]
async fn a_large_stock_that_runs_out_is_said_twice_a_day_at_most() {
    let stage = WechatStage::set().await;
    let card_id = stage.card(&json!({ "sku": { "quantity": 201 } })).await;
    let reminders = || {
        let pushes = stage.simulator.pushes();
        pushes.iter().filter(|push| push.event == "card_sku_remind").count()
    };
    for number in 0..100 {
        stage.simulator.take(&format!("{number}"), &card_id).unwrap();
    }
    assert_eq!(reminders(), 0);

    for number in 100..110 {
        stage.simulator.take(&format!("{number}"), &card_id).unwrap();
    }

    assert_eq!(reminders(), 1);
    stage.simulator.advance(TimeDelta::hours(12));
    stage.simulator.take("110", &card_id).unwrap();
    assert_eq!(reminders(), 2);
}
