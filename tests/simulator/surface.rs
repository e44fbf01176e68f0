//! The platform's own calls: what is right passes, and each departure has its number.

use kaquan::simulator::app::AppSeed;
use kaquan::simulator::fault::CallFault;
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::{NOW, Stage, json as read};

const NOWHERE: &str = "http://127.0.0.1:9/callback";

#[tokio::test]
async fn a_template_is_created_and_shown_as_documented() {
    let stage = Stage::set().await;

    let created = stage.create(&Stage::terms(NOWHERE)).await;
    let listed = stage.list(&[("couponType", "2"), ("page", "0"), ("pageSize", "20")]).await;

    let template = json!({
        "id": 23_830_866, "appId": 10_000_001, "bgColor": "B010", "couponType": 2,
        "title": "京东618满199减100券", "description": "", "effectTime": NOW,
        "expireTime": NOW + 86_400, "introduce": "说明", "sill": "满199元可用",
        "takeLimit": "每人限领一张", "createTime": NOW, "updateTime": NOW, "deleted": 0,
    });
    assert_eq!(created, json!({ "data": template, "errno": 0, "msg": "" }));
    let mut in_list = template;
    in_list["bgColor"] = json!("#9857AE");
    let data = json!({ "dataList": [in_list], "pageNo": 0, "total": 1 });
    assert_eq!(listed, json!({ "data": data, "errno": 0, "msg": "" }));
    assert!(stage.simulator.report().is_clean());
}

#[tokio::test]
async fn each_wrong_parameter_has_its_errno() {
    let stage = Stage::set().await;
    let eleven = "券".repeat(11);
    let milliseconds = format!("{NOW}000");
    let cases = [
        ("bgColor", "", 40001),
        ("bgColor", "B180", 40001),
        ("bgColor", "B10", 40001),
        ("couponType", "two", 41000),
        ("couponType", "6", 40001),
        ("title", &eleven, 40001),
        ("title", "123456789012345678901", 40001),
        ("effectTime", "soon", 41000),
        ("effectTime", "1.5", 41000),
        ("expireTime", &milliseconds, 40001),
        ("expireTime", "1", 40001),
        ("introduce", "", 40001),
        ("sill", "", 40001),
        ("takeLimit", "", 40001),
        ("callbackUrl", "/test", 40001),
        ("callbackUrl", "ftp://127.0.0.1/", 40001),
        ("callbackUrl", "http://10.1.2.3/", 40001),
    ];

    for (name, value, errno) in cases {
        let mut terms = Stage::terms(NOWHERE);
        for (known, good) in &mut terms {
            if *known == name {
                value.clone_into(good);
            }
        }
        let body = stage.create(&terms).await;

        assert_eq!(body["errno"], errno, "{name}={value}: {body}");
        assert!(body["data"].is_null());
    }
    assert!(stage.simulator.templates().is_empty());
}

#[tokio::test]
async fn flat_counting_is_a_switch() {
    let stage = Stage::with(|switches| switches.count_chars_flat = true).await;

    let body = stage.create(&Stage::terms(NOWHERE)).await;

    assert_eq!(body["errno"], 40001);
}

#[tokio::test]
async fn paths_methods_and_repeated_names_are_refused() {
    let stage = Stage::set().await;
    let token = &stage.token;
    let add = "/rest/2.0/smartapp/coupon/addStock";
    let list = "/rest/2.0/smartapp/coupon/list";
    let cases = [
        (Method::GET, "/rest/2.0/smartapp/coupon/no".to_owned(), json!({ "error_code": 3 })),
        (Method::POST, format!("{list}?access_token={token}"), json!({ "errno": 501 })),
        (Method::GET, format!("{add}?access_token={token}"), json!({ "errno": "501" })),
        (
            Method::GET,
            format!("{list}?access_token={token}&page=0&page=0"),
            json!({ "errno": 40001 }),
        ),
        (Method::GET, format!("{list}?access_token={token}&page=%zz"), json!({ "errno": 40001 })),
        (Method::GET, format!("{list}?access_token={token}&shop=1"), json!({ "errno": 40001 })),
        (Method::POST, format!("{add}?access_token={token}"), json!({ "errno": "40001" })),
    ];

    for (method, path, expected) in cases {
        let reply = stage.client.request(method, stage.url(&path)).send().await.unwrap();

        let body = read(reply).await;
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(body[name], *value, "{path}: {body}");
        }
    }
    let report = stage.simulator.report();
    assert_eq!(report.unknown_paths["/rest/2.0/smartapp/coupon/no"], 1);
    assert_eq!(report.undocumented["list.shop"], 1);
}

