//! WeChat's doors: tokens, tickets, logins, uploads, the order of checks, faults, and the control surface.

use chrono::TimeDelta;
use kaquan::simulator::wechat::aim::CallAim;
use kaquan::simulator::wechat::app::{AppSeed, DEFAULT_MP, DEFAULT_OA, DEFAULT_SECRET};
use kaquan::simulator::wechat::effects::{EffectKind, Identity};
use kaquan::simulator::wechat::fault::CallFault;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::wechat_stage::{WechatStage, text};

async fn basic(stage: &WechatStage, appid: &str, secret: &str) -> Value {
    let query = [("grant_type", "client_credential"), ("appid", appid), ("secret", secret)];
    let sent = stage.client.get(stage.url("/cgi-bin/token")).query(&query).send().await;
    sent.unwrap().json().await.unwrap()
}

async fn errcode(stage: &WechatStage, token: &str) -> Value {
    let url = stage.url(&format!("/card/batchget?access_token={token}"));
    let body = json!({ "offset": 0, "count": 1 }).to_string();
    let reply: Value =
        stage.client.post(url).body(body).send().await.unwrap().json().await.unwrap();
    reply["errcode"].clone()
}

#[tokio::test]
async fn the_two_kinds_of_tokens_live_apart() {
    let stage = WechatStage::set().await;
    let first = text(&basic(&stage, DEFAULT_OA, DEFAULT_SECRET).await["access_token"]);

    let second = text(&basic(&stage, DEFAULT_OA, DEFAULT_SECRET).await["access_token"]);

    assert_ne!(first, second);
    assert_eq!(errcode(&stage, &first).await, 0);
    stage.simulator.advance(TimeDelta::minutes(5));
    assert_eq!(errcode(&stage, &first).await, 40001);
    assert_eq!(errcode(&stage, &second).await, 0);
    let again = stage.fresh_token().await;
    assert_eq!(again, json!({ "access_token": stage.token, "expires_in": 6900 }));
    stage.simulator.advance(TimeDelta::minutes(111));
    let renewed = text(&stage.fresh_token().await["access_token"]);
    assert_ne!(renewed, stage.token);
    assert_eq!(errcode(&stage, &stage.token).await, 0);
    stage.simulator.advance(TimeDelta::minutes(5));
    assert_eq!(errcode(&stage, &stage.token).await, 42001);
    let forced = text(&stage.stable(&json!({ "force_refresh": true })).await["access_token"]);
    assert_eq!(errcode(&stage, &renewed).await, 40001);
    let too_soon = stage.stable(&json!({ "force_refresh": true })).await;
    assert_eq!(text(&too_soon["access_token"]), forced);
}

#[tokio::test]
async fn a_token_is_for_those_who_prove_themselves() {
    let stage = WechatStage::set().await;
    let fenced = AppSeed { ip_allow_list: vec!["10.0.0.1".to_owned()], ..AppSeed::default() };
    let fenced = stage.simulator.put_app(fenced).unwrap();

    assert_eq!(basic(&stage, "wxnobody", "s").await["errcode"], 40013);
    assert_eq!(basic(&stage, DEFAULT_OA, "s").await["errcode"], 40125);
    assert_eq!(basic(&stage, "", "s").await["errcode"], 41002);
    assert_eq!(basic(&stage, DEFAULT_OA, "").await["errcode"], 41004);
    let away = basic(&stage, &fenced.appid, &fenced.secret).await;
    assert_eq!(away["errcode"], 40164);
    assert!(
        text(&away["errmsg"]).starts_with("invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in")
    );
    let mini = text(&basic(&stage, DEFAULT_MP, DEFAULT_SECRET).await["access_token"]);
    assert_eq!(errcode(&stage, &mini).await, 40001);
    let poor = AppSeed { card_capability: false, ..AppSeed::default() };
    let poor = stage.simulator.put_app(poor).unwrap();
    let token = text(&basic(&stage, &poor.appid, &poor.secret).await["access_token"]);
    assert_eq!(errcode(&stage, &token).await, 48001);
}

