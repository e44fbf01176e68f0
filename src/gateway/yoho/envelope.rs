//! What callers hear. The digest covers the exact text of `data`, so that text is written once and not touched again.

use std::borrow::Cow;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use md5::{Digest, Md5};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::refusal::Refusal;
use crate::domain::figure::receipt;

/// An answer with all members.
#[derive(Debug)]
pub struct Said<'a> {
    /// 200, or why not where the original says so in full.
    pub code: u16,
    /// For people.
    pub message: Cow<'a, str>,
    /// As it is hashed and as it is sent; structures declare their members in alphabetical order.
    pub data: Box<RawValue>,
}

/// Fen that are written as yuan with two decimals, as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money(pub i64);

/// Members in alphabetical order, as the original's serialiser wrote them.
#[derive(Serialize)]
struct Full<'a> {
    alg: &'static str,
    code: u16,
    data: &'a RawValue,
    md5: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Bare<'a> {
    code: u16,
    message: &'a str,
}

impl<'a> Said<'a> {
    /// A "yes".
    pub fn ok(message: impl Into<Cow<'a, str>>, data: &impl Serialize) -> Result<Self, Refusal> {
        let data = to_raw_value(data).map_err(|_| Refusal::Internal)?;
        Ok(Self { code: 200, message: message.into(), data })
    }

    /// A "no" in full: `data` is an empty list.
    pub fn no(code: u16, message: impl Into<Cow<'a, str>>) -> Result<Self, Refusal> {
        let data = to_raw_value(&[(); 0]).map_err(|_| Refusal::Internal)?;
        Ok(Self { code, message: message.into(), data })
    }

    /// As it is sent to a client with this salt.
    pub fn under(&self, salt: &SecretString) -> Response {
        let Self { code, message, data } = self;
        let mut digest = [0; 32];
        let hash = Md5::new()
            .chain_update(salt.expose_secret())
            .chain_update(b":")
            .chain_update(data.get())
            .finalize();
        let md5 = hex::encode_to_slice(hash, &mut digest).ok();
        let md5 = md5.and_then(|()| std::str::from_utf8(&digest).ok()).unwrap_or_default();
        json(&Full { alg: "SALT_MD5", code: *code, data, md5, message })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if self == Self::SessionLost {
            return empty(StatusCode::UNAUTHORIZED);
        }
        if self == Self::Internal {
            return empty(StatusCode::INTERNAL_SERVER_ERROR);
        }
        json(&Bare { code: self.code(), message: &self.message() })
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = RawValue::from_string(receipt(self.0)).map_err(serde::ser::Error::custom)?;
        text.serialize(serializer)
    }
}

fn json(body: &impl Serialize) -> Response {
    let Ok(text) = serde_json::to_vec(body) else {
        return empty(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/json;charset=UTF-8");
    headers.insert(header::CONTENT_TYPE, kind);
    // An answer can hold a code, also one to a GET.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// No body: callers tell the two from codes by that.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    async fn body(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    async fn sent(data: &str, salt: &str) -> String {
        let data = RawValue::from_string(data.to_owned()).unwrap();
        body(Said { code: 200, message: "请求成功".into(), data }.under(&salt.into())).await
    }

    #[tokio::test]
    async fn gives_the_published_digests() {
        let row = r#"[{"couponAmount":50.00,"couponCode":"","couponName":"12月生日券-满199减50","endTime":"2017-01-31 09:45:40","id":2030,"startTime":"2013-12-01 00:00:00","status":1,"useLimit":"199","useLimitType":"2"}]"#;
        for (data, md5) in [
            ("[]", "354ddea4f75a9a46648f2e822e60268a"),
            ("{}", "ae7920c977f041752d0de5c0b9258804"),
            (r#""123456abcdef""#, "0af48400cc789a1b37f18f41c26d9ff9"),
            (r#"{"total":3}"#, "6e59d6ed99111aedebb271b216a30333"),
            (row, "db56e2de5c1c34f02a753034bc7dfb37"),
            (&row.replace("50.00", "50"), "17d3d59aeb4207393fc7dbbcad785cd0"),
            (
                r#"{"failed":[{"code":401,"couponId":"45231","message":"优惠券已经领取"}],"success":["23121"]}"#,
                "cd483349e82c41b10950b4792e3958a8",
            ),
            (
                r#"[{"data":{"isShow":"YES","list":[{"couponID":"2516,2376","goShopping":"http://example.test/a","image":{"src":"http://example.test/{mode}/w/{width}/h/{height}","url":""},"status":1}],"title":"标题内容"},"template_id":1111255,"template_name":"getCoupon"}]"#,
                "1cb3aec6d6787f71842ea7c1eca46a30",
            ),
        ] {
            let expected = format!(
                r#"{{"alg":"SALT_MD5","code":200,"data":{data},"md5":"{md5}","message":"请求成功"}}"#
            );
            assert_eq!(sent(data, "test-response-salt").await, expected);
        }
    }

    #[tokio::test]
    async fn gives_the_digests_of_the_original_under_its_salt() {
        const ITS_SALT: &str = "fd4ad5fcsa0de589af23234ks1923ks";
        let golden = include_str!("../../../tests/fixtures/yoho/golden.json").trim_end();
        for (data, md5) in [
            (golden, "c957283765172838f577de4228d45a42"),
            ("3", "8f9df5102b7c7304f19b994c3e41ad1a"),
            ("2", "ca6bab969f97634ec41ecab841920e30"),
        ] {
            let sent = sent(data, ITS_SALT).await;
            assert!(sent.contains(&format!(r#","md5":"{md5}","#)), "{sent}");
        }
    }

    #[tokio::test]
    async fn absent_data_is_an_empty_list_and_texts_are_not_escaped() {
        let said = Said::no(400, "资源位模板不存在！").unwrap();
        let link = Said::ok("操作成功", &json!("http://例.test/\"券\"")).unwrap();

        assert_eq!(
            body(said.under(&"test-response-salt".into())).await,
            r#"{"alg":"SALT_MD5","code":400,"data":[],"md5":"354ddea4f75a9a46648f2e822e60268a","message":"资源位模板不存在！"}"#
        );
        assert!(body(link.under(&"s".into())).await.contains(r#""data":"http://例.test/\"券\"","#));
    }

    #[tokio::test]
    async fn a_refusal_has_exactly_two_members_or_no_body() {
        let known = Refusal::PerUserLimit.into_response();
        assert_eq!(known.status(), 200);
        assert_eq!(known.headers()["content-type"], "application/json;charset=UTF-8");
        assert_eq!(known.headers()["cache-control"], "no-store");
        assert_eq!(body(known).await, r#"{"code":401,"message":"优惠券已经领取"}"#);
        for (refusal, status) in [(Refusal::SessionLost, 401), (Refusal::Internal, 500)] {
            let response = refusal.into_response();
            assert_eq!(response.status(), status);
            assert_eq!(body(response).await, "");
        }
    }

    #[test]
    fn money_has_two_decimals_always() {
        for (fen, text) in [(5000, "50.00"), (5, "0.05"), (0, "0.00"), (12_345, "123.45")] {
            assert_eq!(serde_json::to_string(&Money(fen)).unwrap(), text);
        }
    }
}
