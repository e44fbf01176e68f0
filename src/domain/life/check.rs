//! Checks what a merchant's system says of a step: short and plain texts, spans in their range.

use crate::domain::problem::{Problem, Problems};

/// What [`is_name`] takes.
pub const NAMED: &str = "1 to 100 characters without blanks around them";
/// Longer ones are no cart of anybody's.
const MOST_LINES: usize = 200;

/// Checks by which order a coupon is kept no longer.
pub fn unlock(order_no: &str) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    order(&mut problems, order_no);
    problems.into_result()
}

fn order(problems: &mut Problems, order_no: &str) {
    let range = "1 to 64 characters without blanks around them";
    problems.expect(is_plain(order_no, 64), "order_no", range);
}

/// Checks what is said of a use.
pub fn redemption(
    order_no: &str,
    store: Option<&str>,
    operator: Option<&str>,
) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    order(&mut problems, order_no);
    problems.expect(store.is_none_or(is_name), "store", NAMED);
    problems.expect(operator.is_none_or(is_name), "operator", NAMED);
    problems.into_result()
}

/// Checks for which order, and how long, a coupon is to be kept.
pub fn lock(order_no: &str, expires_in_seconds: i64) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    order(&mut problems, order_no);
    let fits = (60..=86_400).contains(&expires_in_seconds);
    problems.expect(fits, "expires_in_seconds", "60 to 86400");
    problems.into_result()
}

/// Checks whose use is given back, and what of it.
pub fn give_back(order_no: &str, lines: Option<&[i32]>) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    order(&mut problems, order_no);
    let counted = lines.is_none_or(|lines| (1..=MOST_LINES).contains(&lines.len()));
    problems.expect(counted, "lines", "1 to 200 numbers of lines; leave it out for all of them");
    problems.into_result()
}

/// Checks why a coupon is taken out of use.
pub fn void(reason: &str) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let range = "1 to 200 characters without blanks around them";
    problems.expect(is_plain(reason, 200), "reason", range);
    problems.into_result()
}

/// Whether a text can be the merchant's name of a store or of somebody there.
pub fn is_name(text: &str) -> bool {
    is_plain(text, 100)
}

fn is_plain(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.chars().count())
        && text.trim() == text
        && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_a_use_is_short_and_plain() {
        for (order_no, store, fits) in [
            ("2026-1111", None, true),
            ("订单一", Some("徐家汇店"), true),
            ("", None, false),
            (" 1", None, false),
            ("1\n2", None, false),
            (&*"9".repeat(64), None, true),
            (&*"9".repeat(65), None, false),
            ("1", Some(""), false),
        ] {
            assert_eq!(redemption(order_no, store, store).is_ok(), fits, "{order_no:?} {store:?}");
        }
    }

    #[test]
    fn a_lock_lives_a_minute_to_a_day_and_a_reason_is_short() {
        for (seconds, fits) in [(59, false), (60, true), (86_400, true), (86_401, false)] {
            assert_eq!(lock("1", seconds).is_ok(), fits, "{seconds}");
        }
        for (reason, fits) in [("", false), ("印错了", true), (&*"错".repeat(201), false)] {
            assert_eq!(void(reason).is_ok(), fits, "{reason}");
        }
        for (lines, fits) in [(None, true), (Some(&[][..]), false), (Some(&[1][..]), true)] {
            assert_eq!(give_back("1", lines).is_ok(), fits, "{lines:?}");
        }
    }
}
