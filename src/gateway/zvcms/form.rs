//! Forms: the fields of the envelope by their names, and `Params` as one text or in PHP's brackets.

use axum::extract::Multipart;
use url::form_urlencoded;

use super::{
    envelope::{Draft, PARAMS, Param, Params, checked_name, members_in},
    failure::Failure,
};

/// What a decoder leaves of bytes that are not UTF-8; nobody means it.
const REPLACED: char = '\u{FFFD}';

pub(super) fn urlencoded(body: &[u8]) -> Result<Draft, Failure> {
    let pairs = form_urlencoded::parse(body);
    read(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())))
}

pub(super) async fn multipart(mut form: Multipart) -> Result<Draft, Failure> {
    let mut pairs = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|_| Failure::BadBody)? {
        let name = field.name().ok_or(Failure::BadBody)?.to_owned();
        if field.file_name().is_some() {
            return Err(Failure::BadBody);
        }
        let value = field.bytes().await.map_err(|_| Failure::BadBody)?;
        let value = String::from_utf8(value.into()).map_err(|_| Failure::BadBody)?;
        pairs.push((name, value));
    }
    read(pairs)
}

fn read(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Draft, Failure> {
    let (mut draft, mut members) = (Draft::default(), None);
    for (name, value) in pairs {
        if [&name, &value].iter().any(|text| text.contains([REPLACED, '\0'])) {
            return Err(Failure::BadBody);
        }
        if name == PARAMS && value.is_empty() {
            continue;
        }
        if name == PARAMS {
            draft.set_params(members_in(&value)?)?;
        } else if let Some(brackets) = bracketed(&name) {
            add(members.get_or_insert_default(), brackets, value)?;
        } else if name == "Token" {
            // Whoever forgot to encode it sent a `+`, which reads as a blank here.
            draft.set(name, value.replace(' ', "+"))?;
        } else {
            draft.set(name, value)?;
        }
    }
    if let Some(members) = members {
        draft.set_params(members)?;
    }
    Ok(draft)
}

fn bracketed(name: &str) -> Option<&str> {
    name.strip_prefix(PARAMS).filter(|rest| rest.starts_with('['))
}

/// `[name]` is a member; `[name][…]` belongs to a nested one, which nobody can sign.
fn add(members: &mut Params, brackets: &str, value: String) -> Result<(), Failure> {
    let inside = brackets.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let (name, is_nested) = match inside.ok_or(Failure::BadBody)?.split_once("][") {
        None => (inside.unwrap_or_default(), false),
        Some((name, _)) => (name, true),
    };
    let name = checked_name(name.to_owned())?;
    let param = if is_nested { Param::Other } else { Param::Text(value) };
    match members.insert(name, param) {
        None => Ok(()),
        Some(Param::Other) if is_nested => Ok(()),
        Some(_) => Err(Failure::BadBody),
    }
}
