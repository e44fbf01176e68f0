//! What Baidu shows us: templates, banners, statistics. Read leniently, for the documents contradict themselves.

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};
use serde_json::Value;

use super::{envelope::integer, paging::Page};

/// A template as it stands at Baidu: no stock, no callback address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownTemplate {
    /// The `couponTemplateId`.
    #[serde(deserialize_with = "number")]
    pub id: i64,
    /// Baidu's own id of the app.
    #[serde(default, deserialize_with = "number_if_any")]
    pub app_id: i64,
    /// Its name or its look.
    #[serde(default, deserialize_with = "text")]
    pub bg_color: String,
    /// 1 to 5.
    #[serde(default, deserialize_with = "number_if_any")]
    pub coupon_type: i64,
    /// The title.
    #[serde(default, deserialize_with = "text")]
    pub title: String,
    /// One line under the title.
    #[serde(default, deserialize_with = "text")]
    pub description: String,
    /// Unix seconds.
    #[serde(default, deserialize_with = "number_if_any")]
    pub effect_time: i64,
    /// Unix seconds.
    #[serde(default, deserialize_with = "number_if_any")]
    pub expire_time: i64,
    /// How to use it.
    #[serde(default, deserialize_with = "text")]
    pub introduce: String,
    /// The threshold in words.
    #[serde(default, deserialize_with = "text")]
    pub sill: String,
    /// The per-person limit in words.
    #[serde(default, deserialize_with = "text")]
    pub take_limit: String,
    /// `None` where Baidu says nothing sensible.
    #[serde(default, rename = "createTime", deserialize_with = "moment")]
    pub created_at: Option<DateTime<Utc>>,
    /// `None` where Baidu says nothing sensible.
    #[serde(default, rename = "updateTime", deserialize_with = "moment")]
    pub updated_at: Option<DateTime<Utc>>,
    /// 1 once it was deleted.
    #[serde(default, deserialize_with = "number_if_any")]
    pub deleted: i64,
}

/// A banner as it stands at Baidu.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownBanner {
    /// The `couponBannerId`.
    #[serde(deserialize_with = "number")]
    pub id: i64,
    /// The template's.
    #[serde(default, deserialize_with = "number_if_any")]
    pub coupon_template_id: i64,
    /// A path inside the mini-program.
    #[serde(default, deserialize_with = "text")]
    pub dest_url: String,
    /// Where Baidu keeps the picture.
    #[serde(default, deserialize_with = "text")]
    pub pic_url: String,
    /// Shown with the picture.
    #[serde(default, deserialize_with = "text")]
    pub title: String,
    /// 1 once it was deleted.
    #[serde(default, deserialize_with = "number_if_any")]
    pub deleted: i64,
}

/// One template on one day. The comments of the documents are shuffled; the names say what is meant.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DayOfTemplate {
    /// The template's.
    #[serde(rename = "couponId", deserialize_with = "number")]
    pub template: i64,
    /// In China; `None` where Baidu says nothing sensible.
    #[serde(default, rename = "pdate", deserialize_with = "day")]
    pub day: Option<NaiveDate>,
    /// How often it was seen.
    #[serde(default, deserialize_with = "number_if_any")]
    pub view_pv: i64,
    /// By how many.
    #[serde(default, deserialize_with = "number_if_any")]
    pub view_uv: i64,
    /// How often it was taken.
    #[serde(default, deserialize_with = "number_if_any")]
    pub get_pv: i64,
    /// By how many.
    #[serde(default, deserialize_with = "number_if_any")]
    pub get_uv: i64,
    /// Takers among those who saw it.
    #[serde(default, deserialize_with = "rate")]
    pub get_rate: f64,
    /// How often it was used.
    #[serde(default, deserialize_with = "number_if_any")]
    pub use_pv: i64,
    /// By how many.
    #[serde(default, deserialize_with = "number_if_any")]
    pub use_uv: i64,
    /// Users among those who took it.
    #[serde(default, deserialize_with = "rate")]
    pub use_rate: f64,
    /// What is left.
    #[serde(default, deserialize_with = "number_if_any")]
    pub stock: i64,
}

/// One page of a list, as the wire has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePage<T> {
    #[serde(default = "Vec::new")]
    data_list: Vec<T>,
    #[serde(default, deserialize_with = "number_if_any")]
    total: i64,
}

/// Reads one page. A page without `total` is not one.
pub fn page<T: DeserializeOwned>(data: Value) -> Option<Page<T>> {
    data.get("dataList").or(data.get("total"))?;
    // An empty list may come as null.
    let mut data = data;
    if data.get("dataList").is_some_and(Value::is_null) {
        data.as_object_mut()?.remove("dataList");
    }
    let WirePage { data_list, total } = serde_json::from_value(data).ok()?;
    Some(Page { items: data_list, total })
}

