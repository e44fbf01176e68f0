//! Rows of a CSV file that every spreadsheet reads, and none takes for formulas.

/// Says that the file is UTF-8, to spreadsheets that would guess otherwise.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Adds a row: each cell in quotes, whatever is in it, and CRLF at the end.
pub fn push_row<'a>(out: &mut Vec<u8>, cells: impl IntoIterator<Item = &'a str>) {
    for (place, cell) in cells.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.push(b'"');
        if is_formula(cell) {
            out.push(b'\'');
        }
        for (piece, text) in cell.split('"').enumerate() {
            if piece > 0 {
                out.extend_from_slice(b"\"\"");
            }
            out.extend_from_slice(text.as_bytes());
        }
        out.push(b'"');
    }
    out.extend_from_slice(b"\r\n");
}

/// Whether a spreadsheet could calculate instead of showing: also behind blanks that it drops, and with the full-width
/// twins of the signs, which some take for the signs themselves.
fn is_formula(cell: &str) -> bool {
    let invisible = |letter: char| {
        letter == ' '
            || matches!(letter, '\u{a0}' | '\u{3000}' | '\u{200b}'..='\u{200f}' | '\u{feff}' | '\0')
    };
    cell.trim_start_matches(invisible)
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(cells: &[&str]) -> String {
        let mut out = Vec::new();
        push_row(&mut out, cells.iter().copied());
        String::from_utf8(out).unwrap()
    }

    /// What stands between the quotes, as a reader sees it.
    fn read(row: &str) -> Vec<String> {
        let inside = row.strip_prefix('"').unwrap().strip_suffix("\"\r\n").unwrap();
        inside.split("\",\"").map(|cell| cell.replace("\"\"", "\"")).collect()
    }

    #[test]
    fn cells_are_quoted_and_rows_end_as_the_standard_says() {
        assert_eq!(
            row(&["a", "", "满 100 减 20", "a \"b\", c\r\nd"]),
            "\"a\",\"\",\"满 100 减 20\",\"a \"\"b\"\", c\r\nd\"\r\n"
        );
    }

    #[test]
    fn no_payload_begins_as_a_formula_does() {
        let payloads: Vec<String> =
            serde_json::from_str(include_str!("../../tests/fixtures/exports/payloads.json"))
                .unwrap();

        assert!(payloads.len() >= 40);
        for payload in &payloads {
            let shown = read(&row(&[payload, "next"]));

            assert_eq!(shown, [format!("'{payload}"), "next".to_owned()], "{payload:?}");
        }
    }

    #[test]
    fn what_is_no_formula_stays_as_it_is() {
        for cell in ["10", "3-2", "a=b", "订单 -1", "", "'=1", "2026-11-11T04:00:00Z"] {
            assert_eq!(read(&row(&[cell])), [cell]);
        }
    }

    proptest! {
        #[test]
        fn a_reader_gets_back_what_was_written(cell in any::<String>()) {
            let shown = read(&row(&[&cell])).join("\",\"");

            prop_assert_eq!(shown.strip_prefix('\'').filter(|_| is_formula(&cell)).unwrap_or(&shown), cell);
        }
    }
}
