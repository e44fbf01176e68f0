//! What WeChat's pushes are proved and sealed with.
//!
//! A signature is a SHA-1 over values sorted as bytes, the account's token among them. A sealed message is AES-256-CBC over
//! sixteen random bytes, a length, the message and the `AppID`, filled up to a multiple of 32 bytes. After "消息加解密说明".

#[cfg(test)]
mod tests;

use aes::Aes256;
use base64::{
    Engine, alphabet,
    engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use secrecy::zeroize::Zeroizing;
use subtle::{ConstantTimeEq, ConstantTimeGreater, ConstantTimeLess};

use super::sign::signature;
use crate::domain::problem::{Problem, Problems};

/// Not from WeChat, or not for this account. What exactly is wrong is nobody's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// Seals and opens messages for one account.
pub struct MessageKey(Zeroizing<[u8; 32]>);

/// Letters of an `EncodingAESKey`.
pub const KEY_LENGTH: usize = 43;
/// Messages are filled up to a multiple of this, one byte at least.
const FILLED_TO: usize = 32;
/// Random bytes and the length.
const HEAD: usize = 20;
const BLOCK: usize = 16;

/// Three of four keys end in a letter whose last bits count for nothing and are not zero.
const KEY_TEXT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Whether the signature belongs to the values, in a time that says nothing of either.
pub fn is_signed(values: &[&[u8]], shown: &str) -> bool {
    signature(values).as_bytes().ct_eq(shown.as_bytes()).into()
}

/// Whether a token and a key can stand in WeChat's console; those that are not there are not looked at.
pub fn check(token: Option<&str>, key: Option<&str>) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    problems.expect(
        token.is_none_or(|token| (3..=32).contains(&token.len()) && is_plain(token)),
        "token",
        "3 to 32 letters or digits",
    );
    problems.expect(
        key.is_none_or(|key| key.len() == KEY_LENGTH && is_plain(key)),
        "encoding_aes_key",
        "43 letters or digits",
    );
    problems.into_result()
}

impl MessageKey {
    /// Reads an `EncodingAESKey`.
    ///
    /// # Errors
    /// When it is none; nothing would open with it.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let text = Zeroizing::new(format!("{text}="));
        let bytes = Zeroizing::new(KEY_TEXT.decode(text.as_bytes()).map_err(|_| Refused)?);
        <[u8; 32]>::try_from(bytes.as_slice())
            .map(|key| Self(Zeroizing::new(key)))
            .map_err(|_| Refused)
    }

    /// The message in a sealed text, which must be for the account with this `AppID`.
    pub fn open(&self, sealed: &str, app_id: &str) -> Result<String, Refused> {
        let mut bytes = STANDARD.decode(sealed).map_err(|_| Refused)?;
        if bytes.len() < FILLED_TO || !bytes.len().is_multiple_of(BLOCK) {
            return Err(Refused);
        }
        let cipher = cbc::Decryptor::<Aes256>::new((&*self.0).into(), self.start().into());
        let filled = cipher.decrypt_padded::<NoPadding>(&mut bytes).map_err(|_| Refused)?;
        let message = unwrap(filled, app_id.as_bytes()).ok_or(Refused)?;
        std::str::from_utf8(message).map(str::to_owned).map_err(|_| Refused)
    }

    /// The sealed text of a message from the account with this `AppID`; the sixteen bytes must be random.
    pub fn seal(&self, random: [u8; 16], message: &str, app_id: &str) -> String {
        let mut bytes = random.to_vec();
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(message.as_bytes());
        bytes.extend_from_slice(app_id.as_bytes());
        let filling = FILLED_TO - bytes.len() % FILLED_TO;
        bytes.resize(bytes.len() + filling, u8::try_from(filling).unwrap_or_default());
        let cipher = cbc::Encryptor::<Aes256>::new((&*self.0).into(), self.start().into());
        STANDARD.encode(cipher.encrypt_padded_vec::<NoPadding>(&bytes))
    }

    /// The first block of a message is mixed with the beginning of the key.
    fn start(&self) -> &[u8; BLOCK] {
        // The key is longer than a block.
        self.0.first_chunk().unwrap_or(&[0; BLOCK])
    }
}

/// The message between its head and the `AppID`. Each part is looked at, whatever is wrong with the others: how long it takes
/// does not say which.
fn unwrap<'a>(filled: &'a [u8], app_id: &[u8]) -> Option<&'a [u8]> {
    let (last, &[.., a, b, c, d]) = (filled.last()?, filled.first_chunk::<HEAD>()?);
    let said = usize::from(*last);
    let mut is_right = last.ct_gt(&0) & last.ct_lt(&33);
    for byte in filled.iter().rev().take(said.clamp(1, FILLED_TO)) {
        is_right &= byte.ct_eq(last);
    }
    let end = filled.len() - said.clamp(1, FILLED_TO);
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
    let rest = filled.get(HEAD..end).unwrap_or_default();
    let (message, whose) = rest.split_at(length.min(rest.len()));
    is_right &= message.len().ct_eq(&length) & whose.ct_eq(app_id);
    bool::from(is_right).then_some(message)
}

impl std::fmt::Debug for MessageKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MessageKey(…)")
    }
}
