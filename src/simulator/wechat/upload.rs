//! `POST /cgi-bin/media/uploadimg`.

use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::request::Incoming;
use super::trouble::Trouble;
use super::turn::Turn;

const MOST_BYTES: usize = 1024 * 1024;

/// Keeps nothing but the promise of an address, the same for the same picture.
pub(super) fn upload(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let sent = incoming.body.as_ref().ok_or_else(too_big)?;
    if sent.is_empty() {
        return Err(Trouble::new(44002, "empty post data"));
    }
    let part = incoming.files.iter().find(|part| part.name == "media" || part.name == "buffer");
    let part = part.ok_or_else(|| Trouble::new(41005, "media data missing"))?;
    if part.file_name.is_none() {
        turn.tolerate("a picture without a file name");
        return Err(Trouble::new(41005, "media data missing"));
    }
    let is_picture = part.bytes.starts_with(&[0xff, 0xd8, 0xff])
        || part.bytes.starts_with(&[0x89, b'P', b'N', b'G']);
    if !is_picture {
        return Err(Trouble::new(40005, "invalid file type"));
    }
    if part.bytes.len() >= MOST_BYTES {
        return Err(too_big());
    }
    let name = hex::encode(Sha1::digest(&part.bytes));
    Ok(json!({ "url": format!("http://mmbiz.qpic.cn/mmbiz/{name}/0") }))
}

fn too_big() -> Trouble {
    Trouble::new(40009, "invalid image size")
}
