//! Splits an upload into lines and reads the one cell on each.
//!
//! A ready-made codec would end the stream at the first line that is not UTF-8 or too long; here such a line is one
//! verdict among others, and memory stays flat whatever its length.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

use crate::domain::code::CouponCode;

/// A line as it was understood.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// A code.
    Code(CouponCode),
    /// Something else.
    Malformed(Malformed),
    /// A blank line, or the header.
    Nothing,
    /// The first line begins as UTF-16 does.
    Utf16,
}

/// Why a line is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Over 1 KiB.
    #[error("the line is too long")]
    TooLong,
    /// A quote that is not closed on the same line, or something behind the closing one.
    #[error("the quotes do not match")]
    Quotes,
    /// A comma.
    #[error("there is more than one column")]
    Columns,
    /// Not 1 to 32 letters, digits, `-` or `_`.
    #[error("a code has 1 to 32 letters, digits, - or _")]
    NotACode,
}

/// Reads line after line.
pub struct Lines<R> {
    source: R,
    line: Vec<u8>,
    number: i64,
}

const LONGEST_LINE: usize = 1024;
/// `code`, or `券码` in UTF-8 and in the GBK that spreadsheets in China like to save.
const HEADERS: [&[u8]; 3] = [b"code", "券码".as_bytes(), b"\xc8\xaf\xc2\xeb"];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// Nothing is read yet.
    pub fn new(source: R) -> Self {
        Self { source, line: Vec::with_capacity(LONGEST_LINE), number: 0 }
    }

    /// The number of the line that was read last, from one.
    pub fn number(&self) -> i64 {
        self.number
    }

    /// The next line, or `None` at the end.
    pub async fn next(&mut self) -> io::Result<Option<Line>> {
        let Some(whole) = self.fill().await? else {
            return Ok(None);
        };
        self.number += 1;
        if !whole {
            return Ok(Some(Line::Malformed(Malformed::TooLong)));
        }
        let mut line = self.line.as_slice();
        if self.number == 1 {
            if line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff") {
                return Ok(Some(Line::Utf16));
            }
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Ok(Some(understand(line, self.number == 1)))
    }

    /// Reads up to and over the next line feed; whether all of it is kept, or `None` at the end.
    async fn fill(&mut self) -> io::Result<Option<bool>> {
        self.line.clear();
        let mut length = 0;
        loop {
            let read = self.source.fill_buf().await?;
            if read.is_empty() {
                return Ok((length > 0).then_some(length <= LONGEST_LINE));
            }
            let end = read.iter().position(|byte| *byte == b'\n');
            let part = read.get(..end.unwrap_or(read.len())).unwrap_or(read);
            length += part.len();
            if length <= LONGEST_LINE {
                self.line.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.source.consume(used);
            if end.is_some() {
                return Ok(Some(length <= LONGEST_LINE));
            }
        }
    }
}

fn understand(line: &[u8], first: bool) -> Line {
    if line.trim_ascii().is_empty() {
        return Line::Nothing;
    }
    let cell = match cell(line) {
        Ok(cell) => cell,
        Err(why) => return Line::Malformed(why),
    };
    if first && HEADERS.iter().any(|header| cell.eq_ignore_ascii_case(header)) {
        return Line::Nothing;
    }
    std::str::from_utf8(cell)
        .ok()
        .and_then(|text| CouponCode::parse(text).ok())
        .map_or(Line::Malformed(Malformed::NotACode), Line::Code)
}

/// The only cell of a line. No code holds a quote, so a doubled one needs no undoing.
fn cell(line: &[u8]) -> Result<&[u8], Malformed> {
    if let Some(rest) = line.strip_prefix(b"\"") {
        let close = rest.iter().position(|byte| *byte == b'"').ok_or(Malformed::Quotes)?;
        return match rest.get(close + 1..) {
            Some([]) => Ok(&rest[..close]),
            Some([b',', ..]) => Err(Malformed::Columns),
            _ => Err(Malformed::Quotes),
        };
    }
    if line.contains(&b',') { Err(Malformed::Columns) } else { Ok(line) }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(file: &[u8]) -> Vec<Line> {
        let mut lines = Lines::new(file);
        let mut read = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            read.push(line);
        }
        read
    }

    fn code(text: &str) -> Line {
        Line::Code(CouponCode::parse(text).unwrap())
    }

    #[tokio::test]
    async fn one_cell_a_line_with_or_without_header_quotes_and_carriage_returns() {
        let read = read("\u{feff}券码\r\nA-1\r\n\"B_2\"\n\n  \nC3".as_bytes()).await;

        let expected =
            [Line::Nothing, code("A-1"), code("B_2"), Line::Nothing, Line::Nothing, code("C3")];
        assert_eq!(read, expected);
    }

    #[tokio::test]
    async fn each_bad_line_is_one_verdict_and_the_next_is_read_as_if_nothing_had_been() {
        let long = "x".repeat(LONGEST_LINE + 1);
        let too_wide = "x".repeat(33);
        for (line, why) in [
            (long.as_bytes(), Malformed::TooLong),
            (too_wide.as_bytes(), Malformed::NotACode),
            (b"\"open", Malformed::Quotes),
            (b"\"a\"b", Malformed::Quotes),
            (b"a,b", Malformed::Columns),
            (b"\"a\",", Malformed::Columns),
            (b" a", Malformed::NotACode),
            (b"a\t", Malformed::NotACode),
            (b"a\0", Malformed::NotACode),
            (b"a\rb", Malformed::NotACode),
            (b"\xc8\xaf\xc2\xeb", Malformed::NotACode),
        ] {
            let file = [b"first\n", line, b"\nlast\n"].concat();
            let answer = read(&file).await;
            assert_eq!(answer, [code("first"), Line::Malformed(why), code("last")], "{line:?}");
        }
    }

    #[tokio::test]
    async fn utf_16_is_told_at_its_first_line_and_a_gbk_header_is_a_header() {
        assert_eq!(read(b"\xff\xfeA\0\n").await[0], Line::Utf16);
        assert_eq!(read(b"\xc8\xaf\xc2\xeb\r\nA1\r\n").await, [Line::Nothing, code("A1")]);
    }

    #[tokio::test]
    async fn a_line_of_three_megabytes_does_not_grow_the_buffer() {
        let file = [b"x".repeat(3_000_000), b"\nA1".to_vec()].concat();
        let mut lines = Lines::new(tokio::io::BufReader::new(file.as_slice()));

        assert_eq!(lines.next().await.unwrap(), Some(Line::Malformed(Malformed::TooLong)));
        assert_eq!(lines.next().await.unwrap(), Some(code("A1")));
        assert!(lines.line.capacity() <= 4 * LONGEST_LINE);
    }
}
