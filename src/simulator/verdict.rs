//! Reads the developer's answer to a callback, as strictly as the platform does.

use serde_json::Value;

use super::caller::Heard;
use super::record::Verdict;

const MOST_CODE: usize = 32;

/// What the answer says, and which departures from the documents were let through.
pub(super) fn read(heard: &Heard) -> (Verdict, Vec<&'static str>) {
    let mut departures = Vec::new();
    let verdict = judge(heard, &mut departures).unwrap_or_else(|why| Verdict::Unclear { why });
    (verdict, departures)
}

fn judge(heard: &Heard, departures: &mut Vec<&'static str>) -> Result<Verdict, String> {
    if let Some(error) = &heard.error {
        return Err(error.clone());
    }
    if heard.status != Some(200) {
        return Err(format!("status {}", heard.status.unwrap_or_default()));
    }
    let body = heard.body.as_deref().unwrap_or_default();
    let answer: Value =
        serde_json::from_str(body).map_err(|_| "the body is not JSON".to_owned())?;
    if !heard.says_json {
        departures.push("callback answer: content type is not JSON");
    }
    let errno = match &answer["errno"] {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => {
            departures.push("callback answer: errno is a number");
            number.as_i64()
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let msg = answer["msg"].as_str();
    if msg.is_none() {
        departures.push("callback answer: no msg");
    }
    match errno {
        None => Err("no errno".to_owned()),
        Some(0) => issued(&answer),
        Some(errno) => Ok(Verdict::Refused { errno, msg: msg.unwrap_or_default().to_owned() }),
    }
}

fn issued(answer: &Value) -> Result<Verdict, String> {
    match answer["data"].as_str() {
        None => Err("data is not a string".to_owned()),
        Some("") => Err("data is empty".to_owned()),
        Some(code) if code.len() > MOST_CODE => Err("data is longer than 32 bytes".to_owned()),
        Some(code) => Ok(Verdict::Issued { code: code.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict_of(status: u16, body: &str) -> Verdict {
        let heard = Heard {
            status: Some(status),
            says_json: true,
            body: Some(body.to_owned()),
            error: None,
            ms: 1,
        };
        read(&heard).0
    }

    #[test]
    fn only_a_whole_success_issues() {
        let success = r#"{"errno":"0","msg":"success","data":"A1"}"#;

        assert_eq!(verdict_of(200, success), Verdict::Issued { code: "A1".to_owned() });
        assert!(!verdict_of(201, success).is_clear());
        assert!(!verdict_of(503, success).is_clear());
    }

    #[test]
    fn what_is_not_a_usable_code_is_unclear() {
        let long = format!(r#"{{"errno":"0","msg":"","data":"{}"}}"#, "a".repeat(33));
        let bodies = [
            r#"{"errno":"0","msg":"success"}"#,
            r#"{"errno":"0","msg":"success","data":""}"#,
            r#"{"errno":"0","msg":"success","data":7}"#,
            r#"{"errno":"0" "msg":"success"}"#,
            r#"{"msg":"success","data":"A1"}"#,
            "success",
            "",
            &long,
        ];

        for body in bodies {
            assert!(!verdict_of(200, body).is_clear(), "{body}");
        }
    }

    #[test]
    fn another_errno_is_a_clear_no() {
        let no = Verdict::Refused { errno: 40001, msg: "sold out".to_owned() };

        assert_eq!(verdict_of(200, r#"{"errno":"40001","msg":"sold out"}"#), no);
        assert_eq!(verdict_of(200, r#"{"errno":40001,"msg":"sold out"}"#), no);
    }
}
