//! Who calls, and what holds for the answers of both protocols.

use secrecy::SecretString;

use super::{case::Expect, wire::Answer};

/// Somebody who may call.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// zvcms' `OpenId`, Yoho's `client_type`.
    pub name: String,
    /// With which requests are signed.
    pub secret: SecretString,
    /// zvcms' `GrantCode`, or what Yoho's answers are signed with.
    pub beside: String,
}

/// The status, whether there is a body, and what stands somewhere in it.
pub fn usual(expect: &Expect, answer: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    let status = expect.http.unwrap_or(200);
    if answer.status != status {
        found.push(format!("the status of HTTP is {} and not {status}", answer.status));
    }
    if expect.empty && !answer.body.is_empty() {
        found.push("there is a body".to_owned());
    }
    let absent = expect.contains.iter().filter(|text| !answer.body.contains(*text));
    found.extend(absent.map(|text| format!("`{text}` does not stand in the body")));
    found
}