/// Above this a time is counted in milliseconds.
const LATEST_SECOND: i64 = 100_000_000_000;

fn number<'de, D: Deserializer<'de>>(value: D) -> Result<i64, D::Error> {
    integer(&Value::deserialize(value)?).ok_or_else(|| D::Error::custom("no integer"))
}

fn number_if_any<'de, D: Deserializer<'de>>(value: D) -> Result<i64, D::Error> {
    Ok(integer(&Value::deserialize(value)?).unwrap_or_default())
}

fn text<'de, D: Deserializer<'de>>(value: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(value)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    })
}

fn rate<'de, D: Deserializer<'de>>(value: D) -> Result<f64, D::Error> {
    Ok(match Value::deserialize(value)? {
        Value::Number(number) => number.as_f64().unwrap_or_default(),
        Value::String(text) => text.parse().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => 0.0,
    })
}

fn moment<'de, D: Deserializer<'de>>(value: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let said = integer(&Value::deserialize(value)?).filter(|said| *said > 0);
    Ok(said.and_then(|said| match said {
        ..=LATEST_SECOND => DateTime::from_timestamp(said, 0),
        _ => DateTime::from_timestamp_millis(said),
    }))
}

fn day<'de, D: Deserializer<'de>>(value: D) -> Result<Option<NaiveDate>, D::Error> {
    let said = text(value)?;
    let moment = DateTime::parse_from_rfc3339(&said).ok();
    let in_china = moment.and_then(|moment| {
        let china = FixedOffset::east_opt(8 * 3600)?;
        Some(moment.with_timezone(&china).date_naive())
    });
    Ok(in_china
        .or_else(|| NaiveDate::parse_from_str(&said, "%Y-%m-%d").ok())
        .or_else(|| NaiveDate::parse_from_str(&said, "%Y%m%d").ok()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_is_read_with_times_in_seconds_or_milliseconds() {
        let shown = |created: Value| {
            let template = json!({ "id": "123", "bgColor": "#9857AE", "couponType": 2, "title": "满减券",
                "effectTime": "1574952776", "description": null, "createTime": created, "new": [1] });
            serde_json::from_value::<ShownTemplate>(template).unwrap()
        };

        let seconds = shown(json!(1_574_900_000));
        assert_eq!((seconds.id, seconds.effect_time), (123, 1_574_952_776));
        assert_eq!((seconds.description.as_str(), seconds.sill.as_str()), ("", ""));
        assert_eq!(seconds.created_at, shown(json!(1_574_900_000_000_i64)).created_at);
        assert_eq!(seconds.created_at.unwrap().timestamp(), 1_574_900_000);
        for nothing in [json!(0), json!(null), json!("soon"), json!(-5)] {
            assert_eq!(shown(nothing).created_at, None);
        }
        assert!(serde_json::from_value::<ShownTemplate>(json!({ "title": "x" })).is_err());
    }

    #[test]
    fn a_day_is_one_in_china_however_it_is_written() {
        let day = |pdate: &str| {
            let day = json!({ "couponId": 1, "pdate": pdate, "getRate": "0.5", "useRate": 0.25 });
            serde_json::from_value::<DayOfTemplate>(day).unwrap()
        };
        let july = NaiveDate::from_ymd_opt(2019, 7, 19);

        for text in ["2019-07-19T05:45:57.323Z", "2019-07-18T16:00:00Z", "2019-07-19", "20190719"] {
            assert_eq!(day(text).day, july, "{text}");
        }
        assert_eq!(day("soon").day, None);
        assert!((day("").get_rate - 0.5).abs() < 1e-9 && (day("").use_rate - 0.25).abs() < 1e-9);
    }

    #[test]
    fn a_page_may_be_empty_but_not_absent() {
        let banner = json!({ "id": 9, "couponTemplateId": 123 });

        let full = page::<ShownBanner>(json!({ "dataList": [banner], "pageNo": 0, "total": "1" }));
        assert_eq!(full.map(|page| (page.items[0].id, page.total)), Some((9, 1)));
        for empty in
            [json!({ "dataList": [], "total": 0 }), json!({ "dataList": null, "total": 0 })]
        {
            assert_eq!(page::<ShownBanner>(empty), Some(Page { items: vec![], total: 0 }));
        }
        for absent in [json!(null), json!({}), json!(true), json!({ "dataList": [{}] })] {
            assert_eq!(page::<ShownBanner>(absent), None);
        }
    }
}
