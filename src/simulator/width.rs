//! Lengths as the platform means them: "10 汉字" is twenty half-width columns.

/// How wide a text is: ASCII and half-width forms are one column, everything else two.
pub fn columns(text: &str) -> usize {
    text.chars().map(|letter| if is_half_width(letter) { 1 } else { 2 }).sum()
}

/// Whether a text keeps to `limit` 汉字.
pub fn fits(text: &str, limit: usize, count: Count) -> bool {
    match count {
        Count::Columns => columns(text) <= 2 * limit,
        Count::Flat => text.chars().count() <= limit,
    }
}

/// The two readings of "N 汉字".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Two columns for each 汉字.
    Columns,
    /// Any character is one.
    Flat,
}

fn is_half_width(letter: char) -> bool {
    letter.is_ascii() || matches!(letter, '\u{ff61}'..='\u{ffdc}' | '\u{ffe8}'..='\u{ffee}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platforms_own_sample_title_fits_ten() {
        let title = "京东618满199减100券";

        assert_eq!(columns(title), 19);
        assert!(fits(title, 10, Count::Columns));
    }

    #[test]
    fn counted_flat_the_same_title_is_too_long() {
        assert!(!fits("京东618满199减100券", 10, Count::Flat));
    }

    #[test]
    fn ten_wide_letters_fit_and_eleven_do_not() {
        assert!(fits(&"券".repeat(10), 10, Count::Columns));
        assert!(!fits(&"券".repeat(11), 10, Count::Columns));
        assert!(fits(&"a".repeat(20), 10, Count::Columns));
        assert!(!fits(&"a".repeat(21), 10, Count::Columns));
    }

    #[test]
    fn full_width_digits_are_two_and_half_width_katakana_one() {
        assert_eq!(columns("１"), 2);
        assert_eq!(columns("ｱ"), 1);
    }
}
