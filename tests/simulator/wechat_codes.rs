//! Coupons at WeChat: taken on the phone in three code modes, given, returned, redeemed, voided.

use chrono::TimeDelta;
use kaquan::simulator::wechat::acts::Till;
use kaquan::simulator::wechat::app::{DEFAULT_MP, DEFAULT_OA};
use kaquan::simulator::wechat::coupon::CouponStatus;
use kaquan::simulator::wechat::phone::CardToOpen;
use serde_json::{Value, json};

use crate::wechat_stage::{NOW, WechatStage, parameter, text};

#[tokio::test]
async fn a_coupon_lives_from_add_card_to_consume_in_each_code_mode() {
    let stage = WechatStage::set().await;
    let cards = [
        (stage.card(&json!({})).await, json!({ "outer_str": "c_1" })),
        (stage.card(&json!({ "use_custom_code": true })).await, json!({ "code": "QC-1" })),
        (stage.deposit_card(&["D-1"]).await, json!({})),
    ];

    for (number, (card_id, more)) in cards.into_iter().enumerate() {
        let sealed = stage.add("小明", &card_id, stage.ext(&card_id, "n0nce", &more)).unwrap();
        let opened = stage.post("/card/code/decrypt", &json!({ "encrypt_code": sealed })).await;
        let code = text(&opened["code"]);
        let expected = ["", "QC-1", "D-1"][number];
        assert!(expected == code || (number == 0 && code.len() == 12), "{code}");

        let open = |code: &str| {
            let list = [CardToOpen { card_id: card_id.clone(), code: code.to_owned() }];
            stage.simulator.open_card(DEFAULT_MP, "小明", &list)
        };
        assert_eq!(open(&code), "openCard:ok");
        assert_eq!(open(&sealed), "openCard:fail");
        let named = json!({ "code": code, "card_id": card_id });
        let got = stage.post("/card/code/get", &named).await;
        assert_eq!(got["user_card_status"], "NORMAL");
        let alone = stage.post("/card/code/get", &json!({ "code": code })).await;
        assert_eq!(alone["errcode"], if number == 0 { 0 } else { 40056 });
        let used = stage.post("/card/code/consume", &named).await;
        assert_eq!(used["openid"], got["openid"]);
        assert_eq!(stage.post("/card/code/consume", &named).await["errcode"], 40099);
        assert_eq!(stage.post("/card/code/get", &named).await["errcode"], 40099);
        let told = json!({ "code": code, "card_id": card_id, "check_consume": false });
        assert_eq!(stage.post("/card/code/get", &told).await["user_card_status"], "CONSUMED");
    }
    let events: Vec<String> = stage.simulator.pushes().into_iter().map(|push| push.event).collect();
    assert_eq!(events.iter().filter(|event| *event == "user_get_card").count(), 3);
    assert_eq!(events.iter().filter(|event| *event == "user_consume_card").count(), 3);
}

#[tokio::test]
async fn a_bad_card_ext_is_refused_and_says_why() {
    let stage = WechatStage::set().await;
    let card_id = stage.card(&json!({})).await;
    let good = |nonce: &str| stage.ext(&card_id, nonce, &json!({}));
    let bent = |from: &str, to: &str| json!(text(&good("nonce1")).replace(from, to));
    let mp_openid = stage.simulator.person("小明").unwrap().open_ids[DEFAULT_MP].clone();
    let cases = [
        (json!({ "timestamp": "1" }), 40080),
        (json!("no json"), 40080),
        (bent("\"timestamp\":\"1700000000\"", "\"timestamp\":1700000000"), 40080),
        (bent("\"nonce_str\"", "\"nonceStr\""), 40080),
        (bent("nonce1", "nonce2"), 40080),
        (bent("{", "{\"api_ticket\":\"t\","), 40080),
        (stage.ext(&card_id, "nonce3", &json!({ "code": "MINE" })), 40080),
        (stage.ext(&card_id, "nonce4", &json!({ "openid": mp_openid })), 45031),
        (stage.ext(&card_id, "nonce5", &json!({ "openid": "oSomebodyElse" })), 40080),
    ];

    for (ext, errcode) in cases {
        assert_eq!(stage.add("小明", &card_id, ext.clone()), Err(errcode), "{ext}");
    }
    assert!(stage.add("小明", &card_id, good("once")).is_ok());
    assert_eq!(stage.add("小明", &card_id, good("once")), Err(40080));
    assert!(stage.add("小明", &card_id, good("twice")).is_ok());
    assert!(stage.add("小明", &card_id, good("thrice")).is_ok());
    assert_eq!(stage.add("小明", &card_id, good("four")), Err(45033));
    stage.simulator.rotate_tickets(None);
    assert_eq!(stage.add("小红", &card_id, good("five")), Err(40080));
    assert_eq!(stage.simulator.wallet("小明").len(), 3);
}

