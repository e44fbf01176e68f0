//! What our client puts on the wire for each of WeChat's calls, and what it makes of the documented answers.

use chrono::{NaiveDate, TimeDelta};
use kaquan::platform::wechat::{
    change::CardChange,
    client::{
        qr::{NewQr, QrCard},
        session::UnionId,
    },
    image::Image,
    settings::TokenBy,
    shown::CardStatus,
    status::UserCardStatus,
};
use serde_json::{Value, json};

use crate::support::{
    stub::{Asked, Scripted, Stub, answer},
    wechat_desk::{
        APP_ID, CARD, CODE, JS_CODE, OPEN_ID, SECRET, TOKEN, account, card, client, js_code,
        secret, token,
    },
};

const OK: &str = r#"{"errcode":0,"errmsg":"ok"}"#;
const ENCRYPTED: &str = "XXIzTtMqCxwOaawoE91+VJdsFmv7b8g0VZIZkqf4GWA60Fzpc8ksZ/5ZZ0DVkXdE";

async fn answering(body: &str) -> Stub {
    Stub::answering([answer(200, body)]).await
}

fn assert_line(asked: &Asked, method: &str, target: &str) {
    assert_eq!((asked.method.as_str(), asked.target.as_str()), (method, target));
    assert!(!asked.headers.contains_key("accept-encoding"), "{asked:?}");
    assert!(!asked.headers.contains_key("referer") && !asked.headers.contains_key("cookie"));
}

/// A `POST` with the token in its query and JSON as its body.
fn assert_told(stub: &Stub, path: &str, body: &Value) {
    let asked = stub.heard_one();
    assert_line(&asked, "POST", &format!("{path}?access_token={TOKEN}"));
    assert_eq!(asked.headers["content-type"], "application/json");
    assert_eq!(&serde_json::from_slice::<Value>(&asked.body).unwrap(), body);
}

#[tokio::test]
async fn a_stable_token_is_asked_for_in_a_body_so_that_no_log_keeps_the_secret() {
    let reply = r#"{"access_token":"75_x","expires_in":7200}"#;
    for force in [false, true] {
        let stub = answering(reply).await;

        let heard = client()
            .access_token(account(&stub.url), &secret(), TokenBy::StableToken, force)
            .await
            .unwrap();

        let asked = stub.heard_one();
        assert_line(&asked, "POST", "/cgi-bin/stable_token");
        let body: Value = serde_json::from_slice(&asked.body).unwrap();
        let expected = json!({ "grant_type": "client_credential", "appid": APP_ID, "secret": SECRET,
            "force_refresh": force });
        assert_eq!(body, expected);
        assert_eq!(heard.value.token.expose(), "75_x");
        assert_eq!(heard.value.expires_in, TimeDelta::hours(2));
        assert_eq!(heard.answer.as_str(), "(withheld: it holds a secret)");
    }
}

