//! What Baidu hears. `errno` is a string, as in the documented sample.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::wire::Malformed;
use crate::domain::{
    claim::{ClaimRefusal, FinalRefusal, PassingRefusal},
    code::CouponCode,
};

/// Every way to answer a callback.
#[derive(Debug)]
pub enum Reply {
    /// The user has the coupon.
    Code(CouponCode),
    /// A definite "no": Baidu stops asking.
    Refused(ClaimRefusal),
    /// The token's placement is another template on Baidu.
    OtherTemplate,
    /// The sign does not match.
    BadSign,
    /// Not a body that Baidu sends.
    Malformed(Malformed),
    /// Nobody knows this address.
    NotFound,
    /// The body is too large.
    TooLarge,
    /// The body is a form, or encoded.
    NotJson,
    /// The body did not arrive in time.
    TooSlow,
    /// Trouble of ours: no clear result, so that Baidu tries again.
    Busy,
}

#[derive(Serialize)]
struct Body<'a> {
    errno: &'a str,
    msg: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
}

/// Baidu's own number for "parameter error", the only one documented for refusals in general.
const REFUSED: &str = "40001";

impl Reply {
    /// The name in metrics.
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::Code(_) => "issued",
            Self::Refused(ClaimRefusal::Final(_)) => "refused",
            Self::Refused(ClaimRefusal::Passing(PassingRefusal::RecordTaken)) => "record_conflict",
            Self::Refused(ClaimRefusal::Passing(_)) => "refused_for_now",
            Self::OtherTemplate => "other_template",
            Self::BadSign => "bad_sign",
            Self::Malformed(_) | Self::TooLarge | Self::NotJson | Self::TooSlow => "malformed",
            Self::NotFound => "not_found",
            Self::Busy => "busy",
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Self::Code(code) => json(StatusCode::OK, "0", "success", Some(code.as_str())),
            Self::Refused(refusal) => json(StatusCode::OK, REFUSED, message(refusal), None),
            Self::OtherTemplate => json(StatusCode::OK, REFUSED, "优惠券不存在", None),
            Self::BadSign => json(StatusCode::OK, REFUSED, "签名错误", None),
            Self::Malformed(why) => json(StatusCode::BAD_REQUEST, REFUSED, &why.to_string(), None),
            Self::NotFound => (StatusCode::NOT_FOUND, "not found").into_response(),
            Self::TooLarge => unread(StatusCode::PAYLOAD_TOO_LARGE, "too large"),
            Self::NotJson => unread(StatusCode::UNSUPPORTED_MEDIA_TYPE, "JSON only"),
            Self::TooSlow => unread(StatusCode::REQUEST_TIMEOUT, "too slow"),
            // Never an empty body: on Baidu's newer push that means "received".
            Self::Busy => {
                let again = [(header::RETRY_AFTER, HeaderValue::from_static("1"))];
                (StatusCode::SERVICE_UNAVAILABLE, again, "busy").into_response()
            }
        }
    }
}

/// A body that was not read to its end ends the connection; saying so keeps the caller from using it once more.
fn unread(status: StatusCode, text: &'static str) -> Response {
    let close = [(header::CONNECTION, HeaderValue::from_static("close"))];
    (status, close, text).into_response()
}

fn json(status: StatusCode, errno: &str, msg: &str, data: Option<&str>) -> Response {
    let body = serde_json::to_vec(&Body { errno, msg, data }).unwrap_or_default();
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (status, kind, body).into_response()
}

/// One text per reason, for ever: a repeated record hears the same bytes.
const fn message(refusal: ClaimRefusal) -> &'static str {
    match refusal {
        ClaimRefusal::Final(FinalRefusal::Ended) => "活动已结束",
        ClaimRefusal::Final(FinalRefusal::Closed) => "领取时间已过",
        ClaimRefusal::Final(FinalRefusal::NotEligible) => "不符合领取条件",
        ClaimRefusal::Final(FinalRefusal::LimitReached) => "已达领取上限",
        ClaimRefusal::Final(FinalRefusal::SoldOut) => "已领完",
        ClaimRefusal::Passing(PassingRefusal::Unknown) => "优惠券不存在",
        ClaimRefusal::Passing(PassingRefusal::Paused) => "暂停领取",
        ClaimRefusal::Passing(PassingRefusal::NotOpen) => "领取尚未开始",
        ClaimRefusal::Passing(PassingRefusal::Stale) => "请求已过期",
        ClaimRefusal::Passing(PassingRefusal::NotTheirs) => "会员身份不符",
        ClaimRefusal::Passing(PassingRefusal::Reserved) => "有一张券正在领取中",
        ClaimRefusal::Passing(PassingRefusal::RecordTaken) => "领取记录冲突",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_code_is_told_in_the_documented_form() {
        let reply = Reply::Code(CouponCode::parse("A1").unwrap()).into_response();

        assert_eq!(reply.status(), 200);
        let body = axum::body::to_bytes(reply.into_body(), 1000).await.unwrap();
        assert_eq!(&body[..], br#"{"errno":"0","msg":"success","data":"A1"}"#);
    }

    #[test]
    fn who_sends_a_body_that_is_not_read_is_told_to_connect_anew() {
        for reply in [Reply::TooLarge, Reply::NotJson, Reply::TooSlow] {
            assert_eq!(reply.into_response().headers()[header::CONNECTION], "close");
        }
    }
}
