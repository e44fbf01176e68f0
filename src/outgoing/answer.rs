//! What somebody outside answered, fit to be kept: secrets blanked, nothing that moves a terminal or a page, at most 4 KiB.

use std::{fmt, fmt::Write as _, time::Duration};

use chrono::TimeDelta;

/// What the database keeps of an answer.
const LONGEST: usize = 4096;
const BLANK: &str = "***";
/// What our own addresses have before their secret, as it stands, as JSON may escape it, and as a URL does.
const ADDRESSES: [&str; 8] = [
    "/callbacks/baidu/",
    r"\/callbacks\/baidu\/",
    "%2Fcallbacks%2Fbaidu%2F",
    "%2fcallbacks%2fbaidu%2f",
    "/callbacks/wechat/",
    r"\/callbacks\/wechat\/",
    "%2Fcallbacks%2Fwechat%2F",
    "%2fcallbacks%2fwechat%2f",
];

/// A success with what there is to note of it.
#[derive(Debug, Clone)]
pub struct Heard<T> {
    /// What was asked for.
    pub value: T,
    /// The HTTP status.
    pub status: u16,
    /// What was answered.
    pub answer: Answer,
    /// From connecting to the last byte of the answer.
    pub took: Duration,
}

impl<T> Heard<T> {
    /// The same with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Heard<U> {
        let Self { value, status, answer, took } = self;
        Heard { value: change(value), status, answer, took }
    }
}

/// The text of an answer. It may name people, so `Debug` only tells its length.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Answer(String);

impl Answer {
    /// Keeps a body, without what must not be kept: these secrets, and those of callback addresses, whosoever they are.
    pub fn keep(body: &[u8], secrets: &[&str]) -> Self {
        let text = String::from_utf8_lossy(body);
        Self(shorten(escape(&blank_addresses(blank(&text, secrets)))))
    }

    /// In place of a body that is one secret, more or less.
    pub fn withheld() -> Self {
        Self("(withheld: it holds a secret)".to_owned())
    }

    /// At most 4 KiB, without control characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same with these blanked too, as they stand or percent-encoded.
    #[must_use]
    pub fn mask(&self, secrets: &[&str]) -> Self {
        Self(shorten(blank(&self.0, secrets)))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({} bytes)", self.0.len())
    }
}

/// Blanks each secret as it stands, as JSON may escape it, and as a URL may. Longer ones go first, for one may begin another.
fn blank(text: &str, secrets: &[&str]) -> String {
    let mut forms: Vec<String> = Vec::new();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        forms.push((*secret).to_owned());
        forms.push(secret.replace('/', "\\/"));
        forms.push(url::form_urlencoded::byte_serialize(secret.as_bytes()).collect());
    }
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    let mut text = text.to_owned();
    for form in forms {
        if text.contains(&form) {
            text = text.replace(&form, BLANK);
        }
    }
    text
}

/// A list may show addresses of which the call that asked for it knows nothing.
fn blank_addresses(mut text: String) -> String {
    for address in ADDRESSES {
        if !text.contains(address) {
            continue;
        }
        let mut pieces = text.split(address);
        let mut blanked = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let letters = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            let secret = piece.bytes().take_while(letters).count();
            blanked.push_str(address);
            blanked.push_str(if secret > 0 { BLANK } else { "" });
            blanked.push_str(&piece[secret..]);
        }
        text = blanked;
    }
    text
}

/// Control characters, and those that turn the direction of a text or hide in it, are spelt out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len().min(2 * LONGEST));
    for letter in text.chars() {
        if escaped.len() > LONGEST {
            break;
        }
        let hidden = matches!(letter,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if letter.is_control() || hidden {
            // Writing into a String cannot fail.
            let _infallible = write!(escaped, "{}", letter.escape_unicode());
        } else {
            escaped.push(letter);
        }
    }
    escaped
}

