//! The canonical path.

/// A path in the one form that is matched against routes and sent upstream.
///
/// Begins with `/` (or is `*`); unreserved characters stand as themselves, everything else of
/// an escape in upper-case hexadecimal (RFC 3986 §6.2.2); no empty segment but a last one, no
/// dot segment, no backslash, no control character, no second layer of escapes, valid UTF-8.
/// Parsing it again gives itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalPath {
    text: String,
    has_encoded_slash: bool,
}

/// Why a path is ambiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// `%` without two hexadecimal digits.
    #[error("the path has a malformed escape")]
    MalformedEscape,
    /// `%00` to `%1F`, `%7F`.
    #[error("the path has an escaped control character")]
    ControlCharacter,
    /// `\`, raw or escaped: a separator to some upstreams.
    #[error("the path has a backslash")]
    Backslash,
    /// `.` or `..`, raw or escaped, also with `;parameters`.
    #[error("the path has a dot segment")]
    DotSegment,
    /// `//`, also with one of them escaped.
    #[error("the path has an empty segment")]
    EmptySegment,
    /// Decoded once it still has an escape: upstreams that decode twice would see another path.
    #[error("the path is escaped twice")]
    DoubleEscape,
    /// Not UTF-8 once decoded (overlong forms among them).
    #[error("the path is not valid UTF-8")]
    NotUtf8,
}

impl CanonicalPath {
    /// The `*` of `OPTIONS *`, which no route matches.
    pub(super) fn asterisk() -> Self {
        Self {
            text: "*".to_owned(),
            has_encoded_slash: false,
        }
    }

    /// Brings `raw`, which begins with `/` and is printable ASCII, into canonical form.
    ///
    /// # Errors
    ///
    /// [`PathError`]: there is more than one way to read it.
    pub fn parse(raw: &[u8]) -> Result<Self, PathError> {
        // Most paths have nothing to decode; they are scanned and copied once.
        if raw.iter().all(|byte| is_path_byte(*byte)) {
            check_segments(raw)?;
            let text = str::from_utf8(raw).map_err(|_| PathError::NotUtf8)?;
            return Ok(Self {
                text: text.to_owned(),
                has_encoded_slash: false,
            });
        }
        let decoding = Decoding::of(raw)?;
        check_segments(&decoding.plain)?;
        if has_escape(&decoding.plain) {
            return Err(PathError::DoubleEscape);
        }
        if str::from_utf8(&decoding.plain).is_err() {
            return Err(PathError::NotUtf8);
        }
        Ok(Self {
            text: decoding.canonical,
            has_encoded_slash: decoding.has_encoded_slash,
        })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether there is a `%2F`, which only routes that say so take.
    pub const fn has_encoded_slash(&self) -> bool {
        self.has_encoded_slash
    }
}

/// A path decoded once, beside its canonical spelling.
struct Decoding {
    plain: Vec<u8>,
    canonical: String,
    has_encoded_slash: bool,
}

impl Decoding {
    fn of(raw: &[u8]) -> Result<Self, PathError> {
        let mut decoding = Self {
            plain: Vec::with_capacity(raw.len()),
            canonical: String::with_capacity(raw.len() + 16),
            has_encoded_slash: false,
        };
        let mut bytes = raw.iter().copied();
        while let Some(byte) = bytes.next() {
            match byte {
                b'%' => {
                    let digits = (bytes.next().and_then(hex), bytes.next().and_then(hex));
                    let (Some(high), Some(low)) = digits else {
                        return Err(PathError::MalformedEscape);
                    };
                    decoding.escaped(high << 4 | low)?;
                }
                b'\\' => return Err(PathError::Backslash),
                byte if is_path_byte(byte) => {
                    decoding.plain.push(byte);
                    decoding.canonical.push(char::from(byte));
                }
                // Characters that RFC 3986 wants escaped but browsers send as they are.
                byte => decoding.escape(byte),
            }
        }
        Ok(decoding)
    }

    /// Takes a byte that was escaped.
    fn escaped(&mut self, byte: u8) -> Result<(), PathError> {
        match byte {
            0x00..=0x1f | 0x7f => return Err(PathError::ControlCharacter),
            b'\\' => return Err(PathError::Backslash),
            byte if is_unreserved(byte) => {
                self.plain.push(byte);
                self.canonical.push(char::from(byte));
            }
            byte => {
                self.has_encoded_slash |= byte == b'/';
                self.escape(byte);
            }
        }
        Ok(())
    }

    /// Writes a byte as an escape.
    fn escape(&mut self, byte: u8) {
        self.plain.push(byte);
        self.canonical.push('%');
        for digit in [byte >> 4, byte & 0x0f] {
            let digit = char::from_digit(u32::from(digit), 16).unwrap_or('0');
            self.canonical.push(digit.to_ascii_uppercase());
        }
    }
}

/// Refuses what an upstream could resolve to another path: `//`, `.`, `..`, and the same with
/// path parameters (`..;x`), which servlet containers cut off before they resolve.
fn check_segments(decoded: &[u8]) -> Result<(), PathError> {
    let mut segments = decoded.split(|byte| *byte == b'/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        if segment.is_empty() && segments.peek().is_some() {
            return Err(PathError::EmptySegment);
        }
        let name = segment
            .split(|byte| *byte == b';')
            .next()
            .unwrap_or_default();
        if name == b"." || name == b".." {
            return Err(PathError::DotSegment);
        }
    }
    Ok(())
}

/// Whether a decoder would find something to decode: `%2e`, or the `%u002e` of old.
///
/// A lone `%`, as in `100%25.txt`, is none; a file may be called that.
fn has_escape(decoded: &[u8]) -> bool {
    decoded.windows(3).any(|window| {
        matches!(window, [b'%', high, low]
            if (hex(*high).is_some() && hex(*low).is_some()) || matches!(high, b'u' | b'U'))
    })
}

/// `pchar` without escapes, or `/` (RFC 3986 §3.3).
const fn is_path_byte(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(
            byte,
            b'/' | b':'
                | b'@'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
        )
}

/// `unreserved` (RFC 3986 §2.3).
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The value of a hexadecimal digit.
const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