#[tokio::test]
async fn a_bound_card_wants_the_open_id_of_the_account() {
    let stage = WechatStage::set().await;
    let card_id = stage.card(&json!({ "bind_openid": true })).await;
    let openid = stage.simulator.person("小明").unwrap().open_ids[DEFAULT_OA].clone();
    let ext = |nonce: &str, more: &Value| stage.ext(&card_id, nonce, more);

    assert_eq!(stage.add("小明", &card_id, ext("a", &json!({}))), Err(40080));
    assert!(stage.add("小明", &card_id, ext("b", &json!({ "openid": openid }))).is_ok());
    assert_eq!(stage.add("小红", &card_id, ext("c", &json!({ "openid": openid }))), Err(40080));
}

#[tokio::test]
async fn a_gift_changes_wechats_code_and_keeps_the_merchants() {
    let stage = WechatStage::set().await;
    let card_id = stage.card(&json!({})).await;
    let code = stage.simulator.take("小明", &card_id).unwrap();
    let status = async |code: &str| {
        let body = json!({ "code": code, "card_id": card_id, "check_consume": false });
        stage.post("/card/code/get", &body).await
    };

    stage.simulator.gift("小明", &code, None, false).unwrap();
    assert_eq!(status(&code).await["user_card_status"], "GIFTING");
    assert_eq!(stage.post("/card/code/consume", &json!({ "code": code })).await["errcode"], 40127);
    stage.simulator.return_gift("小明", &code).unwrap();
    assert_eq!(status(&code).await["user_card_status"], "NORMAL");
    stage.simulator.gift("小明", &code, None, false).unwrap();
    let new = stage.simulator.accept("小红", &code).unwrap();

    assert_ne!(new, code);
    assert_eq!(status(&code).await["errcode"], 40056);
    assert_eq!(status(&new).await["user_card_status"], "NORMAL");
    assert!(stage.simulator.wallet("小明").is_empty());
    let told = stage.simulator.pushes().pop().unwrap();
    assert!(told.message.contains("<IsGiveByFriend>1</IsGiveByFriend>"), "{}", told.message);
    assert!(told.message.contains(&format!("<OldUserCardCode><![CDATA[{code}]]>")));

    let custom = stage.card(&json!({ "use_custom_code": true })).await;
    stage.add("小明", &custom, stage.ext(&custom, "n", &json!({ "code": "QC-1" }))).unwrap();
    stage.simulator.gift("小明", "QC-1", Some("小红"), false).unwrap();
    assert_eq!(stage.simulator.accept("小红", "QC-1").unwrap(), "QC-1");
    let body = json!({ "code": "QC-1", "card_id": custom, "new_code": "QC-2" });
    assert_eq!(stage.post("/card/code/update", &body).await["errcode"], 0);
    assert_eq!(stage.simulator.wallet("小红")[1].code, "QC-2");
}

#[tokio::test]
async fn a_gift_that_nobody_accepts_lapses_after_a_day() {
    let stage = WechatStage::set().await;
    let card_id = stage.card(&json!({})).await;
    let code = stage.simulator.take("小明", &card_id).unwrap();
    stage.simulator.gift("小明", &code, None, true).unwrap();

    stage.simulator.advance(TimeDelta::hours(25));

    assert_eq!(stage.simulator.wallet("小明")[0].status, CouponStatus::GiftTimeout);
    assert!(stage.simulator.accept("小红", &code).is_err());
    stage.simulator.return_gift("小明", &code).unwrap();
    assert_eq!(stage.simulator.wallet("小明")[0].status, CouponStatus::Normal);
}

#[tokio::test]
async fn what_is_over_thrown_away_voided_or_used_elsewhere_cannot_be_redeemed() {
    let stage = WechatStage::set().await;
    let card_id = stage.card(&json!({ "get_limit": 9 })).await;
    let take = || stage.simulator.take("小明", &card_id).unwrap();
    let consume = async |code: &str| {
        stage.post("/card/code/consume", &json!({ "code": code })).await["errcode"].clone()
    };
    let (thrown, voided, elsewhere, over) = (take(), take(), take(), take());

    stage.simulator.delete("小明", &thrown).unwrap();
    let body = json!({ "code": voided, "reason": "退款" });
    assert_eq!(stage.post("/card/code/unavailable", &body).await["errcode"], 0);
    assert_eq!(stage.post("/card/code/unavailable", &body).await["errcode"], 40127);
    stage.simulator.consume("小明", &elsewhere, &Till::Console).unwrap();

    assert_eq!(consume(&thrown).await, 40127);
    assert_eq!(consume(&voided).await, 40127);
    assert_eq!(consume(&elsewhere).await, 40099);
    assert_eq!(consume("000000000000").await, 40056);
    let openid = stage.simulator.wallet("小明")[0].openid.clone();
    let list =
        stage.post("/card/user/getcardlist", &json!({ "openid": openid, "card_id": "" })).await;
    assert_eq!(list["card_list"], json!([{ "code": over, "card_id": card_id }]));
    stage.simulator.advance(TimeDelta::days(31));
    assert_eq!(stage.simulator.wallet("小明")[3].status, CouponStatus::Expire);
    let told = json!({ "code": over });
    // The token has run out as well.
    assert_eq!(stage.post("/card/code/get", &told).await["errcode"], 42001);
}

