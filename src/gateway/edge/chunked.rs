//! Whether the bytes of a chunked body have one reading (RFC 9112 §7.1).
//!
//! Not a decoder: Pingora decodes what passed. Its parser takes a line feed inside a chunk
//! extension for part of it, where another party ends the line, and so finds the end of the body
//! elsewhere. Stricter than RFC 9112 asks: a line ends in CRLF and in nothing else, has no other
//! control characters, and is short.

/// Bytes of a line: a chunk size with its extensions, or a trailer field. Nobody needs either.
const LINE_BYTES: usize = 1024;
/// Trailer fields, which are dropped anyway.
const TRAILERS: usize = 32;
/// Digits of a chunk size; more would not be a number of bytes that anybody sends.
const SIZE_DIGITS: usize = 15;

/// The framing of a chunked body is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the framing of the chunked body has more than one reading")]
pub(crate) struct BrokenChunk;

/// The check of one body, which arrives in pieces.
#[derive(Debug)]
pub(in crate::gateway) struct Chunked {
    expects: Expects,
    /// Bytes of the line so far.
    line: usize,
    trailers: usize,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expects {
    /// Hexadecimal digits.
    Size { value: u64, digits: usize },
    /// What stands behind the size.
    Extension { size: u64 },
    /// The line feed that ends the size line.
    SizeEnd { size: u64 },
    /// So many bytes of the body.
    Data(u64),
    /// The CR behind the data.
    DataCr,
    /// The LF behind that.
    DataLf,
    /// A trailer line; an empty one ends the body.
    Trailer,
    /// The LF of a trailer line.
    TrailerLf,
    /// Whatever follows belongs to nobody's body.
    Nothing,
}

impl Default for Chunked {
    fn default() -> Self {
        Self {
            expects: Expects::size(),
            line: 0,
            trailers: 0,
        }
    }
}

impl Expects {
    const fn size() -> Self {
        Self::Size {
            value: 0,
            digits: 0,
        }
    }
}

impl Chunked {
    /// Checks the next bytes; those behind the end of the body pass unseen.
    ///
    /// # Errors
    ///
    /// [`BrokenChunk`] at the first byte that should not be there.
    pub(in crate::gateway) fn advance(&mut self, mut bytes: &[u8]) -> Result<(), BrokenChunk> {
        loop {
            if let Expects::Data(left) = self.expects {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                let (_, rest) = bytes.split_at_checked(here).ok_or(BrokenChunk)?;
                bytes = rest;
                let left = left - here as u64;
                if left > 0 {
                    self.expects = Expects::Data(left);
                    return Ok(());
                }
                self.expects = Expects::DataCr;
            }
            let Some((byte, rest)) = bytes.split_first() else {
                return Ok(());
            };
            if self.is_over() {
                return Ok(());
            }
            self.expects = self.after(*byte)?;
            bytes = rest;
        }
    }

    /// Whether the whole body was seen.
    pub(in crate::gateway) const fn is_over(&self) -> bool {
        matches!(self.expects, Expects::Nothing)
    }

    /// What is expected after `byte`, which is not part of the data.
    fn after(&mut self, byte: u8) -> Result<Expects, BrokenChunk> {
        self.line += 1;
        if self.line > LINE_BYTES {
            return Err(BrokenChunk);
        }
        match (self.expects, byte) {
            (Expects::Size { digits: 0, .. }, b'\r' | b';') => Err(BrokenChunk),
            (Expects::Size { value, .. }, b'\r') => Ok(Expects::SizeEnd { size: value }),
            (Expects::Size { value, .. }, b';') => Ok(Expects::Extension { size: value }),
            (Expects::Size { value, digits }, byte) => {
                let digit = char::from(byte).to_digit(16).ok_or(BrokenChunk)?;
                if digits >= SIZE_DIGITS {
                    return Err(BrokenChunk);
                }
                Ok(Expects::Size {
                    value: value << 4 | u64::from(digit),
                    digits: digits + 1,
                })
            }
            (Expects::Extension { size }, b'\r') => Ok(Expects::SizeEnd { size }),
            (Expects::Extension { .. }, byte) if is_text(byte) => Ok(self.expects),
            (Expects::SizeEnd { size: 0 }, b'\n') => Ok(self.next_line(Expects::Trailer)),
            (Expects::SizeEnd { size }, b'\n') => Ok(self.next_line(Expects::Data(size))),
            (Expects::DataCr, b'\r') => Ok(Expects::DataLf),
            (Expects::DataLf, b'\n') => Ok(self.next_line(Expects::size())),
            (Expects::Trailer, b'\r') => Ok(Expects::TrailerLf),
            (Expects::Trailer, byte) if is_text(byte) => Ok(Expects::Trailer),
            // CR and LF alone: the empty line behind the last trailer.
            (Expects::TrailerLf, b'\n') if self.line == 2 => Ok(Expects::Nothing),
            (Expects::TrailerLf, b'\n') if self.trailers < TRAILERS => {
                self.trailers += 1;
                Ok(self.next_line(Expects::Trailer))
            }
            _ => Err(BrokenChunk),
        }
    }

