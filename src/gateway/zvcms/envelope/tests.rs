//! Bodies of every form, and those that are none.

use http::HeaderValue;
use serde_json::{Value, json};

use super::*;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const PARTS: &str = "multipart/form-data; boundary=xx";

async fn parse(content_type: &str, body: impl Into<Bytes>) -> Result<Envelope, Failure> {
    let mut headers = HeaderMap::new();
    if !content_type.is_empty() {
        let value = HeaderValue::from_str(content_type).unwrap();
        headers.insert(header::CONTENT_TYPE, value);
    }
    read(&headers, body.into()).await
}

fn whole() -> Value {
    json!({
        "OpenId": "6dc0", "GrantCode": "782c281f62", "Token": "a+b/c=", "Timestamp": "1547186244",
        "Nonce": "658965", "Action": "coupon.user-coupon-list", "Params": { "user_id": "1001" },
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut body = whole();
    body[name] = value;
    body
}

/// All of it as one text, to be compared.
fn told(envelope: &Envelope) -> String {
    let Envelope { open_id, grant_code, token, timestamp, nonce, action, params, extras } =
        envelope;
    assert!(extras.is_empty(), "{extras:?}");
    let params: Vec<_> = params
        .iter()
        .map(|(name, param)| match param {
            Param::Text(text) => format!("{name}={text}"),
            Param::Nested(value) => format!("{name} nested {value}"),
            Param::Other => format!("{name} other"),
        })
        .collect();
    format!("{open_id} {grant_code} {token} {timestamp} {nonce} {action} {params:?}")
}

const TOLD: &str =
    r#"6dc0 782c281f62 a+b/c= 1547186244 658965 coupon.user-coupon-list ["user_id=1001"]"#;
const FIELDS: &str = "OpenId=6dc0&GrantCode=782c281f62&Token=a%2Bb%2Fc%3D&Timestamp=1547186244&Nonce=658965&Action=coupon.user-coupon-list";

fn in_parts(pairs: &[(&str, &str)]) -> String {
    let part = |(name, value): &(&str, &str)| {
        format!("--xx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    pairs.iter().map(part).collect::<String>() + "--xx--\r\n"
}

#[tokio::test]
async fn every_form_comes_out_the_same() {
    let text = r#"{"user_id":"1001"}"#;
    let fields = |last| {
        let mut fields = vec![
            ("OpenId", "6dc0"),
            ("GrantCode", "782c281f62"),
            ("Token", "a+b/c="),
            ("Timestamp", "1547186244"),
            ("Nonce", "658965"),
            ("Action", "coupon.user-coupon-list"),
        ];
        fields.push(last);
        in_parts(&fields)
    };
    for (content_type, body) in [
        (JSON, whole().to_string()),
        ("Application/JSON; charset=utf-8", whole().to_string()),
        ("", format!(" \n{}", whole())),
        ("text/plain", whole().to_string()),
        (JSON, with("Params", json!(text)).to_string()),
        (JSON, with("Params", json!({ "user_id": 1001 })).to_string()),
        (JSON, with("Timestamp", json!(1_547_186_244)).to_string()),
        (FORM, format!("{FIELDS}&Params=%7B%22user_id%22%3A%221001%22%7D")),
        (FORM, format!("{FIELDS}&Params%5Buser_id%5D=1001")),
        (FORM, format!("{}&Params[user_id]=1001", FIELDS.replace("%2B", "+"))),
        ("", format!("{FIELDS}&Params[user_id]=1001")),
        ("text/plain", format!("{FIELDS}&Params[user_id]=1001")),
        (PARTS, fields(("Params", text))),
        (PARTS, fields(("Params[user_id]", "1001"))),
    ] {
        let envelope = parse(content_type, body.clone()).await;

        let envelope = envelope.unwrap_or_else(|why| panic!("{why:?}: {content_type} {body}"));
        assert_eq!(told(&envelope), TOLD, "{content_type} {body}");
    }
}

#[tokio::test]
async fn an_empty_list_is_an_empty_object() {
    for (content_type, body) in [
        (JSON, with("Params", json!([])).to_string()),
        (JSON, with("Params", json!({})).to_string()),
        (JSON, with("Params", json!("[]")).to_string()),
        (JSON, with("Params", json!("{}")).to_string()),
        (FORM, format!("{FIELDS}&Params=%5B%5D")),
        (FORM, format!("{FIELDS}&Params={{}}")),
    ] {
        let envelope = parse(content_type, body.clone()).await;

        assert!(envelope.is_ok_and(|envelope| envelope.params.is_empty()), "{body}");
    }
}

#[tokio::test]
async fn a_field_that_is_missing_is_named_in_the_order_of_the_table() {
    for name in ["OpenId", "GrantCode", "Token", "Timestamp", "Nonce", "Action", "Params"] {
        let mut without = whole();
        without.as_object_mut().unwrap().remove(name);

        let missing = parse(JSON, without.to_string()).await;

        assert_eq!(missing.err(), Some(Failure::Missing(name)));
        if name != "Params" {
            for nothing in [json!(""), json!(null)] {
                let empty = parse(JSON, with(name, nothing).to_string()).await;
                assert_eq!(empty.err(), Some(Failure::Missing(name)));
            }
        }
    }
    assert_eq!(parse(JSON, "{}").await.err(), Some(Failure::Missing("OpenId")));
    assert_eq!(parse("", "").await.err(), Some(Failure::Missing("OpenId")));
    assert_eq!(parse(FORM, FIELDS).await.err(), Some(Failure::Missing("Params")));
    let empty = with("Params", json!("")).to_string();
    for (content_type, empty) in [(FORM, format!("{FIELDS}&Params=")), (JSON, empty)] {
        let empty = parse(content_type, empty).await;
        assert_eq!(empty.err(), Some(Failure::Missing("Params")), "{content_type}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_in_one_way_only_is_not_read() {
    let twice = whole().to_string().replacen('{', r#"{"Nonce":"1","#, 1);
    let twice_inside = r#"{"user_id":"1","user_id":"2"}"#;
    for (content_type, body) in [
        (JSON, "{".to_owned()),
        (JSON, "[]".to_owned()),
        (JSON, FIELDS.to_owned()),
        (JSON, twice),
        (JSON, with("Params", json!(twice_inside)).to_string()),
        (JSON, whole().to_string().replace(r#"{"user_id":"1001"}"#, twice_inside)),
        (JSON, with("Sign", json!("x&y=z")).to_string()),
        (JSON, with("Sign", json!("a\nb")).to_string()),
        (JSON, with("Sign", json!(1.5)).to_string()),
        (JSON, with("Sign", json!(true)).to_string()),
        (JSON, with("Sign", json!(null)).to_string()),
        (JSON, with("Sign", json!({})).to_string()),
        (JSON, with("Sign=", json!("x")).to_string()),
        (JSON, with("openid", json!("x")).to_string()),
        (JSON, with("NONCE", json!("x")).to_string()),
        (JSON, with("params", json!("x")).to_string()),
        (JSON, whole().to_string().replacen('{', r#"{"Sign":"1","Sign":"1","#, 1)),
        (JSON, with("Params.user_id", json!("x")).to_string()),
        (JSON, with("Params", json!([1])).to_string()),
        (JSON, with("Params", json!("user_id=1001")).to_string()),
        (JSON, with("Params", json!(null)).to_string()),
        (JSON, with("Params", json!(1)).to_string()),
        (JSON, with("Params", json!({ "a&b": "1" })).to_string()),
        (JSON, with("Params", json!({ "": "1" })).to_string()),
        (JSON, with("OpenId", json!(true)).to_string()),
        (JSON, with("OpenId", json!(["x"])).to_string()),
        (JSON, with("Timestamp", json!(1.5)).to_string()),
        (JSON, with("Timestamp", json!("now")).to_string()),
        (JSON, with("Timestamp", json!("-1547186244")).to_string()),
        (JSON, with("Nonce", json!("0")).to_string()),
        (JSON, with("Nonce", json!("-5")).to_string()),
        (JSON, with("Nonce", json!("12345678901234567890")).to_string()),
        (JSON, with("Nonce", json!("6&OpenId=x")).to_string()),
        (JSON, with("Action", json!("a&GrantCode=b")).to_string()),
        (JSON, with("GrantCode", json!("授权")).to_string()),
        (JSON, with("OpenId", json!("x".repeat(65))).to_string()),
        (JSON, with("OpenId", json!("a\u{0}")).to_string()),
        (FORM, format!("{FIELDS}&Nonce=1&Params={{}}")),
        (FORM, format!("{FIELDS}&Params={{}}&Params={{}}")),
        (FORM, format!("{FIELDS}&Params={{}}&Params[user_id]=1")),
        (FORM, format!("{FIELDS}&Params[user_id]=1&Params[user_id]=2")),
        (FORM, format!("{FIELDS}&Params[]=1")),
        (FORM, format!("{FIELDS}&Params[user_id=1")),
        (FORM, format!("{FIELDS}&Paramsuser_id]=1")),
        (FORM, format!("{FIELDS}&Params[user_id]=%E4%BD")),
        (FORM, format!("{FIELDS}&Params[user_id]=%00")),
        (FORM, format!("{FIELDS}&Sign=1&Sign=1&Params={{}}")),
        (FORM, format!("{FIELDS}&Sign=1%262&Params={{}}")),
        (FORM, format!("{FIELDS}&token=1&Params={{}}")),
        (PARTS, FIELDS.to_owned()),
        ("multipart/form-data", in_parts(&[("OpenId", "x")])),
    ] {
        let refused = parse(content_type, body.clone()).await.err();

        assert_eq!(refused, Some(Failure::BadBody), "{content_type} {body}");
    }
    let latin = [&b"{\"OpenId\":\""[..], &[0xe9], b"\"}"].concat();
    assert_eq!(parse(JSON, latin).await.err(), Some(Failure::BadBody));
    let latin = [FIELDS.as_bytes(), b"&Params[user_id]=", &[0xe9]].concat();
    assert_eq!(parse(FORM, latin).await.err(), Some(Failure::BadBody));
    let file = "--xx\r\nContent-Disposition: form-data; name=\"OpenId\"; filename=\"a\"\r\n\r\nx\r\n--xx--\r\n";
    assert_eq!(parse(PARTS, file).await.err(), Some(Failure::BadBody));
}

#[tokio::test]
async fn a_field_of_no_meaning_is_kept_as_it_was_sent() {
    let mut body = with("Sign", json!("x y=z"));
    body["v"] = json!(2);
    body["ParamsOf"] = json!("");
    let parts = in_parts(&[("Sign", "x y=z"), ("v", "2"), ("ParamsOf", ""), ("Params", "{}")]);
    let rest = in_parts(&[
        ("OpenId", "6dc0"),
        ("GrantCode", "782c281f62"),
        ("Token", "a+b/c="),
        ("Timestamp", "1547186244"),
        ("Nonce", "658965"),
        ("Action", "coupon.user-coupon-list"),
    ]);
    let parts = rest.replace("--xx--\r\n", &parts);
    for (content_type, body) in [
        (JSON, body.to_string()),
        (FORM, format!("{FIELDS}&Sign=x+y%3Dz&v=2&ParamsOf=&Params={{}}")),
        (PARTS, parts),
    ] {
        let envelope = parse(content_type, body).await.unwrap();

        let extras: Vec<_> = envelope.extras.into_iter().collect();
        let expected = [("ParamsOf", ""), ("Sign", "x y=z"), ("v", "2")];
        assert_eq!(extras, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }
}

#[tokio::test]
async fn a_compressed_body_is_not_read() {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));

    assert_eq!(read(&headers, whole().to_string().into()).await.err(), Some(Failure::BadBody));
}

#[tokio::test]
async fn only_texts_and_integers_can_be_signed() {
    let params = json!({ "a": "", "b": 12, "c": -3, "d": 1.5, "e": true, "f": null, "g": [1] });

    let envelope = parse(JSON, with("Params", params).to_string()).await.unwrap();
    let nested = format!("{FIELDS}&Params[g][0][x]=1&Params[g][1][x]=1");
    let form = parse(FORM, nested).await.unwrap();

    let expected = r#"["a=", "b=12", "c=-3", "d other", "e other", "f other", "g nested [1]"]"#;
    assert!(told(&envelope).ends_with(expected), "{}", told(&envelope));
    assert!(told(&form).ends_with(r#"["g other"]"#));
}