#[tokio::test]
async fn a_request_line_over_sixteen_kib_and_a_body_over_one_mib_are_refused() {
    let stage = Stage::set().await;
    let long = "a".repeat(16 * 1024);
    let path = format!("/rest/2.0/smartapp/coupon/list?access_token={}&x={long}", stage.token);
    let reply = stage.client.get(stage.url(&path)).send().await.unwrap();
    assert_eq!(reply.status(), 414);

    let large = "a".repeat(1024 * 1024);
    let body = stage.add_stock(&[("stockName", &large)]).await;
    assert_eq!(body["errno"], "40006");
}

#[tokio::test]
async fn the_libraries_own_marks_are_ignored_and_counted() {
    let stage = Stage::set().await;

    let body = stage.list(&[("sp_sdk_ver", "0.1.2"), ("sp_sdk_lang", "Go")]).await;

    assert_eq!(body["errno"], 0);
    assert_eq!(stage.simulator.report().undocumented["list.sp_sdk_ver"], 1);
}

#[tokio::test]
async fn what_is_tolerated_is_counted_when_not_strict() {
    let stage = Stage::with(|switches| switches.strict = false).await;
    let mut terms = Stage::terms("/test");
    terms[0].1 = "B10".to_owned();
    terms.push(("shop", "1".to_owned()));

    let body = stage.create(&terms).await;

    assert_eq!(body["data"]["bgColor"], "B010");
    let report = stage.simulator.report();
    assert_eq!(report.deviations["sloppy colour"], 1);
    assert_eq!(report.deviations["callbackUrl is not absolute"], 1);
    assert_eq!(report.undocumented["create.shop"], 1);
}

#[tokio::test]
async fn a_named_addition_counts_once() {
    let stage = Stage::set().await;
    let id = stage.template(NOWHERE).await;
    let (template, other) = (id.to_string(), stage.template(NOWHERE).await.to_string());
    let add = async |template: &str, stock: &str, time: &str| {
        let form = [
            ("couponTemplateId", template),
            ("stockName", "prod-1"),
            ("stock", stock),
            ("createTime", time),
        ];
        stage.add_stock(&form).await
    };
    let success = json!({ "errno": "0", "msg": "success" });

    assert_eq!(add(&template, "1000", "1574952776").await, success);
    assert_eq!(add(&template, "1000", "1574952999").await, success);
    assert_eq!(add(&template, "999", "1574952776").await["errno"], "40000");
    assert_eq!(add(&other, "1000", "1574952776").await["errno"], "40000");

    assert_eq!(stage.stock(id), 1000);
}

#[tokio::test]
async fn stock_is_added_to_ones_own_template_only() {
    let stage = Stage::set().await;
    let template = stage.template(NOWHERE).await.to_string();
    let mut other = Stage::set().await;
    let app = stage.simulator.put_app(AppSeed::default());
    let query = [
        ("grant_type", "client_credentials"),
        ("client_id", app.app_key.as_str()),
        ("client_secret", &app.app_secret),
        ("scope", "smartapp_snsapi_base"),
    ];
    let reply = stage.client.post(stage.url("/oauth/2.0/token")).form(&query).send().await;
    let body: Value = reply.unwrap().json().await.unwrap();
    body["access_token"].as_str().unwrap().clone_into(&mut other.token);
    other.simulator = stage.simulator;
    let form = |id| {
        [("couponTemplateId", id), ("stockName", "n"), ("stock", "1"), ("createTime", "1574952776")]
    };

    assert_eq!(other.add_stock(&form(&template)).await["errno"], "70001");
    assert_eq!(other.add_stock(&form("1")).await["errno"], "70001");
    assert_eq!(other.add_stock(&form("x")).await["errno"], "41000");
    assert_eq!(other.list(&[]).await["data"]["total"], 0);
}

