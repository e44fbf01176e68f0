//! The body of a callback, as documented or as a fault bends it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::fault::Plan;
use super::sign::{Salt, sign};
use super::state::RecordKey;

/// Who asks for what.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub record_id: String,
    pub app_key: String,
    pub open_id: String,
    pub template_id: i64,
    pub url: String,
}

impl Ask {
    /// Where its record is.
    pub fn key(&self) -> RecordKey {
        (self.app_key.clone(), self.record_id.clone())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Letter<'a> {
    record_id: &'a str,
    open_id: &'a str,
    coupon_template_id: NumberOrText,
    timestamp: NumberOrText,
    sign: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(i64),
    Text(String),
}

/// Writes the call for `ask` at `now`.
pub(super) fn write(ask: &Ask, plan: &Plan, salt: Salt, now: DateTime<Utc>) -> String {
    let stale = TimeDelta::try_seconds(plan.stale_seconds.unwrap_or(0)).unwrap_or_default();
    let stamp = now.checked_add_signed(stale).unwrap_or(now).timestamp();
    let salt = if plan.salt_v2 { Salt::V2 } else { salt };
    let mut record_id = ask.record_id.clone();
    let mut open_id = plan.other_person.as_ref().unwrap_or(&ask.open_id).clone();
    if plan.shifted && !open_id.is_empty() {
        record_id.push(open_id.remove(0));
    }

    let template = ask.template_id.to_string();
    let mut sign = sign(salt, &record_id, &open_id, &template, &stamp.to_string());
    if plan.broken_sign {
        let other = if sign.starts_with('0') { "1" } else { "0" };
        sign.replace_range(..1, other);
    }
    let number = |value: i64| {
        if plan.numbers_as_text {
            NumberOrText::Text(value.to_string())
        } else {
            NumberOrText::Number(value)
        }
    };
    let letter = Letter {
        record_id: &record_id,
        open_id: &open_id,
        coupon_template_id: number(ask.template_id),
        timestamp: number(stamp),
        sign,
    };
    // Texts and numbers always serialise.
    serde_json::to_string(&letter).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::fault::Fault;

    fn written(faults: &[Fault]) -> serde_json::Value {
        let ask = Ask {
            record_id: "r-1".to_owned(),
            app_key: String::new(),
            open_id: "k02HEREQhWhWWB5WYqYT1ITUGX".to_owned(),
            template_id: 23_830_866,
            url: String::new(),
        };
        let now = DateTime::from_timestamp(1_574_952_776, 0).unwrap();
        serde_json::from_str(&write(&ask, &Plan::of(faults), Salt::V1, now)).unwrap()
    }

    #[test]
    fn the_documented_call_comes_out_whole() {
        let expected = serde_json::json!({
            "recordId": "r-1",
            "openId": "k02HEREQhWhWWB5WYqYT1ITUGX",
            "couponTemplateId": 23_830_866,
            "timestamp": 1_574_952_776,
            "sign": "d0d7f4468d8d0a17f02d07dede6b5820",
        });

        assert_eq!(written(&[]), expected);
    }

    #[test]
    fn a_shifted_boundary_keeps_the_sign() {
        let shifted = written(&[Fault::ShiftBoundary]);

        assert_eq!(shifted["recordId"], "r-1k");
        assert_eq!(shifted["openId"], "02HEREQhWhWWB5WYqYT1ITUGX");
        assert_eq!(shifted["sign"], "d0d7f4468d8d0a17f02d07dede6b5820");
    }

    #[test]
    fn each_bend_changes_what_it_says_and_nothing_else() {
        let plain = written(&[]);
        let cases = [
            (Fault::BreakSign, vec!["sign"]),
            (Fault::SaltV2, vec!["sign"]),
            (Fault::Stale { seconds: -600 }, vec!["sign", "timestamp"]),
            (Fault::NumbersAsText, vec!["couponTemplateId", "timestamp"]),
            (Fault::OtherPerson { open_id: "o".to_owned() }, vec!["openId", "sign"]),
        ];

        for (fault, expected) in cases {
            let bent = written(std::slice::from_ref(&fault));

            let names = plain.as_object().unwrap().keys();
            let changed: Vec<_> = names.filter(|name| bent[*name] != plain[*name]).collect();
            assert_eq!(changed, expected, "{fault:?}");
        }
    }
}
