//! Cards at WeChat: made, changed, counted, reviewed; what is wrong has its number.

use chrono::TimeDelta;
use kaquan::simulator::wechat::card::CardStatus;
use kaquan::simulator::wechat::effects::EffectKind;
use kaquan::simulator::wechat::switches::Profile;
use serde_json::{Value, json};

use crate::wechat_stage::{NOW, WechatStage, text};

/// The page of 2018: both links side by side.
fn page_of_2018() -> Value {
    json!({
        "custom_url_name": "立即使用", "custom_url": "http://www.qq.com",
        "custom_app_brand_user_name": "gh_86a091e50ad4@app",
        "custom_app_brand_pass": "API/cardPage", "custom_url_sub_title": "6个汉字tips",
        "promotion_url_name": "更多优惠", "promotion_url": "http://www.qq.com",
        "promotion_app_brand_user_name": "gh_86a091e50ad4@app",
        "promotion_app_brand_pass": "API/cardPage",
    })
}

#[tokio::test]
async fn a_card_is_made_and_shown_as_documented() {
    let stage = WechatStage::set().await;

    let made = stage.post("/card/create", &WechatStage::body(&json!({}))).await;

    let card_id = text(&made["card_id"]);
    assert_eq!(card_id.len(), 28);
    assert!(card_id.starts_with('p'));
    let shown = stage.post("/card/get", &json!({ "card_id": card_id })).await;
    let base = &shown["card"]["groupon"]["base_info"];
    assert_eq!(shown["card"]["card_type"], "GROUPON");
    assert_eq!(base["id"], card_id);
    assert_eq!(base["status"], "CARD_STATUS_NOT_VERIFY");
    assert_eq!(base["color"], "#63b359");
    assert_eq!(base["sku"], json!({ "quantity": 300, "total_quantity": 300 }));
    assert_eq!(base["date_info"]["type"], "DATE_TYPE_FIX_TIME_RANGE");
    let effects = stage.simulator.effects();
    let made = effects.iter().find(|(identity, _)| identity.kind == EffectKind::Create).unwrap();
    assert_eq!(made.1.applied, 1);
    assert!(stage.simulator.report().is_clean(), "{:?}", stage.simulator.report());
}

#[tokio::test]
async fn each_wrong_field_has_its_errcode() {
    let stage = WechatStage::set().await;
    let range = |begin: i64, end: i64| {
        json!({ "date_info": {
            "type": 1, "begin_timestamp": begin, "end_timestamp": end.to_string(),
        } })
    };
    let cases = [
        (json!({ "title": "" }), 41011),
        (json!({ "title": 7 }), 47001),
        (json!({ "title": "十个汉字的标题太长了" }), 45021),
        (json!({ "color": "#63b359" }), 40035),
        (json!({ "code_type": "CODE_TYPE_SONG" }), 40072),
        (json!({ "logo_url": "https://example.com/a.png" }), 40035),
        (json!({ "sku": {} }), 41011),
        (json!({ "sku": { "quantity": 0 } }), 40122),
        (json!({ "sku": { "quantity": 100_000_001 } }), 40122),
        (range(NOW + 10, NOW + 10), 40100),
        (range(NOW - 20, NOW - 10), 40079),
        (json!({ "date_info": { "type": "DATE_TYPE_FIX_TERM", "fixed_term": 0 } }), 40079),
        (
            json!({ "date_info": { "type": "DATE_TYPE_FIX_TERM", "fixed_term": 1, "begin_timestamp": 1 } }),
            47001,
        ),
        (json!({ "date_info": { "type": "DATE_TYPE_PERMANENT" } }), 40035),
        (json!({ "custom_url_name": "六个汉字标题" }), 45021),
        (json!({ "center_app_brand_pass": "" }), 40035),
        (json!({ "center_title": "" }), 40035),
        (json!({ "center_app_brand_user_name": "gh_nobody@app" }), 40035),
        (json!({ "center_app_brand_user_name": "GH_SIM@app" }), 40035),
        (json!({ "get_custom_code_mode": "GET_CUSTOM_CODE_MODE_DEPOSIT" }), 40035),
        (json!({ "custom_url": "" }), 40035),
        (json!({ "center_url": null }), 40035),
    ];

    for (more, errcode) in cases {
        let refused = stage.post("/card/create", &WechatStage::body(&more)).await;

        assert_eq!(refused["errcode"], errcode, "{more}: {refused}");
        assert!(text(&refused["errmsg"]).contains(" rid: "), "{refused}");
    }
    assert!(stage.simulator.cards().is_empty());
    let body = json!({ "card": { "card_type": "MOVIE_TICKET", "movie_ticket": {} } });
    assert_eq!(stage.post("/card/create", &body).await["errcode"], 40071);
    let body = json!({ "card": { "card_type": "CASH", "groupon": {} } });
    assert_eq!(stage.post("/card/create", &body).await["errcode"], 41011);
}

