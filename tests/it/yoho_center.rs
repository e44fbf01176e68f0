//! The coupon centre in the Yoho protocol.

use serde_json::{Value, json};

use crate::support::yoho::{Heard, Shop, signed};

const CENTER: &str = "app.promotion.queryCouponCenter";
const STATUS: &str = "app.promotion.couponStatus";
const CODE: &str = "b38b9c4f1c76f89533e9214629b458e4";
const PICTURE: &str = "http://img.example.com/a.jpg?imageView/{mode}/w/{width}/h/{height}";

fn entry(templates: &[&Value]) -> Value {
    let templates: Vec<_> = templates.iter().map(|template| &template["template_id"]).collect();
    json!({
        "templates": templates, "go_shopping": "http://example.com/a",
        "image": { "src": PICTURE, "url": "" },
    })
}

async fn lay_out(shop: &Shop, client_type: &str, floors: Value) {
    let body = json!({ "content_code": CODE, "client_type": client_type, "floors": floors });
    shop.admin.post("/v1/admin/pages", body).await.created();
}

fn coupons(list: &[Value]) -> Value {
    json!([{ "id": 1_111_255, "content": {
        "type": "coupons", "title": "标题内容", "is_shown": true, "list": list,
    } }])
}

async fn ask(shop: &Shop, method: &str, uid: &str) -> Heard {
    shop.ask(method, &[("contentCode", CODE), ("uid", uid)]).await
}

/// What each entry shows, in its order.
fn statuses(heard: &Heard) -> Vec<(String, i64)> {
    let floors = heard.ok();
    let entries = floors[0]["data"]["list"].as_array().unwrap().iter();
    let shown = |entry: &Value| {
        (entry["couponID"].as_str().unwrap().to_owned(), entry["status"].as_i64().unwrap())
    };
    entries.map(shown).collect()
}

#[tokio::test]
async fn floors_are_sent_to_the_byte() {
    let shop = Shop::open().await;
    let template = shop.template(json!({}), 1).await;
    let number = template["number"].as_str().unwrap();
    lay_out(&shop, "", json!([
        { "id": 1_111_253, "intro": "轮播banner", "content": { "type": "banners", "speed": "3", "list": [
            { "src": PICTURE }, { "src": PICTURE, "url": "http://example.com/b" },
        ] } },
        { "id": 1_111_255, "content": {
            "type": "coupons", "title": "标题内容", "is_shown": true, "list": [entry(&[&template])],
        } },
        { "id": 1_111_257, "content": {
            "type": "coupons", "title": "", "is_shown": false, "list": [],
        } },
    ]))
    .await;

    let heard = ask(&shop, CENTER, "").await;

    let data = format!(
        r#"[{{"data":{{"list":[{{"src":"{PICTURE}","url":[]}},{{"src":"{PICTURE}","url":"http://example.com/b"}}],"speed":"3"}},"template_id":1111253,"template_intro":"轮播banner","template_name":"carousel_banner"}},{{"data":{{"isShow":"YES","list":[{{"couponID":"{number}","goShopping":"http://example.com/a","image":{{"src":"{PICTURE}","url":""}},"status":1}}],"title":"标题内容"}},"template_id":1111255,"template_name":"getCoupon"}},{{"data":{{"isShow":"NO","list":[],"title":""}},"template_id":1111257,"template_name":"getCoupon"}}]"#
    );
    assert_eq!(heard.full(), (200, &*data, "请求成功".to_owned()));
}

#[tokio::test]
async fn entries_stand_as_their_templates_do_for_whoever_looks() {
    let shop = Shop::open().await;
    let (open, mine) = (shop.template(json!({}), 9).await, shop.template(json!({}), 1).await);
    let gone = shop.template(json!({}), 0).await;
    let over = shop.template(json!({ "claim_until": "2026-11-02T00:00:00+08:00" }), 9).await;
    let early = shop.template(json!({ "claim_from": "2026-11-20T00:00:00+08:00" }), 9).await;
    let gold = json!({ "audience": { "type": "member_classes", "any_of": ["gold"] } });
    let gold = shop.template(gold, 9).await;
    shop.member("1").await;
    shop.claim("1", &mine).await;
    let groups: [&[&Value]; 12] = [
        &[&open],
        &[&gone],
        &[&mine],
        &[&over],
        &[&over],
        &[&early],
        &[&gold],
        &[&mine, &open],
        &[&gone, &mine],
        &[&over, &gone],
        &[&over, &early],
        &[&over, &mine],
    ];
    lay_out(&shop, "", coupons(&groups.map(entry))).await;
    let named = |group: &[&Value]| {
        group.iter().map(|one| one["number"].as_str().unwrap()).collect::<Vec<_>>().join(",")
    };
    let expected = |statuses: [i64; 12]| {
        let all = groups.iter().map(|group| named(group)).zip(statuses);
        all.filter(|(_, status)| *status != 4).collect::<Vec<_>>()
    };

    // The last of what one has is sold out to everybody else.
    let hers = [1, 2, 3, 4, 4, 4, 1, 1, 3, 2, 4, 3];
    let anybodys = [1, 2, 2, 4, 4, 4, 1, 1, 2, 2, 4, 2];
    assert_eq!(statuses(&ask(&shop, CENTER, "1").await), expected(hers));
    assert_eq!(statuses(&ask(&shop, CENTER, "").await), expected(anybodys));
    assert_eq!(statuses(&ask(&shop, CENTER, "2").await), expected(anybodys));
    let rows = |statuses| {
        let row = |(id, status)| json!({ "couponID": id, "status": status });
        expected(statuses).into_iter().map(row).collect::<Value>()
    };
    let status = ask(&shop, STATUS, "1").await;
    assert_eq!((status.ok(), status.full().2), (rows(hers), "请求成功".to_owned()));
    assert_eq!(ask(&shop, STATUS, "").await.ok(), rows(anybodys));
}

