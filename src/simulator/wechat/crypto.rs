//! Signatures and ciphers of pushes, after "消息加解密说明"; public for test partners that receive them.

use aes::Aes256;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use sha1::{Digest, Sha1};

/// Padding fills up to blocks of this size, though the cipher's own are smaller.
const BLOCK: usize = 32;

/// Lower-case SHA-1 over the values, sorted as bytes and joined by nothing.
pub fn sorted_sha1(values: &[&str]) -> String {
    let mut values = values.to_vec();
    values.sort_unstable_by_key(|value| value.as_bytes());
    hex::encode(Sha1::digest(values.concat()))
}

/// The AES key that an `EncodingAESKey` stands for; its last letter may carry bits too many.
pub fn aes_key(encoding: &str) -> Option<[u8; 32]> {
    if encoding.len() != 43 || !encoding.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    let engine = GeneralPurpose::new(&alphabet::STANDARD, config);
    engine.decode(format!("{encoding}=")).ok()?.try_into().ok()
}

/// `random(16) || length || message || appid`, padded to 32 and encrypted.
pub fn seal(key: &[u8; 32], random: &[u8; 16], message: &str, appid: &str) -> String {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut plain = [&random[..], &length[..], message.as_bytes(), appid.as_bytes()].concat();
    let pad = BLOCK - plain.len() % BLOCK;
    plain.resize(plain.len() + pad, u8::try_from(pad).unwrap_or_default());
    let (iv, _) = key.split_at(16);
    let sealed = cbc::Encryptor::<Aes256>::new_from_slices(key, iv)
        .map(|cipher| cipher.encrypt_padded_vec::<NoPadding>(&plain));
    // Both lengths are fixed by the types above.
    STANDARD.encode(sealed.unwrap_or_default())
}

/// The message and the app it is meant for; `None` when anything is wrong with the cipher.
pub fn open(key: &[u8; 32], sealed: &str) -> Option<(String, String)> {
    let sealed = STANDARD.decode(sealed).ok()?;
    if sealed.len() < BLOCK || !sealed.len().is_multiple_of(16) {
        return None;
    }
    let (iv, _) = key.split_at(16);
    let cipher = cbc::Decryptor::<Aes256>::new_from_slices(key, iv).ok()?;
    let mut plain = cipher.decrypt_padded_vec::<NoPadding>(&sealed).ok()?;
    let pad = usize::from(*plain.last()?);
    if !(1..=BLOCK).contains(&pad) || pad > plain.len() {
        return None;
    }
    let padding = plain.split_off(plain.len() - pad);
    if padding.iter().any(|byte| usize::from(*byte) != pad) {
        return None;
    }
    let length = u32::from_be_bytes(plain.get(16..20)?.try_into().ok()?);
    let end = usize::try_from(length).ok()?.checked_add(20)?;
    let message = String::from_utf8(plain.get(20..end)?.to_vec()).ok()?;
    Some((message, String::from_utf8(plain.get(end..)?.to_vec()).ok()?))
}

#[cfg(test)]
mod tests;