    const fn next_line(&mut self, expects: Expects) -> Expects {
        self.line = 0;
        expects
    }
}

/// What may stand in an extension or a trailer: no control character but the tab.
const fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x20..=0x7e | 0x80..)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether a body is over after `bytes`.
    fn checked(bytes: &[u8]) -> Result<bool, BrokenChunk> {
        let mut chunked = Chunked::default();
        chunked.advance(bytes).map(|()| chunked.is_over())
    }

    #[test]
    fn a_body_with_one_reading_passes() {
        for (name, body, is_over) in [
            ("empty", "0\r\n\r\n", true),
            (
                "two chunks",
                "3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n",
                true,
            ),
            ("line ends in the data", "4\r\n\r\n\n\r\r\n0\r\n\r\n", true),
            ("extensions", "1;a=b;c=\"d e\"\r\nx\r\n0;last\r\n\r\n", true),
            ("trailers", "0\r\nX: y\r\nZ: a\tb\r\n\r\n", true),
            ("what follows is not looked at", "0\r\n\r\nGET /\n\0", true),
            ("cut in the size", "1", false),
            ("cut in the data", "5\r\nab", false),
            ("cut in the trailers", "0\r\nX: y\r\n", false),
            ("nothing yet", "", false),
        ] {
            assert_eq!(checked(body.as_bytes()), Ok(is_over), "{name}");
        }
    }

    #[test]
    fn a_body_with_two_readings_is_broken() {
        let long = format!("1;{}\r\nx\r\n0\r\n\r\n", "a".repeat(8192));
        let trailers = format!("0\r\n{}\r\n", "X: y\r\n".repeat(100));
        for (row, body) in [
            ("E08 prefix", "0x1\r\na\r\n"),
            ("E08 underscore", "1_0\r\n"),
            ("E08 overflow", "FFFFFFFFFFFFFFFFF\r\n"),
            ("E08 minus", "-1\r\n"),
            ("E08 plus", "+1\r\n"),
            ("E08 space before", " 1\r\n"),
            ("E08 space behind", "1 \r\na\r\n"),
            ("E08 empty", "\r\n"),
            ("E08 extension without a size", ";a\r\n"),
            ("E09 bare line feed", "1\na\r\n"),
            ("E10 line feed in an extension", "1;\nxx\r\n"),
            ("E10 CR in an extension", "1;a\rb\r\nx\r\n"),
            ("E10 NUL in an extension", "1;\0\r\nx\r\n"),
            ("E10 long extension", &long),
            ("data without its end", "1\r\nab\r\n"),
            ("data that ends in a bare line feed", "1\r\na\n0\r\n\r\n"),
            ("line feed ends the body", "0\r\n\n"),
            ("bare line feed ends a trailer", "0\r\nX: y\n\r\n"),
            ("too many trailers", &trailers),
        ] {
            assert_eq!(checked(body.as_bytes()), Err(BrokenChunk), "{row}");
        }
    }

    proptest! {
        #[test]
        fn a_body_is_judged_the_same_in_pieces_and_whole(
            noise in prop::collection::vec(any::<u8>(), 0..4),
            at in 0_usize..30,
            cut in 0_usize..30,
        ) {
            let mut body = b"3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n".to_vec();
            let at = at.min(body.len());
            body.splice(at..at, noise);
            let (first, second) = body.split_at(cut.min(body.len()));
            let mut chunked = Chunked::default();
            let pieces = chunked
                .advance(first)
                .and_then(|()| chunked.advance(second))
                .map(|()| chunked.is_over());
            prop_assert_eq!(pieces, checked(&body));
        }
    }
}
