//! What our client puts on the wire for each of Baidu's calls, byte for byte, and what it makes of the documented answers.

use chrono::NaiveDate;
use kaquan::platform::baidu::settings::TokenBy;

use crate::support::{
    baidu_desk::{
        CODE, LOGIN_CODE, OPEN_ID, RECORD, SECRET, TEMPLATE, TOKEN, account, banner, client,
        login_code, secret, stock_letter, sync_letter, template, token,
    },
    stub::{Asked, Stub, answer},
};

const SHOWN: &str = r##"{"data":{"id":123,"appId":1,"bgColor":"#9857AE","couponType":2,"title":"满减券","description":"","effectTime":1574952776,"expireTime":1577544776,"introduce":"…","sill":"…","takeLimit":"…","createTime":1574900000,"updateTime":1574900000,"deleted":0},"errno":0,"msg":""}"##;
const TERMS: &str = "&bgColor=B010&couponType=2&title=%E6%BB%A1%20100%20%E5%87%8F%2020\
    &description=%E5%85%A8%E5%9C%BA&effectTime=1574952776&expireTime=1577544776\
    &introduce=a%2Bb%26c%3Dd&sill=%E6%BB%A1100%E5%85%83%E5%8F%AF%E7%94%A8\
    &takeLimit=%E6%AF%8F%E4%BA%BA%E9%99%90%E9%A2%861%E5%BC%A0\
    &callbackUrl=https%3A%2F%2Fm.example%2Fcallbacks%2Fbaidu%2Fcanary-callback";
const TRUE: &str = r#"{"data":true,"errno":0,"msg":""}"#;
const FORM: &str = "application/x-www-form-urlencoded";

fn assert_line(asked: &Asked, method: &str, target: &str) {
    assert_eq!((asked.method.as_str(), asked.target.as_str()), (method, target));
    assert!(!asked.headers.contains_key("accept-encoding"), "{asked:?}");
    assert!(!asked.headers.contains_key("referer") && !asked.headers.contains_key("cookie"));
}

fn assert_no_body(asked: &Asked) {
    assert!(asked.body.is_empty(), "{asked:?}");
    let length = asked.headers.get("content-length").map(String::as_str);
    assert_eq!(length, (asked.method == "POST").then_some("0"), "{asked:?}");
    assert!(!asked.headers.contains_key("transfer-encoding"), "{asked:?}");
}

fn assert_body(asked: &Asked, kind: &str, body: &str) {
    assert_eq!(asked.headers["content-type"], kind);
    assert_eq!(String::from_utf8_lossy(&asked.body), body);
}

#[tokio::test]
async fn a_token_is_asked_for_in_a_form_so_that_no_log_keeps_the_secret() {
    let stub = Stub::answering([answer(
        200,
        r#"{"access_token":"24.x","expires_in":2592000,"refresh_token":"25.x","scope":"a b"}"#,
    )])
    .await;

    let heard = client().token(account(&stub.url), &secret(), TokenBy::PostForm).await.unwrap();

    let asked = stub.heard_one();
    assert_line(&asked, "POST", "/oauth/2.0/token");
    let form = format!(
        "grant_type=client_credentials&client_id=AK&client_secret={SECRET}&scope=smartapp_snsapi_base"
    );
    assert_body(&asked, FORM, &form);
    assert_eq!(heard.value.token.expose(), "24.x");
    assert_eq!(heard.value.expires_in.num_days(), 30);
    assert_eq!(heard.answer.as_str(), "(withheld: it holds a secret)");
}

