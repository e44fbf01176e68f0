//! Refusals as callers read them.

use super::*;

fn bodies(error: &ApiError) -> Value {
    let read = |language| serde_json::from_slice::<Value>(&error.body(language)).unwrap();
    Value::from(vec![read(Language::Chinese), read(Language::English)])
}

#[test]
fn a_refusal_that_people_see_is_told_in_their_language_with_its_figures() {
    let refused = ApiError::refused(Code::ThresholdNotMet, "100.00 yuan are needed")
        .in_chinese("满 100.00 元可用")
        .with("needs_fen", 10_000)
        .with("has_fen", 8_000);

    insta::assert_json_snapshot!(bodies(&refused), @r#"
    [
      {
        "code": "threshold_not_met",
        "detail": "满 100.00 元可用",
        "has_fen": 8000,
        "needs_fen": 10000,
        "status": 409,
        "title": "未达到使用门槛",
        "type": "urn:kaquan:problem:threshold_not_met"
      },
      {
        "code": "threshold_not_met",
        "detail": "100.00 yuan are needed",
        "has_fen": 8000,
        "needs_fen": 10000,
        "status": 409,
        "title": "The threshold is not met",
        "type": "urn:kaquan:problem:threshold_not_met"
      }
    ]
    "#);
}

#[test]
fn without_a_chinese_detail_people_are_told_the_title_and_programs_the_english_one() {
    let (people, programs) = (Code::SoldOut, Code::InvalidQuery);
    let refused = [
        bodies(&ApiError::refused(people, "nothing is left")),
        bodies(&ApiError::refused(programs, "limit is 1 to 200").at("limit")),
    ];

    insta::assert_json_snapshot!(refused, @r#"
    [
      [
        {
          "code": "sold_out",
          "detail": "优惠券已抢光",
          "status": 409,
          "title": "优惠券已抢光",
          "type": "urn:kaquan:problem:sold_out"
        },
        {
          "code": "sold_out",
          "detail": "nothing is left",
          "status": 409,
          "title": "Sold out",
          "type": "urn:kaquan:problem:sold_out"
        }
      ],
      [
        {
          "code": "invalid_query",
          "detail": "limit is 1 to 200",
          "param": "limit",
          "status": 400,
          "title": "查询参数不正确",
          "type": "urn:kaquan:problem:invalid_query"
        },
        {
          "code": "invalid_query",
          "detail": "limit is 1 to 200",
          "param": "limit",
          "status": 400,
          "title": "The query is not acceptable",
          "type": "urn:kaquan:problem:invalid_query"
        }
      ]
    ]
    "#);
}

#[tokio::test]
async fn the_answer_names_its_language_and_when_to_come_back() {
    let answer = async || ApiError::refused(Code::Busy, "too busy").into_response();

    let english = Language::English.scope(answer()).await;
    let chinese = answer().await;

    assert_eq!(english.headers()["content-language"], "en");
    assert_eq!(chinese.headers()["content-language"], "zh-CN");
    assert_eq!(
        (&english.headers()["vary"], &english.headers()["retry-after"]),
        (&"Accept-Language".parse().unwrap(), &"1".parse().unwrap())
    );
    assert_eq!(english.extensions().get::<Code>(), Some(&Code::Busy));
}

#[test]
fn whoever_is_too_quick_is_told_when_to_come_back() {
    let asks = |error: ApiError| error.into_response().headers().get("retry-after").cloned();
    let too_many = || ApiError::refused(Code::RateLimited, "too many");

    assert_eq!(asks(too_many()), Some("1".parse().unwrap()));
    assert_eq!(asks(too_many().retry_after(7)), Some("7".parse().unwrap()));
    assert_eq!(asks(ApiError::not_found("nothing")), None);
}
