//! The statistics: rows by template and by day in China.

use chrono::TimeDelta;
use kaquan::simulator::take::TakeOrder;
use serde_json::json;

use crate::asked::told;
use crate::developer::Manner;
use crate::stage::Stage;

/// The day of the first moment, in China: 2019-11-28 22:52.
const TODAY: &str = "20191128";

#[tokio::test]
async fn a_row_is_as_documented() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;
    for open_id in ["open-1", "open-1", "open-2"] {
        stage.simulator.take(TakeOrder::new(template, open_id)).await.unwrap();
    }
    stage.sync(&told(template, "r-1", "open-2", "A1")).await;
    stage.write_off("r-1", "open-2").await;

    let query =
        [("statDateStart", TODAY), ("statDateEnd", TODAY), ("pageNo", "0"), ("pageSize", "20")];
    let body = stage.post("coupon/couponStat", &query).await;

    let row = json!({
        "appKey": "sim-app-key", "couponId": template, "pdate": "2019-11-28T14:52:56.000Z",
        "viewPv": 12, "viewUv": 6, "getPv": 4, "getUv": 2, "getRate": 0.3333,
        "usePv": 1, "useUv": 1, "useRate": 0.5, "stock": 97,
    });
    let data = json!({ "dataList": [row], "pageNo": 0, "total": 1 });
    assert_eq!(body, json!({ "data": data, "errno": 0, "msg": "" }));
    assert!(stage.simulator.report().is_clean());
}

#[tokio::test]
async fn syncs_may_be_left_out_of_the_count() {
    let stage = Stage::with(|switches| switches.stat_counts_synced = false).await;
    let (_, template) = stage.offer(Manner::Honest).await;
    stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();
    stage.sync(&told(template, "r-1", "open-2", "A1")).await;

    let rows = stage.stat(TODAY, TODAY).await;

    assert_eq!((&rows[0]["getPv"], &rows[0]["getUv"]), (&json!(1), &json!(1)));
    assert_eq!(stage.simulator.figures()[0].synced, 1);
}

#[tokio::test]
async fn a_day_ends_at_midnight_in_china_and_a_quiet_day_has_a_row() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;
    stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();
    stage.simulator.advance(TimeDelta::hours(2));
    stage.simulator.take(TakeOrder::new(template, "open-2")).await.unwrap();
    stage.simulator.advance(TimeDelta::days(1));

    let rows = stage.stat("20191101", "20191231").await;

    let shown: Vec<_> = rows
        .iter()
        .map(|row| {
            let day = row["pdate"].as_str().unwrap().get(..10).unwrap().to_owned();
            (day, row["getPv"].as_i64().unwrap(), row["stock"].as_i64().unwrap())
        })
        .collect();
    let expected = [("2019-11-28", 1, 99), ("2019-11-29", 1, 98), ("2019-11-30", 0, 98)];
    assert_eq!(shown, expected.map(|(day, got, stock)| (day.to_owned(), got, stock)));
    assert_eq!(rows[2]["getRate"], json!(0));
}

#[tokio::test]
async fn rows_come_in_pages_from_zero() {
    let stage = Stage::set().await;
    for number in 0..5 {
        stage.template(&format!("http://127.0.0.1:9/{number}")).await;
    }
    let page = async |number: &str| {
        let query = [
            ("statDateStart", TODAY),
            ("statDateEnd", TODAY),
            ("pageNo", number),
            ("pageSize", "2"),
        ];
        let body = stage.post("coupon/couponStat", &query).await;
        let data = &body["data"];
        assert_eq!(data["total"], 5);
        data["dataList"].as_array().unwrap().len()
    };

    assert_eq!([page("0").await, page("1").await, page("2").await, page("3").await], [2, 2, 1, 0]);
}

#[tokio::test]
async fn days_that_are_none_are_refused() {
    let stage = Stage::set().await;
    let cases = [
        ("20191128", "today", 41000),
        ("20191128", "", 40001),
        ("2019-11-28", TODAY, 40001),
        ("20191131", TODAY, 40001),
        ("20191129", TODAY, 40001),
        ("19000101", TODAY, 40001),
    ];

    for (from, until, errno) in cases {
        let query = [("statDateStart", from), ("statDateEnd", until), ("pageNo", "0")];
        let body = stage.post("coupon/couponStat", &query).await;

        assert_eq!(body["errno"], errno, "{from} to {until}: {body}");
    }
}