#[tokio::test]
async fn checks_come_in_wechats_order() {
    let stage = WechatStage::set().await;
    let token = &stage.token;
    let cases = [
        (Method::POST, "/card/get".to_owned(), "{}", 41001),
        (Method::GET, "/card/get?access_token=x".to_owned(), "", 40001),
        (Method::GET, format!("/card/get?access_token={token}"), "", 43002),
        (Method::POST, format!("/cgi-bin/ticket/getticket?access_token={token}"), "{}", 43001),
        (Method::POST, format!("/card/get?access_token={token}"), "", 44002),
        (Method::POST, format!("/card/get?access_token={token}"), "[]", 47001),
        (Method::POST, format!("/card/get?access_token={token}"), r#"{"card_id":"\u4e00"}"#, 47001),
        (Method::POST, format!("/card/get?access_token={token}"), "{}", 41012),
        (Method::POST, format!("/card/get?access_token={token}"), r#"{"card_id":7}"#, 47001),
        (Method::POST, format!("/card/get?access_token={token}"), r#"{"card_id":"p"}"#, 40073),
        (Method::GET, "/cgi-bin/stable_token".to_owned(), "", 43002),
    ];

    for (method, path, body, expected) in cases {
        let sent = stage.client.request(method, stage.url(&path)).body(body).send().await.unwrap();
        let reply: Value = sent.json().await.unwrap();

        assert_eq!(reply["errcode"], expected, "{path} {body}: {reply}");
    }
    let missing = stage.client.post(stage.url("/card/membercard/activate")).send().await.unwrap();
    assert_eq!(missing.status(), 404);
    assert_eq!(stage.simulator.report().unknown_paths["/card/membercard/activate"], 1);
    let journal = serde_json::to_string(&stage.simulator.journal()).unwrap();
    for secret in [token, &stage.ticket, &DEFAULT_SECRET.to_owned()] {
        assert!(!journal.contains(secret.as_str()));
    }
}

#[tokio::test]
async fn a_ticket_stays_the_same_until_it_is_over() {
    let stage = WechatStage::set().await;
    let ask = async || text(&stage.get("/cgi-bin/ticket/getticket?type=wx_card").await["ticket"]);

    assert_eq!(ask().await, stage.ticket);
    stage.simulator.rotate_tickets(Some(DEFAULT_OA));
    assert_ne!(ask().await, stage.ticket);
    let other = stage.get("/cgi-bin/ticket/getticket?type=song").await;
    assert_eq!(other["errcode"], 40097);
    let ticket = Identity {
        kind: EffectKind::Ticket,
        appid: DEFAULT_OA.to_owned(),
        name: DEFAULT_OA.to_owned(),
    };
    assert_eq!(stage.simulator.effects()[&ticket].applied, 3);
}

#[tokio::test]
async fn a_login_code_is_good_once_and_for_five_minutes() {
    let stage = WechatStage::set().await;
    let login = async |code: &str| {
        let query = [
            ("appid", DEFAULT_MP),
            ("secret", DEFAULT_SECRET),
            ("js_code", code),
            ("grant_type", "authorization_code"),
        ];
        let url = stage.url("/sns/jscode2session");
        let sent = stage.client.get(url).query(&query).send().await.unwrap();
        sent.json::<Value>().await.unwrap()
    };
    let code = stage.simulator.login_code(DEFAULT_MP, "小明").unwrap();

    let session = login(&code).await;

    let person = stage.simulator.person("小明").unwrap();
    assert_eq!(session["openid"], person.open_ids[DEFAULT_MP]);
    assert_ne!(session["openid"], person.open_ids[DEFAULT_OA]);
    assert_eq!(session["unionid"], person.union_ids["sim"]);
    assert_eq!(text(&session["session_key"]).len(), 24);
    assert_eq!(login(&code).await["errcode"], 40029);
    let late = stage.simulator.login_code(DEFAULT_MP, "小明").unwrap();
    stage.simulator.advance(TimeDelta::minutes(5));
    assert_eq!(login(&late).await["errcode"], 40029);
    stage.simulator.set_risky("小红", true);
    let risky = stage.simulator.login_code(DEFAULT_MP, "小红").unwrap();
    assert_eq!(login(&risky).await["errcode"], 40226);
    assert_eq!(login("").await["errcode"], 41008);
    assert!(stage.simulator.login_code(DEFAULT_OA, "小明").is_err());
}

#[tokio::test]
async fn a_picture_gets_an_address_on_the_cdn() {
    let stage = WechatStage::set().await;
    let send = async |bytes: Vec<u8>| {
        let url = stage.url(&format!("/cgi-bin/media/uploadimg?access_token={}", stage.token));
        let form = Form::new().part("media", Part::bytes(bytes).file_name("a.png"));
        let sent = stage.client.post(url).multipart(form).send().await.unwrap();
        sent.json::<Value>().await.unwrap()
    };
    let png = |length: usize| [vec![0x89, b'P', b'N', b'G'], vec![0; length]].concat();

    let good = send(png(100)).await;

    assert!(text(&good["url"]).starts_with("http://mmbiz.qpic.cn/mmbiz/"));
    assert!(good.get("errcode").is_none());
    assert_eq!(send(b"GIF89a".to_vec()).await["errcode"], 40005);
    assert_eq!(send(png(1024 * 1024)).await["errcode"], 40009);
}

#[tokio::test]
async fn faults_strike_before_or_after_the_effect() {
    let stage = WechatStage::set().await;
    let card_id = stage.card(&json!({})).await;
    let code = stage.simulator.take("小明", &card_id).unwrap();
    let path = "/card/code/consume";
    let url = stage.url(&format!("{path}?access_token={}", stage.token));
    let aim = |fault| stage.simulator.fault_calls(CallAim::next(1, fault).at(path)).unwrap();
    let body = json!({ "code": code });
    let send = async || stage.client.post(&url).body(body.to_string()).send().await;

    aim(CallFault::Errcode(-1));
    assert_eq!(stage.post(path, &body).await["errcode"], -1);
    aim(CallFault::BadGateway);
    assert_eq!(send().await.unwrap().status(), 502);
    aim(CallFault::HangUp);
    assert!(send().await.is_err());
    aim(CallFault::HangUpAfterAccepting);
    assert!(send().await.is_err());
    let consume = Identity {
        kind: EffectKind::Consume,
        appid: DEFAULT_OA.to_owned(),
        name: format!("{card_id}/{code}"),
    };
    assert_eq!(stage.simulator.effects()[&consume].applied, 1);
    aim(CallFault::ErrcodeAsText);
    assert_eq!(stage.post(path, &body).await["errcode"], "40099");
    aim(CallFault::MissingErrcode);
    assert_eq!(stage.post(path, &body).await, json!({}));
    aim(CallFault::CutJson);
    assert!(send().await.unwrap().json::<Value>().await.is_err());
    aim(CallFault::TokenKilled);
    assert_eq!(stage.post(path, &body).await["errcode"], 40001);
    assert!(stage.simulator.fault_calls(CallAim::next(1, CallFault::HangUp).at("/no")).is_err());
}

#[tokio::test]
async fn the_control_surface_does_what_the_handle_does() {
    let stage = WechatStage::set().await;
    let card_id = stage.card(&json!({})).await;
    let control = async |path: &str, body: Value| {
        let sent = stage.client.post(stage.url(path)).json(&body).send().await.unwrap();
        (sent.status().as_u16(), sent.json::<Value>().await.unwrap())
    };
    let me = |code: &Value| json!({ "person": "小明", "code": code });

    let (_, taken) = control("/__sim/take", json!({ "person": "小明", "card_id": card_id })).await;
    let (_, jump) = control(
        "/__sim/tap",
        json!({ "person": "小明", "code": taken["code"], "entry": "center" }),
    )
    .await;
    assert_eq!(jump["user_name"], "gh_sim000000002@app");
    assert_eq!(control("/__sim/user/gift", me(&taken["code"])).await.0, 200);
    let friend = json!({ "person": "小红", "code": taken["code"] });
    let (_, accepted) = control("/__sim/user/accept", friend).await;
    assert_eq!(stage.simulator.wallet("小红")[0].code, text(&accepted["code"]));
    assert_eq!(control("/__sim/user/delete", me(&taken["code"])).await.0, 404);
    assert_eq!(control("/__sim/user/dance", me(&taken["code"])).await.0, 404);
    let (_, login) =
        control("/__sim/mp/login", json!({ "appid": DEFAULT_MP, "person": "小明" })).await;
    assert_eq!(text(&login["js_code"]).len(), 32);
    let list = json!([{ "cardId": card_id, "cardExt": stage.ext(&card_id, "n1", &json!({})) }]);
    let wish = json!({ "mp_appid": DEFAULT_MP, "person": "小明", "cardList": list });
    let (_, added) = control("/__sim/mp/addCard", wish).await;
    assert_eq!(added["errMsg"], "addCard:ok");
    assert_eq!(added["cardList"][0]["isSuccess"], true);
    assert_eq!(control("/__sim/review", json!({ "card_id": "p", "pass": true })).await.0, 404);
    assert_eq!(
        control("/__sim/clock", json!({ "now": 1_800_000_000 })).await.1["unix"],
        1_800_000_000
    );
    let (_, switched) = control("/__sim/switches", json!({ "profile": "legacy2018" })).await;
    assert_eq!(switched["profile"], "legacy2018");
    let page = stage.client.get(stage.simulator.base_url()).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("微信模拟器") && !page.contains("https://"));
    control("/__sim/reset", json!({})).await;
    assert!(stage.simulator.cards().is_empty() && stage.simulator.journal().is_empty());
}

#[tokio::test]
async fn the_same_seed_makes_the_same_world() {
    let (one, other) = (WechatStage::set().await, WechatStage::set().await);

    let cards = (one.card(&json!({})).await, other.card(&json!({})).await);

    assert_eq!(cards.0, cards.1);
    assert_eq!((&one.token, &one.ticket), (&other.token, &other.ticket));
    assert_eq!(one.simulator.person("小明"), other.simulator.person("小明"));
    let taken = (one.simulator.take("小明", &cards.0), other.simulator.take("小明", &cards.1));
    assert_eq!(taken.0, taken.1);
    assert_eq!(one.simulator.wallets(), other.simulator.wallets());
}
