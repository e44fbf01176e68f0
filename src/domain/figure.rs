//! Figures as people read them.

/// Fen in yuan, without zeros at its end: 9950 is `99.5`.
pub fn yuan(fen: i64) -> String {
    decimal(fen, 100)
}

/// Fen in yuan with both decimals, as on a receipt: 9950 is `99.50`.
pub fn receipt(fen: i64) -> String {
    let (sign, fen) = (if fen < 0 { "-" } else { "" }, fen.unsigned_abs());
    format!("{sign}{}.{:02}", fen / 100, fen % 100)
}

/// What is left of a price when so many basis points are taken off, in tenths: 2000 leave `8` 折.
pub fn tenths_left(off_basis_points: u16) -> String {
    decimal(i64::from(10_000_u16.saturating_sub(off_basis_points)), 1000)
}

/// `number` of `unit`, a power of ten, without zeros at its end.
fn decimal(number: i64, unit: i64) -> String {
    let digits = usize::try_from(unit.ilog10()).unwrap_or_default();
    let text = format!("{}.{:0digits$}", number / unit, (number % unit).abs());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_without_needless_zeros() {
        for (fen, text) in [(10_000, "100"), (9950, "99.5"), (9905, "99.05"), (1, "0.01"), (0, "0")]
        {
            assert_eq!(yuan(fen), text);
        }
    }

    #[test]
    fn money_is_written_as_on_a_receipt() {
        for (fen, text) in [(10_000, "100.00"), (5, "0.05"), (-150, "-1.50"), (0, "0.00")] {
            assert_eq!(receipt(fen), text);
        }
    }

    #[test]
    fn a_share_is_written_as_what_is_left() {
        for (off, text) in [(2000, "8"), (1500, "8.5"), (10_000, "0"), (25, "9.975")] {
            assert_eq!(tenths_left(off), text);
        }
    }
}