#[tokio::test]
async fn json_on_a_form_endpoint_needs_the_switch() {
    for accepted in [false, true] {
        let stage = Stage::with(|switches| switches.json_on_form_endpoints = accepted).await;
        let id = stage.template(NOWHERE).await;
        let url = stage.url("/rest/2.0/smartapp/coupon/addStock");
        let body = json!({
            "couponTemplateId": id, "stockName": "n", "stock": 5, "createTime": NOW,
        });

        let token = [("access_token", &stage.token)];
        let reply = stage.client.post(url).query(&token).json(&body).send().await.unwrap();

        let expected = if accepted { "0" } else { "40001" };
        assert_eq!(read(reply).await["errno"], expected);
        assert!(!stage.simulator.report().is_clean());
    }
}

#[tokio::test]
async fn what_belongs_into_the_form_is_refused_in_the_query() {
    let stage = Stage::set().await;
    let id = stage.template(NOWHERE).await.to_string();
    let url = stage.url("/rest/2.0/smartapp/coupon/addStock");
    let query = [("access_token", stage.token.as_str()), ("couponTemplateId", &id)];
    let form = [("stockName", "n"), ("stock", "1"), ("createTime", "1574952776")];

    let reply = stage.client.post(url).query(&query).form(&form).send().await.unwrap();

    assert_eq!(read(reply).await["errno"], "40001");
    let report = stage.simulator.report();
    assert_eq!(report.deviations["parameters of a form in the query"], 1);
}

#[tokio::test]
async fn a_form_in_place_of_the_query_needs_the_switch() {
    for accepted in [false, true] {
        let stage = Stage::with(|switches| switches.accept_form_for_query_params = accepted).await;
        let url = stage.url("/rest/2.0/smartapp/coupon/create");
        let token = [("access_token", &stage.token)];
        let terms = Stage::terms(NOWHERE);

        let reply = stage.client.post(url).query(&token).form(&terms).send().await.unwrap();

        assert_eq!(read(reply).await["errno"], if accepted { 0 } else { 40001 });
        assert!(!stage.simulator.report().is_clean());
    }
}

#[tokio::test]
async fn a_call_may_take_effect_though_its_answer_never_comes() {
    let stage = Stage::set().await;
    let id = stage.template(NOWHERE).await;
    stage.simulator.next_call(CallFault::HangUpAfterAccepting);

    let url = stage.url("/rest/2.0/smartapp/coupon/addStock");
    let form = [
        ("couponTemplateId", id.to_string()),
        ("stockName", "n".to_owned()),
        ("stock", "7".to_owned()),
        ("createTime", NOW.to_string()),
    ];
    let token = [("access_token", &stage.token)];
    let reply = stage.client.post(url).query(&token).form(&form).send().await;
    let whole = async { reply?.bytes().await }.await;

    assert!(whole.is_err());
    assert_eq!(stage.stock(id), 7);
}

#[tokio::test]
async fn a_busy_platform_says_so_once() {
    let stage = Stage::set().await;
    stage.simulator.next_call(CallFault::Unavailable);
    stage.simulator.next_call(CallFault::TooFast);

    assert_eq!(stage.list(&[]).await["error_code"], 2);
    assert_eq!(stage.list(&[]).await["error_code"], 18);
    assert_eq!(stage.list(&[]).await["errno"], 0);
}
