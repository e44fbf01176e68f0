//! What a mini-program hands over about its user, signed or sealed with the session key: two checks that nobody has to make.

#[cfg(test)]
mod tests;

use aes::{
    Aes128,
    cipher::{Array, BlockCipherDecrypt, KeyInit},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

use super::{client::session::UnionId, json::Fields};
use crate::{domain::people::OpenId, http::strict_json, outgoing::secret::SessionKey};

/// Who the sealed data is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// In this mini-program; not all sealed data has it.
    pub open_id: Option<OpenId>,
    /// In all apps of one owner.
    pub union_id: Option<UnionId>,
    /// All of it.
    pub data: Map<String, Value>,
}

/// The data is not what WeChat sealed for this mini-program; never says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not sealed by WeChat for this mini-program")]
pub struct Unsealable;

/// The longest that is looked at.
const LONGEST: usize = 16 * 1024;
const BLOCK: usize = 16;

/// Whether WeChat signed this `rawData` in this session.
pub fn is_signed(raw_data: &str, key: &SessionKey, signature: &str) -> bool {
    let mut given = [0; 20];
    if hex::decode_to_slice(signature, &mut given).is_err() {
        return false;
    }
    let digest = Sha1::new().chain_update(raw_data).chain_update(key.expose()).finalize();
    bool::from(digest[..].ct_eq(&given))
}

/// Opens `encryptedData`, which has to be meant for the mini-program with this `AppID`.
pub fn open(
    encrypted_data: &str,
    iv: &str,
    key: &SessionKey,
    app_id: &str,
) -> Result<Profile, Unsealable> {
    if encrypted_data.len() > LONGEST {
        return Err(Unsealable);
    }
    let decode = |text: &str| STANDARD.decode(text).map_err(|_| Unsealable);
    let (sealed, iv, key) = (decode(encrypted_data)?, decode(iv)?, decode(key.expose())?);
    let plain = decrypt(&sealed, &iv, &key).ok_or(Unsealable)?;
    let data: Map<String, Value> = strict_json::read(&plain).map_err(|_| Unsealable)?;
    let fields = Fields(&data);
    let meant_for = fields.object("watermark").and_then(|mark| mark.text("appid"));
    if meant_for.as_deref() != Some(app_id) {
        return Err(Unsealable);
    }
    let open_id = fields.text("openId").and_then(|text| OpenId::parse(&text).ok());
    let union_id = fields.text("unionId").and_then(|text| UnionId::parse(&text));
    Ok(Profile { open_id, union_id, data })
}

/// AES-128 in CBC mode, with the padding of PKCS #7.
fn decrypt(sealed: &[u8], iv: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let cipher = Aes128::new_from_slice(key).ok()?;
    let mut before: [u8; BLOCK] = iv.try_into().ok()?;
    let mut plain = Vec::with_capacity(sealed.len());
    let (blocks, []) = sealed.as_chunks::<BLOCK>() else { return None };
    for sealed in blocks {
        let mut block = Array::from(*sealed);
        cipher.decrypt_block(&mut block);
        plain.extend(block.iter().zip(before).map(|(byte, before)| byte ^ before));
        before = *sealed;
    }
    let pad = usize::from(*plain.last()?);
    let end = plain.len().checked_sub(pad).filter(|_| (1..=BLOCK).contains(&pad))?;
    let (_, padding) = plain.split_at(end);
    if padding.iter().any(|byte| usize::from(*byte) != pad) {
        return None;
    }
    plain.truncate(end);
    Some(plain)
}
