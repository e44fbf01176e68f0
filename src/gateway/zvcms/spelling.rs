//! Numbers and truths in an answer: of the declared types, or as texts, which is how the original's sample has them.

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

use super::failure::{Failure, OK};

/// How one client hears them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// As they are declared.
    Declared,
    /// As texts.
    Strings,
}

/// An integer in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number(pub i64, pub Spelling);

/// One of the three outcomes, as it is sent.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'a> {
    /// What was asked for, already written, or why there is nothing.
    pub told: Result<&'a RawValue, &'a Failure>,
    /// How the client hears it.
    pub spelling: Spelling,
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.1 {
            Spelling::Declared => serializer.serialize_i64(self.0),
            Spelling::Strings => serializer.collect_str(&self.0),
        }
    }
}

impl Serialize for Outcome<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(None)?;
        match self.told {
            Ok(data) => {
                match self.spelling {
                    Spelling::Declared => body.serialize_entry("status", &true)?,
                    Spelling::Strings => body.serialize_entry("status", "true")?,
                }
                body.serialize_entry("code", &Number(OK.0, self.spelling))?;
                body.serialize_entry("message", OK.1)?;
                body.serialize_entry("data", data)?;
            }
            // Also in the sample, the status of a failure is no text.
            Err(failure) => {
                body.serialize_entry("status", &failure.is_business())?;
                body.serialize_entry("code", &Number(failure.code(), self.spelling))?;
                body.serialize_entry("message", &failure.message())?;
            }
        }
        body.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_three_outcomes_and_only_success_has_data() {
        let data = RawValue::from_string(r#"{"item_list":[]}"#.to_owned()).unwrap();
        for (told, spelling, body) in [
            (
                Ok(&*data),
                Spelling::Declared,
                r#"{"status":true,"code":0,"message":"操作成功","data":{"item_list":[]}}"#,
            ),
            (
                Err(&Failure::NotFound),
                Spelling::Declared,
                r#"{"status":true,"code":20002,"message":"查询的信息不存在"}"#,
            ),
            (
                Err(&Failure::BadToken),
                Spelling::Declared,
                r#"{"status":false,"code":10004,"message":"签名错误"}"#,
            ),
            (
                Ok(&*data),
                Spelling::Strings,
                r#"{"status":"true","code":"0","message":"操作成功","data":{"item_list":[]}}"#,
            ),
            (
                Err(&Failure::NotFound),
                Spelling::Strings,
                r#"{"status":true,"code":"20002","message":"查询的信息不存在"}"#,
            ),
        ] {
            let outcome = Outcome { told, spelling };

            assert_eq!(serde_json::to_string(&outcome).unwrap(), body);
        }
    }
}
