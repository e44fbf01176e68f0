//! The envelope of the zvcms protocol: what goes in comes out the same in every form, and what is told has three shapes.

use kaquan::app::App;
use serde_json::{Value, json};

use crate::support::{
    admin::{Admin, noon},
    test_app::config,
    zvcms::{
        FORM, GRANT, Held, JSON, LIST, Letter, OPEN_ID, PATH, SECRET, Shop, plant_client,
        plant_grant,
    },
};

fn form(letter: &Letter, params: impl Fn(&Value) -> Vec<(String, String)>) -> String {
    let mut pairs = Vec::new();
    for (name, value) in &letter.0 {
        match name.as_str() {
            "Params" => pairs.extend(params(value)),
            _ => pairs.push((name.clone(), value.as_str().unwrap().to_owned())),
        }
    }
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn as_text(params: &Value) -> Vec<(String, String)> {
    vec![("Params".to_owned(), params.to_string())]
}

fn in_brackets(params: &Value) -> Vec<(String, String)> {
    let members = params.as_object().unwrap().iter();
    members.map(|(n, v)| (format!("Params[{n}]"), v.as_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn an_answer_has_one_of_three_shapes() {
    let shop = Shop::open().await;

    let success = shop.ask(LIST, json!({ "user_id": "1001" })).await;
    let business = shop.ask("coupon.user-coupon-info", json!({ "id": "1" })).await;
    let system = shop.send(&shop.letter(LIST, json!({})).signed("another secret")).await;

    assert_eq!(
        success.0,
        r#"{"status":true,"code":0,"message":"操作成功","data":{"item_list":[]}}"#
    );
    assert_eq!(business.0, r#"{"status":true,"code":20002,"message":"查询的信息不存在"}"#);
    assert_eq!(system.0, r#"{"status":false,"code":10004,"message":"签名错误"}"#);
}

#[tokio::test]
async fn json_a_form_with_json_and_a_form_with_brackets_are_answered_alike() {
    let shop = Shop::open().await;
    shop.member("1001", json!({})).await;
    let coupon = shop.coupon("1001", json!({})).await;
    let letter = || {
        let params = json!({ "user_id": "1001", "shopping": "0", "expire": "canuse" });
        shop.letter(LIST, params).signed(SECRET)
    };
    let text = |letter: Letter| {
        let params = letter.0["Params"].to_string();
        Value::Object(letter.with("Params", params).0).to_string()
    };
    let parts = |letter: &Letter| {
        let part = |(name, value): (&String, &Value)| {
            let value = value.as_str().map_or(value.to_string(), str::to_owned);
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        letter.0.iter().map(part).collect::<String>() + "--x--\r\n"
    };

    let answers = [
        shop.send(&letter()).await,
        shop.post("", Value::Object(letter().0).to_string()).await,
        shop.post(JSON, text(letter())).await,
        shop.post(FORM, form(&letter(), as_text)).await,
        shop.post(FORM, form(&letter(), in_brackets)).await,
        shop.post("", form(&letter(), in_brackets)).await,
        shop.post("multipart/form-data; boundary=x", parts(&letter())).await,
    ];

    assert_eq!(answers[0].done()["item_list"], json!([coupon]));
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
}

#[tokio::test]
async fn no_parameters_are_an_empty_list_to_php() {
    let shop = Shop::open().await;

    for params in [json!([]), json!({}), json!("[]"), json!("{}")] {
        let letter = shop.letter(LIST, params);

        let heard = shop.send(&letter.signed(SECRET)).await;

        heard.failed(20_003, "会员不存在");
    }
}

#[tokio::test]
async fn a_token_is_taken_raw_and_encoded_and_with_a_plus_that_a_form_has_eaten() {
    let shop = Shop::open().await;
    // With a `+` in it, which is what gets lost.
    let letter = || loop {
        let letter = shop.letter(LIST, json!({ "user_id": "1001" })).signed(SECRET);
        if letter.0["Token"].as_str().unwrap().contains('+') {
            return letter;
        }
    };
    let encoded = |letter: Letter| {
        let token = letter.0["Token"].as_str().unwrap().to_owned();
        let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
        letter.with("Token", token)
    };

    let in_json = [shop.send(&letter()).await, shop.send(&encoded(letter())).await];
    let well = form(&letter(), as_text);
    let twice = form(&encoded(letter()), as_text);
    let eaten = form(&letter(), as_text).replace("%2B", "+");
    let mut in_forms = Vec::new();
    for body in [well, twice, eaten] {
        in_forms.push(shop.post(FORM, body).await);
    }

    for heard in in_json.iter().chain(&in_forms) {
        heard.done();
    }
}

#[tokio::test]
async fn a_stringly_client_hears_texts() {
    let shop = Shop::with(json!({ "stringly": true }), Held::default()).await;
    shop.member("1001", json!({})).await;
    let template = shop.template(json!({}), 1).await;

    let given = shop.receive("1001", template, "no-1").await.body();
    let refused = shop.receive("1001", template, "no-2").await;

    assert_eq!((&given["status"], &given["code"]), (&json!("true"), &json!("0")));
    let item = &given["data"];
    assert_eq!((&item["status"], &item["is_lock"]), (&json!("0"), &json!("1")));
    assert_eq!(item["coupon"]["id"], json!(template.to_string()));
    assert_eq!(item["coupon"]["min_amount_use"], "10000");
    assert_eq!(refused.0, r#"{"status":true,"code":"20106","message":"优惠券已经领取"}"#);
}

#[tokio::test]
async fn a_body_that_is_too_long_is_not_read() {
    let shop = Shop::open().await;

    let long = shop.post(JSON, format!("{{\"OpenId\":\"{}\"}}", "x".repeat(64 * 1024))).await;

    long.failed(10_001, "请求格式错误");
}

#[tokio::test]
async fn a_whole_server_answers_at_the_address_of_its_settings() {
    let admin = Admin::new().await;
    let client = plant_client(admin.db(), OPEN_ID, json!({})).await;
    plant_grant(admin.db(), client, GRANT, Held::default()).await;
    let config = config(([127, 0, 0, 1], 0).into());
    let server = App::start(&config, &admin.database.options, admin.clock.clone()).await.unwrap();
    let letter = json!({
        "OpenId": OPEN_ID, "GrantCode": GRANT, "Nonce": "5", "Action": LIST,
        "Timestamp": noon().timestamp().to_string(), "Params": { "user_id": "1001" },
    });
    let letter = Letter(letter.as_object().unwrap().clone()).signed(SECRET);
    let url = format!("http://{}{PATH}", server.address);

    let reply = reqwest::Client::builder().build().unwrap();
    let reply = reply.post(url).body(Value::Object(letter.0).to_string()).send().await.unwrap();

    assert_eq!(reply.status(), 200);
    assert_eq!(reply.headers()["content-type"], "application/json; charset=utf-8");
    assert!(reply.headers().contains_key("x-request-id"));
    let body = reply.text().await.unwrap();
    assert!(body.contains(r#""code":0"#), "{body}");
    server.stop().await;
}
