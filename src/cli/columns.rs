//! Text in columns of a terminal, where a Chinese character takes two.

use chrono::TimeDelta;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What every terminal shows without breaking a line.
pub const LINE: usize = 80;

/// The text with blanks behind it up to so many columns, or cut.
pub fn left(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let blanks = columns.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(blanks))
}

/// The text, cut with an ellipsis where it is too long.
pub fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = fitting(text, columns.saturating_sub(1)).to_owned();
    kept.push('…');
    kept
}

/// The text on as many lines as it needs; there is always one.
pub fn wrapped(text: &str, columns: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while rest.width() > columns {
        // A character wider than the line still has to go somewhere.
        let fits = fitting(rest, columns).len().max(rest.chars().next().map_or(0, char::len_utf8));
        // Between words where a blank is near the end, anywhere in Chinese and in what has no words.
        let blank =
            if rest[fits..].starts_with(' ') { Some(fits) } else { rest[..fits].rfind(' ') };
        let at = blank.filter(|blank| *blank > fits / 2).map_or(fits, |blank| blank + 1);
        let (line, behind) = rest.split_at(at);
        lines.push(line.trim_end());
        rest = behind;
    }
    if lines.is_empty() || !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

/// Somebody else's text on one line, without the power to move the cursor or to turn the direction of writing.
pub fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.trim().chars() {
        match letter {
            '\n' | '\t' => shown.push(' '),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                shown.extend(letter.escape_unicode());
            }
            letter if letter.is_control() => shown.extend(letter.escape_unicode()),
            letter => shown.push(letter),
        }
    }
    shown
}

/// A span of time in its largest unit; `0s` for what is not over.
pub fn span(span: TimeDelta) -> String {
    let seconds = span.num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// The longest beginning that fits.
fn fitting(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    let end = text.char_indices().find(|(_, letter)| {
        taken += letter.width().unwrap_or(1);
        taken > columns
    });
    end.map_or(text, |(place, _)| &text[..place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_and_latin_names_end_in_the_same_column() {
        for name in ["商城", "shop", "", "百度商城小程序旗舰店", "a name that is far too long"]
        {
            assert_eq!(left(name, 11).width(), 11, "{name}");
        }
        assert_eq!(left("商城", 6), "商城  ");
        assert_eq!(cut("百度商城", 6), "百度…");
        assert_eq!(cut("百度商城", 8), "百度商城");
    }

    #[test]
    fn long_texts_are_broken_between_words_and_between_chinese_characters() {
        assert_eq!(wrapped("", 10), [""]);
        assert_eq!(wrapped("not before noon", 10), ["not before", "noon"]);
        assert_eq!(wrapped("a bcdefghijklm", 10), ["a bcdefghi", "jklm"]);
        assert_eq!(wrapped("优惠券不存在", 5), ["优惠", "券不", "存在"]);
        assert_eq!(wrapped("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(wrapped("券券", 1), ["券", "券"]);
    }

    #[test]
    fn what_a_platform_says_cannot_move_the_cursor() {
        assert_eq!(harmless("\u{1b}[2Jok\r\n"), "\\u{1b}[2Jok");
        assert_eq!(harmless("a\nb\u{202e}c\u{7f}"), "a b\\u{202e}c\\u{7f}");
        assert_eq!(harmless("{\"msg\":\"券\"}"), "{\"msg\":\"券\"}");
    }

    #[test]
    fn spans_are_told_in_their_largest_unit() {
        let spans = [-1, 0, 59, 60, 3599, 3600, 86_399, 86_400, 864_000];

        let told = spans.map(|seconds| span(TimeDelta::seconds(seconds)));

        assert_eq!(told, ["0s", "0s", "59s", "1m", "59m", "1h", "23h", "1d", "10d"]);
    }
}
