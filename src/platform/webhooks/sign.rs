//! Signatures after the Standard Webhooks specification: HMAC-SHA256 over id, timestamp and body.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What both sides know. Its text is `whsec_` and base64 of 24 to 64 bytes.
pub struct Secret(Hmac<Sha256>);

/// One message, as it is signed and sent.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The same with every attempt, so that a receiver can tell a repetition.
    pub id: &'a str,
    /// When this attempt is made.
    pub timestamp: DateTime<Utc>,
    /// Byte for byte.
    pub body: &'a [u8],
}

/// The text is no secret of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not `whsec_` and base64 of 24 to 64 bytes")]
pub struct InvalidSecret;

const PREFIX: &str = "whsec_";

impl Secret {
    /// Reads the text.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidSecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| InvalidSecret)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(InvalidSecret);
        }
        Hmac::new_from_slice(&bytes).map(Self).map_err(|_| InvalidSecret)
    }

    fn sign(&self, message: &Message<'_>) -> String {
        let mut mac = self.0.clone();
        mac.update(message.id.as_bytes());
        mac.update(format!(".{}.", message.timestamp.timestamp()).as_bytes());
        mac.update(message.body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The header `webhook-signature`: one signature for each secret, so that a receiver may know either.
pub fn signature(secrets: &[Secret], message: &Message<'_>) -> String {
    secrets.iter().map(|secret| secret.sign(message)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const KNOWN: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn sample() -> Message<'static> {
        let timestamp = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        Message { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp, body: BODY }
    }

    fn secret() -> Secret {
        Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
    }

    #[test]
    fn the_sample_of_the_specification_is_signed_as_it_says() {
        assert_eq!(signature(&[secret()], &sample()), KNOWN);
    }

    #[test]
    fn two_secrets_make_two_signatures_in_one_header() {
        let other = Secret::parse(&format!("whsec_{}", STANDARD.encode([7; 24]))).unwrap();

        let header = signature(&[other, secret()], &sample());

        let (first, second) = header.split_once(' ').unwrap();
        assert!(first.starts_with("v1,") && first != KNOWN);
        assert_eq!(second, KNOWN);
    }

    #[test]
    fn each_part_of_a_message_is_signed() {
        let later = sample().timestamp + chrono::TimeDelta::seconds(1);
        for changed in [
            Message { id: "msg_other", ..sample() },
            Message { timestamp: later, ..sample() },
            Message { body: b"{}", ..sample() },
        ] {
            assert_ne!(signature(&[secret()], &changed), KNOWN, "{changed:?}");
        }
    }

    #[test]
    fn a_secret_is_neither_short_nor_long_nor_in_another_dress() {
        let of = |length| format!("whsec_{}", STANDARD.encode(vec![1; length]));
        assert!(Secret::parse(&of(24)).is_ok() && Secret::parse(&of(64)).is_ok());
        for wrong in [of(23), of(65), of(32).replace("whsec_", ""), "whsec_?".to_owned()] {
            assert!(Secret::parse(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(format!("{:?}", secret()), "Secret(…)");
    }
}
