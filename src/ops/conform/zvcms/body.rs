//! The kinds of bodies that zvcms' callers send.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::form_urlencoded::{self, byte_serialize};

use super::plain;

/// How the fields are written.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An object.
    #[default]
    Json,
    /// An object in which `Params` is a text that holds one.
    JsonText,
    /// A form in which `Params` is such a text.
    Form,
    /// A form with a field for each of the parameters.
    Brackets,
    /// The same in parts.
    Multipart,
}

const BOUNDARY: &str = "conform-0c8e1f";

impl Kind {
    /// As it is announced.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json | Self::JsonText => "application/json",
            Self::Form | Self::Brackets => "application/x-www-form-urlencoded",
            Self::Multipart => "multipart/form-data; boundary=conform-0c8e1f",
        }
    }

    /// The body. A token that is to be left as it is stands bare in a form.
    pub fn write(
        self,
        mut fields: Map<String, Value>,
        token: Option<(String, bool)>,
    ) -> anyhow::Result<Vec<u8>> {
        if matches!(self, Self::Json | Self::JsonText) {
            if let Some((token, _)) = token {
                fields.insert("Token".to_owned(), json!(token));
            }
            if matches!(self, Self::JsonText) {
                let text = fields.get("Params").unwrap_or(&Value::Null).to_string();
                fields.insert("Params".to_owned(), json!(text));
            }
            return Ok(serde_json::to_vec(&fields)?);
        }
        let mut pairs = self.pairs(&fields);
        if let Some((token, false)) = &token {
            pairs.push(("Token".to_owned(), token.clone()));
        }
        if matches!(self, Self::Multipart) {
            return Ok(multipart(&pairs).into_bytes());
        }
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(&pairs);
        let mut body = form.finish();
        if let Some((token, true)) = token {
            // Everything is encoded, but for the plus.
            let parts: Vec<String> =
                token.split('+').map(|part| byte_serialize(part.as_bytes()).collect()).collect();
            body.push_str("&Token=");
            body.push_str(&parts.join("+"));
        }
        Ok(body.into_bytes())
    }

    fn pairs(self, fields: &Map<String, Value>) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for (name, value) in fields {
            match (name.as_str(), value) {
                ("Params", Value::Object(params)) if !matches!(self, Self::Form) => {
                    let params = params.iter();
                    pairs.extend(
                        params.map(|(name, value)| (format!("Params[{name}]"), plain(value))),
                    );
                }
                _ => pairs.push((name.clone(), plain(value))),
            }
        }
        pairs
    }
}

fn multipart(pairs: &[(String, String)]) -> String {
    let parts = pairs.iter().map(|(name, value)| {
        format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    });
    parts.chain([format!("--{BOUNDARY}--\r\n")]).collect()
}