#[tokio::test]
async fn a_fresh_claim_shows_at_once() {
    let shop = Shop::open().await;
    let template = shop.template(json!({}), 2).await;
    lay_out(&shop, "", coupons(&[entry(&[&template])])).await;
    shop.member("1").await;
    let status = async || statuses(&ask(&shop, CENTER, "1").await)[0].1;

    let before = status().await;
    shop.claim("1", &template).await;

    assert_eq!((before, status().await), (1, 3));
}

#[tokio::test]
async fn a_front_end_gets_its_own_page_before_everybodys() {
    let shop = Shop::open().await;
    shop.client("h5", json!({}), None).await;
    let banner = |id: i64| {
        json!([{ "id": id, "content": {
        "type": "banners", "speed": "", "list": [{ "src": PICTURE }],
    } }])
    };
    lay_out(&shop, "", banner(1)).await;
    lay_out(&shop, "h5", banner(2)).await;
    let floor = async |client: &str| {
        let query = signed(client, CENTER, &[("contentCode", CODE), ("uid", "")]);
        shop.get(&query).await.ok()[0]["template_id"].clone()
    };

    assert_eq!((floor("h5").await, floor("iphone").await), (json!(2), json!(1)));
    // Nothing can be laid out for a name like these, so theirs is everybody's.
    for name in ["h5.example.com", &"9".repeat(33)] {
        shop.client(name, json!({}), None).await;
        assert_eq!(floor(name).await, json!(1), "{name}");
    }
}

#[tokio::test]
async fn without_a_page_the_answer_is_full() {
    let shop = Shop::open().await;
    lay_out(&shop, "", json!([])).await;

    for method in [CENTER, STATUS] {
        for code in [CODE, "unknown", ""] {
            let heard = shop.ask(method, &[("contentCode", code), ("uid", "")]).await;
            assert_eq!(heard.full(), (400, "[]", "资源位模板不存在！".to_owned()), "{code}");
        }
        for wrong in [&[("contentCode", "a b")][..], &[]] {
            shop.ask(method, wrong).await.bare(400, "参数错误:contentCode");
        }
        let heard = shop.ask(method, &[("contentCode", CODE), ("uid", "x")]).await;
        heard.bare(400, "参数错误:uid");
    }
}

#[tokio::test]
async fn a_public_centre_knows_nobody_without_a_signature() {
    let shop = Shop::open().await;
    shop.client("h5", json!({ "public_methods": [CENTER] }), None).await;
    let template = shop.template(json!({}), 2).await;
    lay_out(&shop, "", coupons(&[entry(&[&template])])).await;
    shop.member("1").await;
    shop.claim("1", &template).await;
    let params = [("contentCode", CODE), ("uid", "1")];

    let public = format!("client_type=h5&method={CENTER}&contentCode={CODE}&uid=1");
    let public = shop.get(&public).await;
    let own = shop.get(&signed("h5", CENTER, &params)).await;

    assert_eq!((statuses(&public)[0].1, statuses(&own)[0].1), (1, 3));
    let status = format!("client_type=h5&method={STATUS}&contentCode={CODE}&uid=1");
    shop.get(&status).await.bare(500, "缺少client_secret");
}

#[tokio::test]
async fn templates_of_other_apps_are_not_there() {
    let shop = Shop::open().await;
    let (mine, others) = (shop.template(json!({}), 2).await, shop.template(json!({}), 2).await);
    shop.client("h5", json!({}), Some(&[&mine["app_id"]])).await;
    lay_out(&shop, "", coupons(&[entry(&[&mine]), entry(&[&others])])).await;

    let heard = shop.get(&signed("h5", CENTER, &[("contentCode", CODE)])).await;

    assert_eq!(statuses(&heard), [(mine["number"].as_str().unwrap().to_owned(), 1)]);
}