#[tokio::test]
async fn a_token_can_be_asked_for_in_the_older_way() {
    let stub = answering(r#"{"access_token":"75_x","expires_in":"7200"}"#).await;

    let heard = client().access_token(account(&stub.url), &secret(), TokenBy::Token, false).await;

    let target =
        format!("/cgi-bin/token?grant_type=client_credential&appid={APP_ID}&secret={SECRET}");
    assert_line(&stub.heard_one(), "GET", &target);
    assert_eq!(heard.unwrap().value.expires_in, TimeDelta::hours(2));
}

#[tokio::test]
async fn the_ticket_for_cards_is_asked_for_and_never_kept() {
    let stub =
        answering(r#"{"errcode":0,"errmsg":"ok","ticket":"E0o2-at6Ncw","expires_in":7200}"#).await;

    let heard = client().card_ticket(account(&stub.url), &token()).await.unwrap();

    let target = format!("/cgi-bin/ticket/getticket?access_token={TOKEN}&type=wx_card");
    assert_line(&stub.heard_one(), "GET", &target);
    assert_eq!(heard.value.token.expose(), "E0o2-at6Ncw");
    assert!(!format!("{heard:?}{}", heard.answer.as_str()).contains("E0o2"));
}

#[tokio::test]
async fn a_login_code_is_changed_for_a_session() {
    let reply = r#"{"openid":"oMP","session_key":"tiihtNczf5v6AKRyjwEUhQ==","unionid":"oU"}"#;
    let stub = answering(reply).await;

    let heard = client().session(account(&stub.url), &secret(), &js_code()).await.unwrap();

    let target = format!(
        "/sns/jscode2session?appid={APP_ID}&secret={SECRET}&js_code={JS_CODE}\
         &grant_type=authorization_code"
    );
    assert_line(&stub.heard_one(), "GET", &target);
    assert_eq!(heard.value.open_id.as_str(), "oMP");
    assert_eq!(heard.value.union_id.as_ref().map(UnionId::as_str), Some("oU"));
    assert_eq!(heard.value.session_key.expose(), "tiihtNczf5v6AKRyjwEUhQ==");
    assert!(!format!("{heard:?}{}", heard.answer.as_str()).contains("tiiht"));
    let alone = answering(r#"{"openid":"oMP","session_key":"k"}"#).await;
    let heard = client().session(account(&alone.url), &secret(), &js_code()).await.unwrap();
    assert_eq!(heard.value.union_id, None);
}

#[tokio::test]
async fn a_card_is_created_with_its_chinese_as_it_is() {
    let stub =
        answering(r#"{"errcode":0,"errmsg":"ok","card_id":"p1Pj9jr90_SQRaVqYI239Ka1erkI"}"#).await;

    let heard = client().create_card(account(&stub.url), &token(), &card()).await.unwrap();

    assert_told(&stub, "/card/create", &card().body());
    let text = String::from_utf8(stub.heard_one().body).unwrap();
    assert!(text.contains("满 100 减 20") && !text.contains("\\u") && !text.contains("\\/"));
    assert_eq!(heard.value, "p1Pj9jr90_SQRaVqYI239Ka1erkI");
}

#[tokio::test]
async fn a_card_is_read_changed_counted_and_deleted() {
    let shown = include_str!("../fixtures/wechat/get_groupon.json")
        .replace("pFS7Fjg8kV1IdDz01r4SQwMkuCKc", CARD);
    let stub = answering(&shown).await;
    let heard = client().get_card(account(&stub.url), &token(), CARD).await.unwrap();
    assert_told(&stub, "/card/get", &json!({ "card_id": CARD }));
    assert_eq!((heard.value.status, heard.value.quantity), (CardStatus::Passed, Some(499_990)));

    let (old, mut new) = (card(), card());
    new.base.notice = "请出示".to_owned();
    let change = CardChange::between(&old, &new);
    for (reply, review) in [
        (r#"{"errcode":0,"send_check":true}"#, true),
        (OK, true),
        (r#"{"errcode":0,"errmsg":"ok","send_check":false}"#, false),
    ] {
        let stub = answering(reply).await;
        let heard = client().update_card(account(&stub.url), &token(), CARD, &change).await;
        let body = json!({ "card_id": CARD, "cash": { "base_info": { "notice": "请出示" } } });
        assert_told(&stub, "/card/update", &body);
        assert_eq!(heard.unwrap().value, review);
    }

    for (delta, body) in [
        (100, json!({ "card_id": CARD, "increase_stock_value": 100 })),
        (-3, json!({ "card_id": CARD, "reduce_stock_value": 3 })),
        (0, json!({ "card_id": CARD, "increase_stock_value": 0 })),
    ] {
        let stub = answering(OK).await;
        client().change_stock(account(&stub.url), &token(), CARD, delta).await.unwrap();
        assert_told(&stub, "/card/modifystock", &body);
    }

    let stub = answering(OK).await;
    client().delete_card(account(&stub.url), &token(), CARD).await.unwrap();
    assert_told(&stub, "/card/delete", &json!({ "card_id": CARD }));
}

#[tokio::test]
async fn the_list_of_testers_is_replaced() {
    let stub = answering(r#"{"errcode":0,"errmsg":"ok","white_list_size":1,"success_openid":["oUSER000000000000000000000AA"]}"#).await;

    let heard = client().set_test_list(account(&stub.url), &token(), &[OPEN_ID], &["name"]).await;

    let body = json!({ "openid": [OPEN_ID], "username": ["name"] });
    assert_told(&stub, "/card/testwhitelist/set", &body);
    assert!(!heard.unwrap().answer.as_str().contains(OPEN_ID));
    let many = [OPEN_ID; 11];
    let nobody = Stub::answering([]).await;
    let error = client().set_test_list(account(&nobody.url), &token(), &many, &[]).await;
    assert!(error.is_err() && nobody.heard().is_empty());
}

fn page(ids: &[String], total: usize) -> Scripted {
    let body = json!({ "errcode": 0, "errmsg": "ok", "card_id_list": ids, "total_num": total });
    answer(200, &body.to_string())
}

#[tokio::test]
async fn cards_are_listed_to_the_end_each_once() {
    let ids: Vec<String> = (0..57).map(|number| format!("p{number}")).collect();
    let stub = Stub::answering([page(&ids[..50], 57), page(&ids[49..], 57)]).await;
    let states = [CardStatus::Passed, CardStatus::Dispatched];

    let heard = client().list_all_cards(account(&stub.url), &token(), &states).await.unwrap();

    assert_eq!((heard.value.items, heard.value.complete), (ids, true));
    let asked: Vec<Value> =
        stub.heard().iter().map(|asked| serde_json::from_slice(&asked.body).unwrap()).collect();
    let states = json!(["CARD_STATUS_VERIFY_OK", "CARD_STATUS_DISPATCH"]);
    assert_eq!(asked[0], json!({ "offset": 0, "count": 50, "status_list": states }));
    assert_eq!(asked[1]["offset"], 50);
}

#[tokio::test]
async fn a_list_that_ends_early_is_not_complete() {
    let ids: Vec<String> = (0..3).map(|number| format!("p{number}")).collect();
    let stub = Stub::answering([page(&ids, 5), page(&[], 5)]).await;

    let heard = client().list_all_cards(account(&stub.url), &token(), &[]).await.unwrap();

    assert_eq!((heard.value.items.len(), heard.value.complete), (3, false));
    let asked: Value = serde_json::from_slice(&stub.heard()[0].body).unwrap();
    assert_eq!(asked, json!({ "offset": 0, "count": 50 }));
    let none = answering(r#"{"errcode":0,"errmsg":"ok","total_num":0}"#).await;
    let heard = client().list_all_cards(account(&none.url), &token(), &[]).await.unwrap();
    assert!(heard.value.complete && heard.value.items.is_empty());
}

#[tokio::test]
async fn how_a_code_stands_is_read_from_new_and_old_answers() {
    let new = r#"{"errcode":0,"errmsg":"ok","card":{"card_id":"pSIM0000000000000000000000AA","begin_time":1457452800,"end_time":1463155199,"code":"110201201245"},"openid":"oUSER000000000000000000000AA","can_consume":false,"outer_str":"12b","user_card_status":"GIFTING"}"#;
    let old = r#"{"errcode":0,"errmsg":"ok","openid":"oUSER000000000000000000000AA","card":{"card_id":"pSIM0000000000000000000000AA","begin_time":"1457452800","end_time":"1463155199","code":"110201201245","user_card_status":"GIFTING","can_consume":"false","outer_str":"12b"}}"#;
    for (reply, card_id) in [(new, Some(CARD)), (old, None)] {
        let stub = answering(reply).await;

        let heard = client().get_code(account(&stub.url), &token(), CODE, card_id).await.unwrap();

        let mut body = json!({ "code": CODE, "check_consume": false });
        if let Some(card_id) = card_id {
            body["card_id"] = card_id.into();
        }
        assert_told(&stub, "/card/code/get", &body);
        let state = heard.value;
        assert_eq!((state.status, state.can_consume), (UserCardStatus::Gifting, Some(false)));
        assert_eq!((state.card_id.as_str(), state.openid.as_str()), (CARD, OPEN_ID));
        assert_eq!(state.begin.map(|at| at.timestamp()), Some(1_457_452_800));
        assert_eq!(state.end.map(|at| at.timestamp()), Some(1_463_155_199));
        assert_eq!(state.outer_str.as_deref(), Some("12b"));
        let kept = heard.answer.as_str();
        assert!(!kept.contains(CODE) && !kept.contains(OPEN_ID) && kept.contains("GIFTING"));
    }
}

#[tokio::test]
async fn a_code_is_used_up_made_void_and_replaced() {
    let stub = answering(r#"{"errcode":0,"errmsg":"ok","card":{"card_id":"pSIM0000000000000000000000AA"},"openid":"oUSER000000000000000000000AA"}"#).await;
    let heard =
        client().consume_code(account(&stub.url), &token(), CODE, Some(CARD)).await.unwrap();
    assert_told(&stub, "/card/code/consume", &json!({ "code": CODE, "card_id": CARD }));
    assert_eq!((heard.value.openid.as_str(), heard.value.card_id.as_str()), (OPEN_ID, CARD));

    let stub = answering(OK).await;
    client().void_code(account(&stub.url), &token(), CODE, None, "退款").await.unwrap();
    assert_told(&stub, "/card/code/unavailable", &json!({ "code": CODE, "reason": "退款" }));

    let stub = answering(OK).await;
    client().replace_code(account(&stub.url), &token(), CARD, CODE, "NEW-1").await.unwrap();
    let body = json!({ "code": CODE, "card_id": CARD, "new_code": "NEW-1" });
    assert_told(&stub, "/card/code/update", &body);
}

#[tokio::test]
async fn an_encrypted_code_is_mended_before_it_is_read() {
    for told in [ENCRYPTED.to_owned(), ENCRYPTED.replace('+', " ")] {
        let stub = answering(r#"{"errcode":0,"errmsg":"ok","code":"751234212312"}"#).await;

        let heard = client().decrypt_code(account(&stub.url), &token(), &told).await.unwrap();

        assert_told(&stub, "/card/code/decrypt", &json!({ "encrypt_code": ENCRYPTED }));
        assert_eq!(heard.value, "751234212312");
        assert!(!heard.answer.as_str().contains("7512"));
    }
}

#[tokio::test]
async fn codes_are_deposited_counted_and_checked() {
    let codes = ["11111", "22222", "33333"];
    let stub = answering(r#"{"errcode":0,"errmsg":"ok","succ_code":["11111"],"duplicate_code":[22222],"fail_code":["33333"]}"#).await;
    let heard = client().deposit_codes(account(&stub.url), &token(), CARD, &codes).await.unwrap();
    assert_told(&stub, "/card/code/deposit", &json!({ "card_id": CARD, "code": codes }));
    assert_eq!(heard.value.new, ["11111"]);
    assert_eq!(
        (heard.value.duplicate, heard.value.failed),
        (vec!["22222".to_owned()], vec!["33333".to_owned()])
    );
    assert!(codes.iter().all(|code| !heard.answer.as_str().contains(code)));

    let stub = answering(r#"{"errcode":0,"errmsg":"ok","count":123}"#).await;
    let heard = client().count_deposited(account(&stub.url), &token(), CARD).await.unwrap();
    assert_told(&stub, "/card/code/getdepositcount", &json!({ "card_id": CARD }));
    assert_eq!(heard.value, 123);

    let stub = answering(
        r#"{"errcode":0,"errmsg":"ok","exist_code":["11111","22222"],"not_exist_code":["33333"]}"#,
    )
    .await;
    let heard = client().check_codes(account(&stub.url), &token(), CARD, &codes).await.unwrap();
    assert_told(&stub, "/card/code/checkcode", &json!({ "card_id": CARD, "code": codes }));
    assert_eq!((heard.value.there.len(), heard.value.missing), (2, vec!["33333".to_owned()]));

    let nobody = Stub::answering([]).await;
    let many = vec!["1"; 101];
    for codes in [&[][..], &many, &[""]] {
        assert!(client().deposit_codes(account(&nobody.url), &token(), CARD, codes).await.is_err());
        assert!(client().check_codes(account(&nobody.url), &token(), CARD, codes).await.is_err());
    }
    assert!(nobody.heard().is_empty());
}

#[tokio::test]
async fn what_lies_in_a_wallet_is_listed() {
    let stub = answering(r#"{"errcode":0,"errmsg":"ok","card_list":[{"code":"736052543512","card_id":"pSIM0000000000000000000000AA"}],"has_share_card":false}"#).await;

    let heard =
        client().list_user_cards(account(&stub.url), &token(), OPEN_ID, None).await.unwrap();

    assert_told(&stub, "/card/user/getcardlist", &json!({ "openid": OPEN_ID }));
    assert_eq!(
        (heard.value[0].code.as_str(), heard.value[0].card_id.as_str()),
        ("736052543512", CARD)
    );
    assert!(!format!("{heard:?}").contains("7360"));
}

#[tokio::test]
async fn a_picture_to_scan_is_made_for_one_card_or_for_several() {
    let reply = r#"{"errcode":0,"errmsg":"ok","ticket":"gQHB8D==","expire_seconds":1800,"url":"http://weixin.qq.com/q/BHWya_zlfioH6fXeL16o "}"#;
    let card = QrCard { card_id: CARD, code: None, outer_str: Some("12b") };
    let stub = answering(reply).await;
    let one =
        NewQr::One { card, open_id: None, unique: false, lasts: Some(TimeDelta::minutes(30)) };

    let heard = client().create_qr(account(&stub.url), &token(), one).await.unwrap();

    let told = json!({ "card_id": CARD, "is_unique_code": false, "outer_str": "12b" });
    let body = json!({ "action_name": "QR_CARD", "expire_seconds": 1800, "action_info": { "card": told } });
    assert_told(&stub, "/card/qrcode/create", &body);
    // A blank at its end is a slip, and a ticket is no address by itself.
    assert_eq!(heard.value.url, "http://weixin.qq.com/q/BHWya_zlfioH6fXeL16o");
    assert_eq!(
        heard.value.picture_url,
        "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=gQHB8D%3D%3D"
    );
    assert_eq!(heard.value.lasts, Some(TimeDelta::minutes(30)));

    let stub = answering(reply).await;
    client().create_qr(account(&stub.url), &token(), NewQr::Several(&[card])).await.unwrap();
    let list = json!([{ "card_id": CARD, "outer_str": "12b" }]);
    let action = json!({ "multiple_card": { "card_list": list } });
    let body = json!({ "action_name": "QR_MULTIPLE_CARD", "action_info": action });
    assert_told(&stub, "/card/qrcode/create", &body);
}

#[tokio::test]
async fn a_picture_is_uploaded_under_its_name() {
    let stub = answering(r#"{"url":"http:\/\/mmbiz.qpic.cn\/mmbiz\/x\/0"}"#).await;
    let image = Image::read(bytes::Bytes::from_static(b"\x89PNG\r\n\x1a\npixels")).unwrap();

    let heard = client().upload_image(account(&stub.url), &token(), &image).await.unwrap();

    let asked = stub.heard_one();
    assert_line(&asked, "POST", &format!("/cgi-bin/media/uploadimg?access_token={TOKEN}"));
    let body = String::from_utf8_lossy(&asked.body);
    assert!(body.contains(r#"name="media"; filename="picture.png""#), "{body}");
    assert!(body.contains("Content-Type: image/png"));
    assert_eq!(heard.value, "http://mmbiz.qpic.cn/mmbiz/x/0");
}

#[tokio::test]
async fn figures_are_read_without_an_errcode() {
    let day = NaiveDate::from_ymd_opt(2015, 6, 23).unwrap();
    let reply = r#"{"list":[{"ref_date":"2015-06-23","card_id":"pSIM0000000000000000000000AA","card_type":3,"is_pay":0,"view_cnt":5,"view_user":4,"receive_cnt":3,"receive_user":2,"verify_cnt":1,"verify_user":1,"given_cnt":0,"given_user":0,"expire_cnt":0,"expire_user":0,"view_friends_cnt":9}]}"#;
    let span = json!({ "begin_date": "2015-06-23", "end_date": "2015-06-23", "cond_source": 1 });

    let stub = answering(reply).await;
    let heard = client().account_figures(account(&stub.url), &token(), (day, day)).await.unwrap();
    assert_told(&stub, "/datacube/getcardbizuininfo", &span);
    let row = &heard.value[0];
    assert_eq!((row.ref_date, row.view_cnt, row.receive_cnt, row.verify_cnt), (day, 5, 3, 1));

    let stub = answering(reply).await;
    let heard = client().card_figures(account(&stub.url), &token(), (day, day), Some(CARD)).await;
    let mut body = span;
    body["card_id"] = CARD.into();
    assert_told(&stub, "/datacube/getcardcardinfo", &body);
    assert_eq!(heard.unwrap().value[0].card_id.as_deref(), Some(CARD));
}

#[tokio::test]
async fn the_addresses_of_pushes_are_read() {
    let stub = answering(r#"{"ip_list":["127.0.0.1","101.226.62.0/26","x"]}"#).await;

    let heard = client().callback_ips(account(&stub.url), &token()).await.unwrap();

    assert_line(&stub.heard_one(), "GET", &format!("/cgi-bin/getcallbackip?access_token={TOKEN}"));
    let read: Vec<_> = heard.value.iter().map(ToString::to_string).collect();
    assert_eq!(read, ["127.0.0.1/32", "101.226.62.0/26"]);
}