#[tokio::test]
async fn links_to_web_pages_pass_in_2018_alone() {
    let member = json!({ "card": {
        "card_type": "MEMBER_CARD", "member_card": { "base_info": page_of_2018() },
    } });
    let whole = WechatStage::body(&page_of_2018());

    let modern = WechatStage::set().await;
    assert_eq!(modern.post("/card/create", &whole).await["errcode"], 40035);
    assert_eq!(modern.post("/card/create", &member).await["errcode"], 40071);

    let legacy = WechatStage::with(|switches| switches.profile = Profile::Legacy2018).await;
    assert_eq!(legacy.post("/card/create", &whole).await["errcode"], 0);
    assert_eq!(legacy.post("/card/create", &member).await["errcode"], 0);
}

#[tokio::test]
async fn a_change_may_cost_a_review_and_some_fields_never_change() {
    let stage = WechatStage::set().await;
    let card_id = stage.card(&json!({})).await;
    let update = async |base: Value| {
        let body = json!({ "card_id": card_id, "groupon": { "base_info": base } });
        stage.post("/card/update", &body).await
    };
    let status = || stage.simulator.cards()[0].status;

    assert_eq!(
        update(json!({ "get_limit": 5, "custom_url_name": "门店" })).await["send_check"],
        false
    );
    assert_eq!(status(), CardStatus::VerifyOk);
    for wrong in ["title", "brand_name"] {
        assert_eq!(update(json!({ wrong: "别的" })).await["errcode"], 47001);
    }
    assert_eq!(update(json!({ "sku": { "quantity": 1 } })).await["errcode"], 47001);
    let narrower = json!({ "date_info": { "type": 1, "end_timestamp": NOW + 60 } });
    assert_eq!(update(narrower).await["errcode"], 40079);
    let code = stage.simulator.take("小明", &card_id).unwrap();
    let wider = json!({ "date_info": { "type": 1, "end_timestamp": NOW + 60 * 86_400 } });
    assert_eq!(update(wider).await["send_check"], false);
    assert_eq!(stage.simulator.wallet("小明")[0].end, NOW + 60 * 86_400);
    assert_eq!(update(json!({ "notice": "请出示" })).await["send_check"], true);
    assert_eq!(status(), CardStatus::NotVerify);

    stage.simulator.review(&card_id, false, "不合规").unwrap();
    assert_eq!(status(), CardStatus::VerifyFail);
    assert!(stage.simulator.take("小红", &card_id).is_err());
    let got = stage.post("/card/code/get", &json!({ "code": code })).await;
    assert_eq!(got["can_consume"], true);
}

#[tokio::test]
async fn stock_goes_up_and_down_and_never_below_nothing() {
    let stage = WechatStage::set().await;
    let card_id = stage.card(&json!({ "sku": { "quantity": 2 } })).await;
    let modify = async |more: i64, less: i64| {
        let body = json!({
            "card_id": card_id, "increase_stock_value": more, "reduce_stock_value": less,
        });
        stage.post("/card/modifystock", &body).await["errcode"].clone()
    };
    stage.simulator.take("小明", &card_id).unwrap();

    assert_eq!(modify(10, 3).await, 0);
    assert_eq!(modify(0, 9).await, 40122);
    assert_eq!(modify(100_000_000, 0).await, 40122);

    let card = &stage.simulator.cards()[0];
    assert_eq!((card.quantity, card.total_quantity), (8, 9));
    assert_eq!(modify(0, 8).await, 0);
    let refused = stage.simulator.take("小明", &card_id).unwrap_err();
    assert!(refused.to_string().starts_with("45031"), "{refused}");
}

