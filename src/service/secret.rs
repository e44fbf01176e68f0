//! Secrets that callers show us: made from the operating system's randomness, kept as hashes, sealed where they must be
//! told again.

use std::fmt;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rand::{TryRng, rngs::SysRng};
use sha2::{Digest, Sha256};

use crate::vault::{Place, Vault, VaultError};

/// A secret at the one moment when it is known in the clear: right after it was made.
#[derive(Clone)]
pub struct Fresh(String);

/// So many random letters and digits; few of the bits are thrown away, so that each is as likely as any other.
///
/// # Errors
/// When the operating system has no randomness to give.
pub fn random_letters<const LENGTH: usize>() -> Result<String, rand::rngs::SysError> {
    let mut text = String::with_capacity(LENGTH);
    while text.len() < LENGTH {
        let mut bits = [0u8; LENGTH];
        SysRng.try_fill_bytes(&mut bits)?;
        let letters = bits.iter().filter_map(|byte| LETTERS.get(usize::from(byte >> 2)));
        text.extend(letters.take(LENGTH - text.len()).map(|letter| char::from(*letter)));
    }
    Ok(text)
}

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What is kept of a secret. With 256 random bits behind it, a plain hash cannot be searched.
pub type SecretHash = [u8; 32];

impl Fresh {
    /// 256 random bits as 43 URL-safe characters behind `prefix`.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn random(prefix: &str) -> Result<Self, rand::rngs::SysError> {
        let mut bits = [0u8; 32];
        SysRng.try_fill_bytes(&mut bits)?;
        Ok(Self(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bits))))
    }

    /// Like [`Self::random`], with a checksum at the end by which a slip of the finger is seen without a look-up.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn random_checked(prefix: &str) -> Result<Self, rand::rngs::SysError> {
        let Self(mut secret) = Self::random(prefix)?;
        secret.push_str(&checksum(&secret));
        Ok(Self(secret))
    }

    /// A secret as the Standard Webhooks specification writes it: `whsec_` and base64, here of 32 random bytes.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn random_webhook() -> Result<Self, rand::rngs::SysError> {
        let mut bits = [0u8; 32];
        SysRng.try_fill_bytes(&mut bits)?;
        Ok(Self(format!("whsec_{}", STANDARD.encode(bits))))
    }

    /// To be shown once, to whoever asked for it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What to keep where it must be told again one day; `None` as long as there is no master key.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn seal(&self, vault: &Vault, place: Place) -> Result<Option<Vec<u8>>, VaultError> {
        match vault.seal(place, &self.0) {
            Ok(sealed) => Ok(Some(sealed)),
            Err(VaultError::NoKey) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What to keep to know it again.
    pub fn hash(&self) -> SecretHash {
        hash(&self.0)
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fresh(…)")
    }
}

/// So many random bytes as hexadecimal digits: for names, and for what is shown again and again.
///
/// # Errors
/// When the operating system has no randomness to give.
pub(super) fn random_hex(bytes: usize) -> Result<String, rand::rngs::SysError> {
    let mut random = vec![0u8; bytes];
    SysRng.try_fill_bytes(&mut random)?;
    Ok(hex::encode(random))
}

/// The hash by which a shown secret is recognised.
pub fn hash(secret: &str) -> SecretHash {
    Sha256::digest(secret.as_bytes()).into()
}

/// Whether a shown secret ends with its checksum, as those of [`Fresh::random_checked`] do.
pub fn is_well_typed(secret: &str) -> bool {
    let split = secret.len().checked_sub(CHECKSUM).and_then(|at| secret.split_at_checked(at));
    split.is_some_and(|(random, sum)| checksum(random) == sum)
}

/// Characters of a checksum: 36 bits.
const CHECKSUM: usize = 6;

fn checksum(text: &str) -> String {
    let mut sum = URL_SAFE_NO_PAD.encode(hash(text));
    sum.truncate(CHECKSUM);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_differ_and_do_not_print() {
        let (one, other) = (Fresh::random("kq_").unwrap(), Fresh::random("kq_").unwrap());

        assert_eq!(one.reveal().len(), 46);
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(hash(one.reveal()), one.hash());
        assert_eq!(format!("{one:?}"), "Fresh(…)");
    }

    #[test]
    fn a_slip_of_the_finger_is_seen() {
        let key = Fresh::random_checked("kq_").unwrap();

        assert_eq!(key.reveal().len(), 52);
        assert!(is_well_typed(key.reveal()));
        for wrong in ["", "kq_", "密钥密钥密钥", &key.reveal()[1..], &format!("{}A", key.reveal())]
        {
            assert!(!is_well_typed(wrong), "{wrong}");
        }
    }
}
