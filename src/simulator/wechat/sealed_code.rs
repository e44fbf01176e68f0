//! `encrypt_code`: 64 letters that stand for a code and that only the account can turn back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha384};

/// The same text for the same code; when strict, with a `+` and a `/` in it, so that a mistake with URLs is seen.
pub(super) fn seal(key: &str, appid: &str, code: &str, strict: bool) -> String {
    let mut draw = 0u64;
    loop {
        let sealed = STANDARD.encode(Sha384::digest(format!("{key}\n{appid}\n{code}\n{draw}")));
        if !strict || (sealed.contains('+') && sealed.contains('/')) {
            return sealed;
        }
        draw += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_code_is_64_letters_long_and_breaks_in_a_careless_url() {
        for number in 0..200 {
            let code = format!("{number:012}");

            let sealed = seal("key", "wx", &code, true);

            assert_eq!(sealed.len(), 64);
            assert!(sealed.contains('+') && sealed.contains('/'), "{sealed}");
            assert_eq!(sealed, seal("key", "wx", &code, true));
            assert_ne!(sealed, seal("key", "other", &code, true));
        }
    }
}