#[tokio::test]
async fn a_token_can_be_asked_for_as_baidus_libraries_do() {
    let stub = Stub::answering([answer(200, r#"{"access_token":"24.x"}"#)]).await;

    let heard = client().token(account(&stub.url), &secret(), TokenBy::Get).await.unwrap();

    let asked = stub.heard_one();
    let target = format!(
        "/oauth/2.0/token?grant_type=client_credentials&client_id=AK&client_secret={SECRET}\
         &scope=smartapp_snsapi_base"
    );
    assert_line(&asked, "GET", &target);
    assert_no_body(&asked);
    assert_eq!(heard.value.expires_in.num_seconds(), 60);
}

#[tokio::test]
async fn a_login_code_is_changed_for_a_session() {
    let stub = Stub::answering([answer(
        200,
        r#"{"errno":0,"errmsg":"succ","data":{"open_id":"O","session_key":"1df09d0a1677dd72b8325aec59576e0c"},"request_id":"1","timestamp":1700000000}"#,
    )])
    .await;

    let heard = client().session_key(account(&stub.url), &token(), &login_code()).await.unwrap();

    let asked = stub.heard_one();
    let target = format!("/rest/2.0/smartapp/getsessionkey?access_token={TOKEN}&code={LOGIN_CODE}");
    assert_line(&asked, "POST", &target);
    assert_no_body(&asked);
    assert_eq!(asked.headers["content-type"], FORM);
    assert_eq!(heard.value.open_id.as_str(), "O");
    assert_eq!(heard.value.key.expose(), "1df09d0a1677dd72b8325aec59576e0c");
    assert!(!format!("{heard:?}").contains("1df09"));
}

#[tokio::test]
async fn a_login_code_is_changed_for_a_session_in_the_older_way() {
    let stub = Stub::answering([answer(200, r#"{"openid":"O","session_key":"key"}"#)]).await;

    let heard = client().old_session_key(account(&stub.url), &secret(), &login_code()).await;

    let asked = stub.heard_one();
    assert_line(&asked, "POST", "/oauth/jscode2sessionkey");
    assert_body(&asked, FORM, &format!("code={LOGIN_CODE}&client_id=AK&sk={SECRET}"));
    assert_eq!(heard.unwrap().value.open_id.as_str(), "O");
}

#[tokio::test]
async fn a_template_is_created_with_all_in_the_query() {
    let stub = Stub::answering([answer(200, SHOWN)]).await;

    let heard = client().create_template(account(&stub.url), &token(), &template()).await.unwrap();

    let asked = stub.heard_one();
    let target = format!("/rest/2.0/smartapp/coupon/create?access_token={TOKEN}{TERMS}");
    assert_line(&asked, "POST", &target);
    assert_no_body(&asked);
    assert_eq!((heard.value.id, heard.value.title.as_str()), (123, "满减券"));
    assert_eq!((heard.status, heard.answer.as_str()), (200, SHOWN));
}

#[tokio::test]
async fn a_description_that_is_empty_is_left_out() {
    let stub = Stub::answering([answer(200, SHOWN)]).await;
    let mut form = template();
    form.description = String::new();

    client().create_template(account(&stub.url), &token(), &form).await.unwrap();

    let target = stub.heard_one().target;
    assert_eq!(
        target,
        format!(
            "/rest/2.0/smartapp/coupon/create?access_token={TOKEN}{}",
            TERMS.replace("&description=%E5%85%A8%E5%9C%BA", "")
        )
    );
}

#[tokio::test]
async fn a_template_is_replaced_whole() {
    let stub = Stub::answering([answer(200, SHOWN), answer(200, SHOWN)]).await;
    let client = client();

    let heard = client.update_template(account(&stub.url), &token(), TEMPLATE, &template()).await;
    let other = client.update_template(account(&stub.url), &token(), 124, &template()).await;

    let target = format!(
        "/rest/2.0/smartapp/coupon/update?access_token={TOKEN}&couponTemplateId=123{TERMS}"
    );
    assert_line(&stub.heard()[0], "POST", &target);
    assert_no_body(&stub.heard()[0]);
    assert_eq!(heard.unwrap().value.id, TEMPLATE);
    assert_eq!(
        other.unwrap_err().to_string(),
        "Baidu's answer cannot be understood: it answers another question"
    );
}

#[tokio::test]
async fn a_template_is_deleted() {
    let stub = Stub::answering([answer(200, TRUE)]).await;

    client().delete_template(account(&stub.url), &token(), TEMPLATE).await.unwrap();

    let asked = stub.heard_one();
    let target =
        "/rest/2.0/smartapp/coupon/delete?access_token=24.canary-token&couponTemplateId=123";
    assert_line(&asked, "POST", target);
    assert_no_body(&asked);
}

#[tokio::test]
async fn templates_are_listed_by_page() {
    let list = r#"{"data":{"dataList":[{"id":1},{"id":"2"}],"pageNo":0,"total":2},"errno":0}"#;
    let stub = Stub::answering([answer(200, list)]).await;

    let heard = client().list_templates(account(&stub.url), &token(), 0).await.unwrap();

    let asked = stub.heard_one();
    let target = "/rest/2.0/smartapp/coupon/list?access_token=24.canary-token&page=0&pageSize=50";
    assert_line(&asked, "GET", target);
    assert_no_body(&asked);
    assert_eq!(heard.value.items.iter().map(|shown| shown.id).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn all_templates_are_listed_once_whatever_the_first_page_is_called() {
    let page = |ids: &[i64]| {
        let items: Vec<_> = ids.iter().map(|id| format!(r#"{{"id":{id}}}"#)).collect();
        let items = items.join(",");
        answer(200, &format!(r#"{{"errno":0,"data":{{"dataList":[{items}],"total":3}}}}"#))
    };
    let no_page = answer(200, r#"{"errno":40001,"msg":"page"}"#);
    for pages in [
        vec![page(&[1, 2]), page(&[3])],
        vec![page(&[1, 2]), page(&[1, 2]), page(&[3])],
        vec![no_page, page(&[1, 2]), page(&[3])],
    ] {
        let stub = Stub::answering(pages).await;

        let heard = client().list_all_templates(account(&stub.url), &token()).await.unwrap();

        let ids: Vec<_> = heard.value.items.iter().map(|shown| shown.id).collect();
        assert_eq!((ids, heard.value.complete), (vec![1, 2, 3], true));
        for (number, asked) in stub.heard().iter().enumerate() {
            assert!(asked.target.ends_with(&format!("&page={number}&pageSize=50")), "{asked:?}");
        }
    }
}

#[tokio::test]
async fn a_banner_is_uploaded_under_its_documented_name() {
    let shown = r#"{"data":{"id":9,"couponTemplateId":123,"destUrl":"/pages/index","picUrl":"https://b.example/p.png","title":"T","createTime":0,"updateTime":0,"deleted":0},"errno":0,"msg":""}"#;
    let stub = Stub::answering([answer(200, shown)]).await;

    let heard = client().create_banner(account(&stub.url), &token(), TEMPLATE, &banner()).await;

    let asked = stub.heard_one();
    let target = "/file/2.0/smartapp/coupon/banner/create?access_token=24.canary-token\
                  &couponTemplateId=123&destUrl=%2Fpages%2Findex&title=T";
    assert_line(&asked, "POST", target);
    let kind = &asked.headers["content-type"];
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let opening = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"multipartFile\"; filename=\"banner.png\"\r\n\
         Content-Type: image/png\r\n\r\n"
    );
    let closing = format!("\r\n--{boundary}--\r\n");
    let body =
        [opening.as_bytes(), b"\x89PNG\r\n\x1a\n\x00pixels\xff", closing.as_bytes()].concat();
    assert_eq!(asked.body, body);
    assert_eq!(asked.headers["content-length"], body.len().to_string());
    let shown = heard.unwrap().value;
    assert_eq!((shown.id, shown.pic_url.as_str()), (9, "https://b.example/p.png"));
}

#[tokio::test]
async fn a_banner_is_taken_away() {
    let stub = Stub::answering([answer(200, TRUE)]).await;

    client().delete_banner(account(&stub.url), &token(), TEMPLATE, 9).await.unwrap();

    let asked = stub.heard_one();
    let target = "/rest/2.0/smartapp/coupon/banner/delete?access_token=24.canary-token\
                  &couponBannerId=9&couponTemplateId=123";
    assert_line(&asked, "POST", target);
    assert_no_body(&asked);
}

#[tokio::test]
async fn banners_are_listed() {
    let list = r#"{"data":{"dataList":[{"id":9,"couponTemplateId":123}],"pageNo":0,"total":1},"errno":0,"msg":""}"#;
    let stub = Stub::answering([answer(200, list), answer(200, list)]).await;
    let client = client();

    let of_one = client.list_banners(account(&stub.url), &token(), Some(TEMPLATE), 0).await;
    let of_all = client.list_all_banners(account(&stub.url), &token(), None).await;

    let path = "/rest/2.0/smartapp/coupon/banner/list?access_token=24.canary-token";
    let [first, second] = stub.heard().try_into().unwrap();
    assert_line(&first, "GET", &format!("{path}&couponTemplateId=123&page=0&pageSize=50"));
    assert_line(&second, "GET", &format!("{path}&page=0&pageSize=50"));
    assert_eq!(of_one.unwrap().value.items[0].id, 9);
    assert!(of_all.unwrap().value.complete);
}

#[tokio::test]
async fn stock_is_added_in_a_form() {
    let stub = Stub::answering([answer(200, r#"{"errno":"0","msg":"success"}"#)]).await;

    client().add_stock(account(&stub.url), &token(), &stock_letter()).await.unwrap();

    let asked = stub.heard_one();
    assert_line(&asked, "POST", "/rest/2.0/smartapp/coupon/addStock?access_token=24.canary-token");
    let form = "couponTemplateId=123&stockName=prod-123-1&stock=1000&createTime=1574952776";
    assert_body(&asked, FORM, form);
}

#[tokio::test]
async fn a_coupon_is_synced_in_json() {
    let stub = Stub::answering([answer(200, r#"{"errno":"0","errmsg":"success"}"#)]).await;

    client().sync(account(&stub.url), &token(), &sync_letter()).await.unwrap();

    let asked = stub.heard_one();
    assert_line(&asked, "POST", "/rest/2.0/smartapp/coupon/sync?access_token=24.canary-token");
    assert_eq!(asked.headers["content-type"], "application/json");
    let said: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
    let documented = serde_json::json!({
        "openid": OPEN_ID,
        "coupon": {
            "record_id": RECORD, "coupon_template_id": 123, "effect_time": 1_574_952_776,
            "expire_time": 1_577_544_776, "code": CODE,
        },
    });
    assert_eq!(said, documented);
}

#[tokio::test]
async fn a_coupon_is_written_off_in_a_form() {
    let stub = Stub::answering([answer(200, r#"{"errno":"0","msg":"success"}"#)]).await;

    client().write_off(account(&stub.url), &token(), RECORD, OPEN_ID).await.unwrap();

    let asked = stub.heard_one();
    let target = "/rest/2.0/smartapp/coupon/writeOffCoupon?access_token=24.canary-token";
    assert_line(&asked, "POST", target);
    assert_body(&asked, FORM, &format!("recordId={RECORD}&openId={OPEN_ID}"));
}

#[tokio::test]
async fn statistics_are_asked_for_by_days_in_the_query_of_a_post() {
    let stub = Stub::answering([answer(
        200,
        r#"{"data":{"dataList":[{"appKey":"AK","couponId":123,"pdate":"2019-07-19T05:45:57.323Z","viewPv":9,"viewUv":8,"getPv":7,"getUv":6,"getRate":0.75,"usePv":5,"useUv":4,"useRate":0.66,"stock":3}],"pageNo":0,"total":1},"errno":0,"msg":""}"#,
    )])
    .await;
    let day = |day| NaiveDate::from_ymd_opt(2019, 7, day).unwrap();

    let heard = client().statistics(account(&stub.url), &token(), (day(1), day(19)), 0).await;

    let asked = stub.heard_one();
    let target = "/rest/2.0/smartapp/coupon/couponStat?access_token=24.canary-token\
                  &statDateStart=20190701&statDateEnd=20190719&pageNo=0&pageSize=50";
    assert_line(&asked, "POST", target);
    assert_no_body(&asked);
    let counted = &heard.unwrap().value.items[0];
    assert_eq!((counted.template, counted.day), (123, Some(day(19))));
    assert_eq!((counted.get_pv, counted.use_uv, counted.stock), (7, 4, 3));
}

#[tokio::test]
async fn a_base_address_may_have_a_path_of_its_own() {
    let stub = Stub::answering([answer(200, TRUE)]).await;
    let base = stub.url.join("/proxy/baidu/").unwrap();

    client().delete_template(account(&base), &token(), TEMPLATE).await.unwrap();

    let target = stub.heard_one().target;
    assert!(target.starts_with("/proxy/baidu/rest/2.0/smartapp/coupon/delete?"), "{target}");
}