fn shorten(mut text: String) -> String {
    const MORE: &str = "…";
    if text.len() > LONGEST {
        let end = text.floor_char_boundary(LONGEST - MORE.len());
        text.truncate(end);
        text.push_str(MORE);
    }
    text
}

/// The pause that a `Retry-After` asks for: plain seconds. A date is no pause, and a sign is nonsense.
pub fn retry_after(header: &str) -> Option<TimeDelta> {
    let digits = !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit());
    header.parse().ok().filter(|_| digits).and_then(TimeDelta::try_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_without_secrets_in_any_spelling() {
        let body = br#"{"a":"to/ken","b":"to\/ken","c":"to%2Fken","d":"token-long"}"#;

        let answer = Answer::keep(body, &["to/ken", "token", "token-long", ""]);

        assert_eq!(answer.as_str(), r#"{"a":"***","b":"***","c":"***","d":"***"}"#);
        assert_eq!(
            answer.mask(&["\"d\""]).as_str(),
            r#"{"a":"***","b":"***","c":"***",***:"***"}"#
        );
    }

    #[test]
    fn an_address_of_ours_is_kept_without_its_secret_whoever_shows_it() {
        for (said, kept) in [
            (
                r"https://m.example/callbacks/baidu/s-3_C, x",
                r"https://m.example/callbacks/baidu/***, x",
            ),
            (r"\/callbacks\/baidu\/s-3_C?", r"\/callbacks\/baidu\/***?"),
            (r"u=%2Fcallbacks%2Fbaidu%2Fs-3_C&v", r"u=%2Fcallbacks%2Fbaidu%2F***&v"),
            ("/callbacks/baidu/券", "/callbacks/baidu/券"),
            ("/callbacks/baidu/a /callbacks/baidu/b", "/callbacks/baidu/*** /callbacks/baidu/***"),
        ] {
            assert_eq!(Answer::keep(said.as_bytes(), &[]).as_str(), kept);
        }
    }

    #[test]
    fn control_characters_and_turned_texts_are_spelt_out() {
        let body = "a\u{0}\n\u{1b}[2J\u{202e}\u{feff}<script>é".as_bytes();

        let answer = Answer::keep(body, &[]);

        assert_eq!(answer.as_str(), r"a\u{0}\u{a}\u{1b}[2J\u{202e}\u{feff}<script>é");
    }

    #[test]
    fn a_long_answer_is_cut_between_characters() {
        for body in ["券".repeat(3000), "\u{1}".repeat(5000), "x".repeat(1_000_000)] {
            let answer = Answer::keep(body.as_bytes(), &[]);

            assert!((4090..=4096).contains(&answer.as_str().len()), "{answer:?}");
            assert!(answer.as_str().ends_with('…'));
        }
        assert_eq!(Answer::keep("x".repeat(4096).as_bytes(), &[]).as_str().len(), 4096);
        assert_eq!(Answer::keep(b"\xff", &[]).as_str(), "\u{fffd}");
    }

    #[test]
    fn a_blank_that_is_longer_than_its_secret_keeps_the_limit() {
        let long = Answer::keep("x".repeat(4096).as_bytes(), &[]).mask(&["x"]);

        assert!(long.as_str().len() <= 4096);
    }

    #[test]
    fn printing_an_answer_shows_its_length_only() {
        assert_eq!(format!("{:?}", Answer::keep(b"open-1", &[])), "Answer(6 bytes)");
    }

    #[test]
    fn only_plain_seconds_are_a_pause() {
        assert_eq!(retry_after("3600"), Some(TimeDelta::seconds(3600)));
        assert_eq!(retry_after("0"), Some(TimeDelta::zero()));
        assert_eq!(retry_after("1000000000000"), TimeDelta::try_seconds(1_000_000_000_000));
        for nonsense in
            ["-1", "+1", "", "1.5", " 1", "Wed, 21 Oct 2026 07:28:00 GMT", "9".repeat(40).as_str()]
        {
            assert_eq!(retry_after(nonsense), None, "{nonsense}");
        }
    }
}
