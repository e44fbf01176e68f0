//! Banners: one picture for a template, as a part of a multipart body.

use reqwest::multipart::Form;
use serde_json::json;

use crate::asked::PNG;
use crate::stage::{NOW, Stage, json as read};

const NOWHERE: &str = "http://127.0.0.1:9/callback";

#[tokio::test]
async fn a_banner_is_created_listed_and_deleted_as_documented() {
    let stage = Stage::set().await;
    let template = stage.template(NOWHERE).await;
    let id = template.to_string();

    let created = stage.banner(template, "multipartFile", PNG).await;
    let picture = created["data"]["picUrl"].as_str().unwrap();
    assert!(picture.starts_with("https://") && picture.contains(".png"));
    let banner = json!({
        "id": 1, "couponTemplateId": template, "destUrl": "/pages/index", "picUrl": picture,
        "title": "T", "createTime": NOW, "updateTime": NOW, "deleted": 0,
    });
    assert_eq!(created, json!({ "data": banner, "errno": 0, "msg": "" }));

    let url = stage.url("/rest/2.0/smartapp/coupon/banner/list");
    let query = [("access_token", stage.token.as_str()), ("couponTemplateId", &id), ("page", "0")];
    let listed = read(stage.client.get(url).query(&query).send().await.unwrap()).await;
    let data = json!({ "dataList": [banner], "pageNo": 0, "total": 1 });
    assert_eq!(listed, json!({ "data": data, "errno": 0, "msg": "" }));

    let query = [("couponBannerId", "1"), ("couponTemplateId", id.as_str())];
    let deleted = stage.post("coupon/banner/delete", &query).await;
    assert_eq!(deleted, json!({ "data": true, "errno": 0, "msg": "" }));
    assert_eq!(stage.post("coupon/banner/delete", &query).await["errno"], 70001);
    assert!(stage.simulator.banners()[0].deleted);
    assert!(stage.simulator.report().is_clean());
}

#[tokio::test]
async fn a_template_has_one_banner_at_a_time() {
    let stage = Stage::set().await;
    let template = stage.template(NOWHERE).await;

    assert_eq!(stage.banner(template, "multipartFile", PNG).await["errno"], 0);
    assert_eq!(stage.banner(template, "multipartFile", PNG).await["errno"], 70000);

    let id = template.to_string();
    let query = [("couponBannerId", "1"), ("couponTemplateId", id.as_str())];
    stage.post("coupon/banner/delete", &query).await;
    assert_eq!(stage.banner(template, "multipartFile", b"\xff\xd8\xff\xe0").await["data"]["id"], 2);
}

#[tokio::test]
async fn what_is_no_picture_is_refused() {
    let stage = Stage::set().await;
    let template = stage.template(NOWHERE).await;
    let large = [PNG, &vec![0; 1024 * 1024][..]].concat();
    let cases: [(i64, &'static str, &[u8], i64); 6] = [
        (template, "multipartFile", b"GIF89a", 47000),
        (template, "multipartFile", b"", 47000),
        (template, "multipartFile", &large, 40006),
        (template, "picture", PNG, 40001),
        (template, "file", PNG, 40001),
        (template + 1, "multipartFile", PNG, 70001),
    ];

    for (template, part, picture, errno) in cases {
        let body = stage.banner(template, part, picture).await;

        assert_eq!(body["errno"], errno, "{part} of {} bytes: {body}", picture.len());
    }
    assert!(stage.simulator.banners().is_empty());
}

#[tokio::test]
async fn the_older_name_of_the_part_is_tolerated_and_counted() {
    let stage = Stage::with(|switches| switches.strict = false).await;
    let template = stage.template(NOWHERE).await;

    assert_eq!(stage.banner(template, "file", PNG).await["errno"], 0);

    assert_eq!(stage.simulator.report().deviations["the picture's part is named file"], 1);
}

#[tokio::test]
async fn the_rest_belongs_into_the_query_and_leads_into_the_program() {
    let stage = Stage::set().await;
    let template = stage.template(NOWHERE).await.to_string();
    let url = stage.url("/file/2.0/smartapp/coupon/banner/create");
    let token = ("access_token", stage.token.as_str());
    let query = |dest| [token, ("couponTemplateId", &template), ("destUrl", dest), ("title", "T")];
    let form = || {
        let part = reqwest::multipart::Part::bytes(PNG.to_vec()).file_name("b.png");
        Form::new().part("multipartFile", part)
    };

    let abroad = query("https://example.com/");
    let reply = stage.client.post(&url).query(&abroad).multipart(form()).send().await.unwrap();
    assert_eq!(read(reply).await["errno"], 40001);
    let reply = stage.client.post(&url).query(&[token]).multipart(form()).send().await.unwrap();
    assert_eq!(read(reply).await["msg"], "couponTemplateId is missing");
    let reply = stage.client.post(&url).query(&query("/i")).body("plain").send().await.unwrap();
    assert_eq!(read(reply).await["errno"], 40001);
}
