//! Whether two requests are the same: a hash of all that makes a request this one.
//!
//! Of a form of parts that is all but its boundary, which clients draw anew for each request.

use http::{HeaderValue, header, request::Parts};
use sha2::{Digest, Sha256};

/// What is hashed of a content type that names a boundary, and the line that begins each part.
struct Form {
    content_type: [Vec<u8>; 2],
    delimiter: Vec<u8>,
}

/// Boundaries have at most so many bytes (RFC 2046, section 5.1.1); a form with another one is taken as it is.
const LONGEST_BOUNDARY: usize = 70;

/// Of method, address, content type and body; each part behind its length.
pub fn of(request: &Parts, body: &[u8]) -> [u8; 32] {
    let content_type = request.headers.get(header::CONTENT_TYPE);
    let content_type = content_type.map(HeaderValue::as_bytes).unwrap_or_default();
    let query = request.uri.query().unwrap_or_default();
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    };
    for part in [request.method.as_str(), request.uri.path(), query] {
        add(part.as_bytes());
    }
    if let Some(form) = form(content_type) {
        form.content_type.iter().for_each(|part| add(part));
        between(body, &form.delimiter).for_each(add);
    } else {
        add(content_type);
        add(body);
    }
    hash.finalize().into()
}

/// The form that this content type announces, if it is one.
fn form(content_type: &[u8]) -> Option<Form> {
    let text = std::str::from_utf8(content_type).ok()?;
    let lower = text.to_ascii_lowercase();
    if !lower.trim_start().starts_with("multipart/") {
        return None;
    }
    let begin = lower.find("boundary=")? + "boundary=".len();
    let value = &text[begin..];
    let (boundary, rest) = match value.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => value.split_at(value.find([';', ' ', '\t']).unwrap_or(value.len())),
    };
    (1..=LONGEST_BOUNDARY).contains(&boundary.len()).then(|| Form {
        content_type: [text[..begin].into(), rest.into()],
        delimiter: format!("\r\n--{boundary}").into(),
    })
}

/// What stands between the delimiters, before the first and after the last. The first may begin the body.
fn between<'a>(body: &'a [u8], delimiter: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let begins = delimiter.strip_prefix(b"\r\n").and_then(|first| body.strip_prefix(first));
    let mut rest = Some(begins.unwrap_or(body));
    let before = begins.map(|_| &body[..0]);
    let parts = std::iter::from_fn(move || {
        let here = rest?;
        let Some(place) = find(here, delimiter) else { return rest.take() };
        rest = Some(&here[place + delimiter.len()..]);
        Some(&here[..place])
    });
    before.into_iter().chain(parts)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|here| here == wanted)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use http::Request;

    use super::*;

    fn hash(content_type: &str, body: &str) -> [u8; 32] {
        let request = Request::post("/v1/a?b=c").header("content-type", content_type).body(());
        of(&request.unwrap().into_parts().0, body.as_bytes())
    }

    fn form(boundary: &str, value: &str) -> [u8; 32] {
        let body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{value}\r\n--{boundary}--\r\n"
        );
        hash(&format!("multipart/form-data; boundary={boundary}"), &body)
    }

    #[test]
    fn a_form_is_the_same_under_any_boundary() {
        assert_eq!(form("one", "x"), form("a-longer-one", "x"));
        assert_ne!(form("one", "x"), form("one", "y"));
        // Inside a value it is a part of the value.
        assert_ne!(form("one", "x--one"), form("two", "x--two"));
        assert_ne!(form("one", "x\r\n--one\r\n\r\ny"), form("two", "x\r\n--one\r\n\r\ny"));
        assert_eq!(form("one", "x\r\n--one\r\n\r\ny"), form("two", "x\r\n--two\r\n\r\ny"));
    }

    #[test]
    fn a_boundary_may_be_quoted_and_followed_by_more() {
        let [plain, quoted, upper, charset, longer] = [
            ("multipart/form-data; boundary=a", "--a\r\n\r\n1\r\n--a--"),
            ("multipart/form-data; boundary=\"b c\"", "--b c\r\n\r\n1\r\n--b c--"),
            ("multipart/form-data; BOUNDARY=a", "--a\r\n\r\n1\r\n--a--"),
            ("multipart/form-data; boundary=a; charset=utf-8", "--a\r\n\r\n1\r\n--a--"),
            ("multipart/form-data; boundary=a", "before\r\n--a\r\n\r\n1\r\n--a--"),
        ]
        .map(|(content_type, body)| hash(content_type, body));

        assert_eq!(plain, quoted);
        assert_eq!(HashSet::from([plain, upper, charset, longer]).len(), 4);
    }

    #[test]
    fn what_is_no_form_is_taken_byte_for_byte() {
        let long = "b".repeat(71);
        for content_type in [
            "application/json; boundary=BOUND",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"BOUND",
            &format!("multipart/form-data; boundary={long}BOUND"),
        ] {
            let with = |boundary: &str| {
                let content_type = content_type.replace("BOUND", boundary);
                hash(&content_type, &format!("--{boundary}--"))
            };
            assert_ne!(with("one"), with("two"), "{content_type}");
        }
    }

    #[test]
    fn of_anything_else_the_hash_is_the_one_it_always_was() {
        let mut always = Sha256::new();
        for part in ["POST", "/v1/a", "b=c", "application/json", "{}"] {
            always.update((part.len() as u64).to_be_bytes());
            always.update(part);
        }

        assert_eq!(hash("application/json", "{}"), <[u8; 32]>::from(always.finalize()));
    }
}
