//! Signatures: the one that lets a mini-program's user take a card, and the sum that pushes are proved with.
//!
//! Values only, without keys or separators, sorted as bytes and hashed.

#[cfg(test)]
mod tests;

use std::fmt;

use serde::Serialize;
use sha1::{Digest, Sha1};

use crate::outgoing::secret::AccessToken;

/// What a user takes, and under which conditions. An empty text counts as none.
#[derive(Clone, Copy, Default)]
pub struct CardExt<'a> {
    /// WeChat's id of the card.
    pub card_id: &'a str,
    /// Unix seconds; fresh for each signature.
    pub timestamp: i64,
    /// Up to 32 letters or digits; fresh for each signature, which then serves once.
    pub nonce: &'a str,
    /// In the mode in which we choose codes, and in no other.
    pub code: Option<&'a str>,
    /// The only person who can take it, as the official account knows them; never as the mini-program does.
    pub open_id: Option<&'a str>,
    /// Comes back when it was taken. Not signed, so the user can change it: a key to look something up, never a fact.
    pub outer_str: Option<&'a str>,
    /// Unix seconds at which the coupon begins, for those that last some days. Not signed either.
    pub fixed_begin: Option<i64>,
}

/// Names no code and no person.
impl fmt::Debug for CardExt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardExt({})", self.card_id)
    }
}

#[derive(Serialize)]
struct Wire<'a> {
    timestamp: &'a str,
    nonce_str: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    openid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outer_str: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed_begintimestamp: Option<i64>,
    signature: String,
}

/// The `cardExt` that `wx.addCard` takes: a text that holds JSON. The ticket, the official account's, is not in it.
pub fn card_ext(ticket: &AccessToken, ext: CardExt<'_>) -> String {
    let (code, open_id) = (present(ext.code), present(ext.open_id));
    let timestamp = ext.timestamp.to_string();
    let mut values = vec![ticket.expose(), ext.card_id, &timestamp, ext.nonce];
    values.extend(code);
    values.extend(open_id);
    let values: Vec<&[u8]> = values.into_iter().map(str::as_bytes).collect();
    let wire = Wire {
        timestamp: &timestamp,
        nonce_str: ext.nonce,
        code,
        openid: open_id,
        outer_str: present(ext.outer_str),
        fixed_begintimestamp: ext.fixed_begin,
        signature: signature(&values),
    };
    // Texts and numbers under fixed keys can always be written.
    serde_json::to_string(&wire).unwrap_or_default()
}

fn present(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// SHA-1 over the values sorted as bytes: 40 lower-case hexadecimal digits.
pub fn signature(values: &[&[u8]]) -> String {
    let mut values = values.to_vec();
    values.sort_unstable();
    let mut hash = Sha1::new();
    for value in values {
        hash.update(value);
    }
    hex::encode(hash.finalize())
}
