//! Templates after their creation: replaced whole, deleted, listed.

use chrono::TimeDelta;
use kaquan::simulator::take::TakeOrder;
use serde_json::{Value, json};

use crate::asked::done;
use crate::developer::Manner;
use crate::stage::{NOW, Stage};

const NOWHERE: &str = "http://127.0.0.1:9/callback";

async fn update(stage: &Stage, id: i64, changes: &[(&str, &str)]) -> Value {
    let id = id.to_string();
    let mut query = vec![("couponTemplateId", id.as_str())];
    let terms = Stage::terms(NOWHERE);
    for (name, value) in &terms {
        let change = changes.iter().find(|(changed, _)| changed == name);
        query.push((name, change.map_or(value.as_str(), |(_, value)| value)));
    }
    stage.post("coupon/update", &query).await
}

async fn delete(stage: &Stage, id: i64) -> Value {
    stage.post("coupon/delete", &[("couponTemplateId", &id.to_string())]).await
}

#[tokio::test]
async fn an_update_replaces_everything_and_shows_the_colour_as_it_looks() {
    let stage = Stage::set().await;
    let id = stage.template(NOWHERE).await;
    stage.simulator.advance(TimeDelta::seconds(60));

    let body = update(&stage, id, &[("title", "新标题"), ("bgColor", "#b82c28")]).await;

    let template = json!({
        "id": id, "appId": 10_000_001, "bgColor": "#B82C28", "couponType": 2,
        "title": "新标题", "description": "", "effectTime": NOW, "expireTime": NOW + 86_400,
        "introduce": "说明", "sill": "满199元可用", "takeLimit": "每人限领一张",
        "createTime": NOW, "updateTime": NOW + 60, "deleted": 0,
    });
    assert_eq!(body, json!({ "data": template, "errno": 0, "msg": "" }));
    assert_eq!(stage.simulator.templates()[0].bg_color, "B080");
    assert!(stage.simulator.report().is_clean());
}

#[tokio::test]
async fn an_update_needs_its_template_and_all_its_terms() {
    let stage = Stage::set().await;
    let id = stage.template(NOWHERE).await;
    let cases = [
        (id, "title", "", 40001),
        (id, "bgColor", "B180", 40001),
        (id, "couponType", "two", 41000),
        (id, "expireTime", "1", 40001),
        (id + 1, "title", "新标题", 70001),
    ];

    for (template, name, value, errno) in cases {
        let body = update(&stage, template, &[(name, value)]).await;

        assert_eq!(body["errno"], errno, "{name}={value}: {body}");
    }
    let terms = Stage::terms(NOWHERE);
    let terms: Vec<_> = terms.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(stage.post("coupon/update", &terms).await["errno"], 40001);
    assert_eq!(stage.simulator.templates()[0].title, "京东618满199减100券");
}

#[tokio::test]
async fn takes_go_to_the_new_address_after_an_update() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;
    let other = crate::developer::Developer::start(Manner::Honest).await;

    update(&stage, template, &[("callbackUrl", &other.url)]).await;
    stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();

    assert_eq!((developer.heard().len(), other.heard().len()), (0, 1));
}

#[tokio::test]
async fn a_deleted_template_is_gone_and_its_coupons_stay() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;
    let taken = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();

    assert_eq!(delete(&stage, template).await, json!({ "data": true, "errno": 0, "msg": "" }));

    let gone = json!({ "errno": 70001, "msg": "优惠券不存在" });
    assert_eq!(delete(&stage, template).await, gone);
    assert_eq!(update(&stage, template, &[]).await, gone);
    assert_eq!(stage.list(&[]).await["data"]["total"], 0);
    assert_eq!(stage.only_held("open-1").code, "CODE1");
    assert_eq!(stage.write_off(&taken.record_id, "open-1").await, done());
}

#[tokio::test]
async fn what_is_deleted_may_be_created_anew() {
    let stage = Stage::set().await;
    let first = stage.template(NOWHERE).await;

    delete(&stage, first).await;
    let second = stage.template(NOWHERE).await;

    assert_ne!(first, second);
    assert!(stage.simulator.report().is_clean());
}

#[tokio::test]
async fn pages_zero_and_one_are_both_the_first_unless_switched() {
    for tolerant in [true, false] {
        let stage = Stage::with(|switches| switches.first_page_tolerance = tolerant).await;
        for number in 0..3 {
            stage.template(&format!("{NOWHERE}/{number}")).await;
        }
        let page = async |page: &str| {
            let body = stage.list(&[("page", page), ("pageSize", "2")]).await;
            body["data"]["dataList"].as_array().unwrap().len()
        };

        let sizes = [page("0").await, page("1").await, page("2").await];

        assert_eq!(sizes, if tolerant { [2, 2, 1] } else { [2, 1, 0] });
    }
}