#[tokio::test]
async fn a_deleted_card_gives_nothing_more_and_what_was_taken_stays_good() {
    let stage = WechatStage::set().await;
    let card_id = stage.card(&json!({})).await;
    let code = stage.simulator.take("小明", &card_id).unwrap();
    let named = json!({ "card_id": card_id });

    assert_eq!(stage.post("/card/delete", &named).await["errcode"], 0);

    assert_eq!(stage.post("/card/delete", &named).await["errcode"], 40073);
    assert!(stage.simulator.take("小红", &card_id).is_err());
    assert_eq!(stage.post("/card/code/consume", &json!({ "code": code })).await["errcode"], 0);
    assert_eq!(stage.post("/card/get", &json!({})).await["errcode"], 41012);
}

#[tokio::test]
async fn cards_are_listed_in_pages_and_by_status() {
    let stage = WechatStage::set().await;
    for _ in 0..3 {
        stage.card(&json!({})).await;
    }
    stage.post("/card/create", &WechatStage::body(&json!({}))).await;
    let list = async |body: Value| stage.post("/card/batchget", &body).await;

    let passed = list(json!({
        "offset": 1, "count": 5, "status_list": ["CARD_STATUS_VERIFY_OK", "CARD_STATUS_DISPATCH"],
    }))
    .await;

    assert_eq!(passed["total_num"], 3);
    assert_eq!(passed["card_id_list"].as_array().unwrap().len(), 2);
    assert_eq!(list(json!({ "offset": 0, "count": 50 })).await["total_num"], 4);
    assert_eq!(list(json!({ "offset": 0, "count": 51 })).await["errcode"], 40035);
    let alone = json!({ "offset": 0, "count": 1, "status_list": "CARD_STATUS_VERIFY_OK" });
    assert_eq!(list(alone).await["errcode"], 47001);
}

#[tokio::test]
async fn figures_are_there_the_next_morning_and_no_sooner() {
    let stage = WechatStage::with(|switches| switches.token_ttl = 10 * 86_400).await;
    let card_id = stage.card(&json!({})).await;
    for _ in 0..2 {
        stage.simulator.take("小明", &card_id).unwrap();
    }
    let code = stage.simulator.take("小红", &card_id).unwrap();
    stage.post("/card/code/consume", &json!({ "code": code })).await;
    let ask = async |begin: &str, end: &str| {
        let body = json!({ "begin_date": begin, "end_date": end, "cond_source": 1 });
        stage.post("/datacube/getcardcardinfo", &body).await
    };

    assert_eq!(ask("2023-11-15", "2023-11-15").await["errcode"], 61501);
    stage.simulator.advance(TimeDelta::hours(18));
    assert_eq!(ask("2023-11-15", "2023-11-15").await, json!({ "list": [] }));
    stage.simulator.advance(TimeDelta::hours(8));
    let list = ask("2023-11-01", "2023-11-15").await;

    let row = &list["list"][0];
    assert_eq!(list["list"].as_array().unwrap().len(), 1);
    assert_eq!(row["ref_date"], "2023-11-15");
    assert_eq!(row["card_id"], card_id);
    assert_eq!((&row["receive_cnt"], &row["receive_user"]), (&json!(3), &json!(2)));
    assert_eq!((&row["verify_cnt"], &row["card_type"]), (&json!(1), &json!(4)));
    assert!(row.get("errcode").is_none());
    assert_eq!(ask("2023-08-01", "2023-11-15").await["errcode"], 61501);
    assert_eq!(ask("2023-8-1", "2023-11-15").await["errcode"], 61500);
}