#[tokio::test]
async fn a_term_is_counted_in_days_of_utc8() {
    let stage = WechatStage::set().await;
    let term = json!({ "date_info": {
        "type": "DATE_TYPE_FIX_TERM", "fixed_term": 2, "fixed_begin_term": 1,
    } });
    let card_id = stage.card(&term).await;

    let code = stage.simulator.take("小明", &card_id).unwrap();

    let held = &stage.simulator.wallet("小明")[0];
    let midnight = NOW - (NOW + 8 * 3600) % 86_400;
    assert_eq!((held.begin, held.end), (midnight + 86_400, midnight + 3 * 86_400 - 1));
    let body = json!({ "code": code, "check_consume": false });
    let got = stage.post("/card/code/get", &body).await;
    assert_eq!((&got["user_card_status"], &got["can_consume"]), (&json!("NORMAL"), &json!(false)));
    assert_eq!(stage.post("/card/code/consume", &body).await["errcode"], 40127);
}

#[tokio::test]
async fn the_pool_of_codes_is_filled_checked_and_drawn_from() {
    let stage = WechatStage::set().await;
    let card_id = stage.deposit_card(&["A", "B"]).await;
    let call = async |path: &str, more: Value| {
        let mut body = json!({ "card_id": card_id });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        stage.post(path, &body).await
    };

    let again = call("/card/code/deposit", json!({ "code": ["B", "C", "C"] })).await;
    assert_eq!(
        (&again["succ_code"], &again["duplicate_code"]),
        (&json!(["C"]), &json!(["B", "C"]))
    );
    let known = call("/card/code/checkcode", json!({ "code": ["A", "Z"] })).await;
    assert_eq!((&known["exist_code"], &known["not_exist_code"]), (&json!(["A"]), &json!(["Z"])));
    assert_eq!(call("/card/code/getdepositcount", json!({})).await["count"], 3);
    assert_eq!(call("/card/code/deposit", json!({ "code": [] })).await["errcode"], 40109);
    assert_eq!(call("/card/code/deposit", json!({ "code": ["no way"] })).await["errcode"], 40116);
    assert_eq!(
        call("/card/modifystock", json!({ "increase_stock_value": 2 })).await["errcode"],
        40122
    );
    assert_eq!(call("/card/code/get", json!({ "code": "A" })).await["errcode"], 40056);
    let drawn = stage.simulator.take("小明", &card_id).unwrap();
    assert!(["A", "B", "C"].contains(&drawn.as_str()));
    assert_eq!(call("/card/code/get", json!({ "code": drawn })).await["errcode"], 0);
    let other = stage.card(&json!({})).await;
    let body = json!({ "card_id": other, "code": ["A"] });
    assert_eq!(stage.post("/card/code/deposit", &body).await["errcode"], 40078);
}

#[tokio::test]
async fn an_entry_leads_into_the_mini_program_with_the_code_sealed() {
    let stage = WechatStage::set().await;
    let card_id = stage.card(&json!({})).await;
    let code = stage.simulator.take("小明", &card_id).unwrap();

    let jump = stage.simulator.tap("小明", &code, "center").unwrap();

    assert_eq!(jump.user_name, "gh_sim000000002@app");
    let (page, query) = jump.path.split_once('?').unwrap();
    assert_eq!((page, parameter(query, "from")), ("pages/use", "card".to_owned()));
    let sealed = parameter(query, "encrypt_code");
    assert!(sealed.contains('+') && sealed.contains('/'), "{sealed}");
    let decrypt = async |sealed: &str| {
        stage.post("/card/code/decrypt", &json!({ "encrypt_code": sealed })).await
    };
    assert_eq!(decrypt(&sealed).await["code"], code);
    assert_eq!(decrypt(&sealed.replace('+', " ")).await["errcode"], 40075);
    assert!(stage.simulator.tap("小明", &code, "custom").is_err());
}

#[tokio::test]
async fn a_picture_leads_to_cards_and_some_only_once() {
    let stage = WechatStage::set().await;
    let (plain, custom) =
        (stage.card(&json!({})).await, stage.card(&json!({ "use_custom_code": true })).await);
    let picture = async |card: Value| {
        let body = json!({ "action_name": "QR_CARD", "action_info": { "card": card } });
        stage.post("/card/qrcode/create", &body).await
    };

    let open = picture(json!({ "card_id": plain, "outer_str": "12b" })).await;
    let once = picture(json!({ "card_id": custom, "code": "QC-9" })).await;

    assert_eq!(picture(json!({ "card_id": custom })).await["errcode"], 40053);
    stage.simulator.scan("小明", &text(&open["ticket"])).unwrap();
    stage.simulator.scan("小红", &text(&open["url"])).unwrap();
    assert_eq!(stage.simulator.scan("小明", &text(&once["ticket"])).unwrap(), ["QC-9"]);
    assert!(stage.simulator.scan("小红", &text(&once["ticket"])).is_err());
    assert_eq!(stage.simulator.wallet("小红")[0].outer_str, "12b");
}
