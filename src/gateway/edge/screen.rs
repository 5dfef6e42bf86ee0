//! Whether the bytes of a request head have one reading (RFC 9112).
//!
//! Not a parser: Pingora parses what passed. Stricter than RFC 9112 asks: a line ends in CRLF
//! and in nothing else, the request line has single spaces, and the body has one length.

use http::Method;

use super::line::{field, is_token_byte, members};
use crate::gateway::canonical::{
    AuthorityError, CanonicalError, CanonicalRequest, Claimed, Scheme, check_target_bytes,
};
use crate::gateway::headers::{HeaderError, check_body_length};
use crate::gateway::rejection::Rejection;
use crate::gateway::settings::Limits;

/// Why a head is refused before it is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// A line that does not end in CRLF, or a lone CR.
    #[error("a line of the head does not end in CRLF")]
    LineEnd,
    /// Not `METHOD SP target SP HTTP/1.x`, or empty lines before it (one is tolerated).
    #[error("the request line is malformed")]
    RequestLine,
    /// Not HTTP/1.0 or HTTP/1.1.
    #[error("the HTTP version is not spoken here")]
    Version,
    /// Not `name: value`, or folded.
    #[error("a field line is malformed")]
    Field,
    /// The head did not arrive in time.
    #[error("the request head did not arrive in time")]
    Timeout,
}

/// The check of one head, which may arrive in pieces.
#[derive(Debug, Default)]
pub(super) struct Screen {
    /// Where the line begins that is not yet complete.
    at: usize,
    request: Option<RequestLine>,
    empty_lines: usize,
    fields: usize,
    host: Option<Vec<u8>>,
    length: Option<Vec<u8>>,
    coding: Option<Vec<u8>>,
    /// Whether `Upgrade` has the protocol among others.
    names_websocket: bool,
    /// Whether `Connection` has the option.
    asks_upgrade: bool,
}

/// What of the request line decides about the head.
#[derive(Debug)]
struct RequestLine {
    is_http_10: bool,
    /// Kept only for what is not origin-form, which is rare.
    unusual: Option<(Method, Vec<u8>)>,
}

impl Screen {
    /// Checks what of `head` was not yet checked; whether it is complete.
    ///
    /// # Errors
    ///
    /// [`Rejection`] as soon as it is clear that the head will be refused.
    pub(super) fn advance(&mut self, head: &[u8], limits: &Limits) -> Result<bool, Rejection> {
        loop {
            let rest = head.get(self.at..).unwrap_or_default();
            let Some(end) = memchr::memchr(b'\n', rest) else {
                self.check_size(head.len(), limits)?;
                return Ok(false);
            };
            let line = rest.get(..end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").ok_or(HeadError::LineEnd)?;
            self.at += end + 1;
            self.check_size(self.at, limits)?;
            match (&self.request, line) {
                (None, b"") if self.empty_lines == 0 => self.empty_lines = 1,
                (None, line) => self.request = Some(RequestLine::check(line)?),
                (Some(_), b"") => return self.finish().map(|()| true),
                (Some(_), line) => self.check_field(line, limits)?,
            }
        }
    }

    /// Where the chunked body begins of a head that is complete and has one.
    pub(super) fn chunked_from(&self) -> Option<usize> {
        self.coding.is_some().then_some(self.at)
    }

    /// Where a complete head ends.
    pub(super) const fn end(&self) -> usize {
        self.at
    }

    /// Whether a complete head asks to go on as a WebSocket. It has to say so twice, and in HTTP/1.1
    /// (RFC 9110 §7.8).
    pub(super) fn asks_for_websocket(&self) -> bool {
        let is_http_11 = self.request.as_ref().is_some_and(|it| !it.is_http_10);
        self.names_websocket && self.asks_upgrade && is_http_11
    }

    /// The limits of the gateway, with room for what is around fields and target on the wire.
    fn check_size(&self, size: usize, limits: &Limits) -> Result<(), Rejection> {
        if self.request.is_none() && size > limits.target_bytes + 64 {
            return Err(CanonicalError::TargetTooLong.into());
        }
        if size > limits.target_bytes + limits.head_bytes + 64 {
            return Err(HeaderError::TooLarge.into());
        }
        Ok(())
    }

    fn check_field(&mut self, line: &[u8], limits: &Limits) -> Result<(), Rejection> {
        self.fields += 1;
        if self.fields > limits.head_fields {
            return Err(HeaderError::TooManyFields.into());
        }
        let (name, value) = field(line).ok_or(HeadError::Field)?;
        let known = match name.len() {
            7 if name.eq_ignore_ascii_case(b"upgrade") => {
                self.names_websocket |= names(value, b"websocket");
                return Ok(());
            }
            10 if name.eq_ignore_ascii_case(b"connection") => {
                self.asks_upgrade |= names(value, b"upgrade");
                return Ok(());
            }
            4 if name.eq_ignore_ascii_case(b"host") => &mut self.host,
            14 if name.eq_ignore_ascii_case(b"content-length") => &mut self.length,
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => &mut self.coding,
            _ => return Ok(()),
        };
        if known.replace(value.trim_ascii().to_vec()).is_some() {
            return Err(HeaderError::Duplicate.into());
        }
        Ok(())
    }

    /// What only the whole head tells.
    fn finish(&self) -> Result<(), Rejection> {
        let Some(request) = &self.request else {
            return Err(HeadError::RequestLine.into());
        };
        if request.is_http_10 && self.coding.is_some() {
            return Err(HeaderError::TransferEncoding.into());
        }
        check_body_length(self.length.as_deref(), self.coding.as_deref())?;
        if self.host.as_ref().is_some_and(|host| host.contains(&b'@')) {
            return Err(CanonicalError::Authority(AuthorityError::Malformed).into());
        }
        if let Some((method, target)) = &request.unusual {
            let claimed = Claimed {
                method,
                target,
                authority: self.host.as_deref(),
                scheme: Scheme::Http,
            };
            CanonicalRequest::parse(claimed, usize::MAX)?;
        }
        Ok(())
    }
}

impl RequestLine {
    /// `method SP request-target SP HTTP-version` (RFC 9112 §3).
    fn check(line: &[u8]) -> Result<Self, Rejection> {
        let mut parts = line.split(|byte| *byte == b' ');
        let (method, target, version) = (parts.next(), parts.next(), parts.next());
        let (Some(method), Some(target), Some(version)) = (method, target, version) else {
            return Err(HeadError::RequestLine.into());
        };
        if parts.next().is_some() || method.is_empty() || !method.iter().all(is_token_byte) {
            return Err(HeadError::RequestLine.into());
        }
        check_target_bytes(target)?;
        let is_http_10 = match version {
            b"HTTP/1.1" => false,
            b"HTTP/1.0" => true,
            version if version.starts_with(b"HTTP/") => return Err(HeadError::Version.into()),
            _ => return Err(HeadError::RequestLine.into()),
        };
        let is_usual = target.starts_with(b"/") && method != b"CONNECT";
        let unusual = if is_usual {
            None
        } else {
            let method = Method::from_bytes(method).map_err(|_| HeadError::RequestLine)?;
            Some((method, target.to_vec()))
        };
        Ok(Self {
            is_http_10,
            unusual,
        })
    }
}

/// Whether a list has this member, in any case.
fn names(list: &[u8], member: &[u8]) -> bool {
    members(list).any(|it| it.eq_ignore_ascii_case(member))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gateway::tests::support::limits;

    /// Whether the head is complete, or the word for why it is refused.
    fn screened(head: &[u8]) -> Result<bool, &'static str> {
        Screen::default()
            .advance(head, &limits())
            .map_err(|rejection| rejection.reason())
    }

    fn with_field(field: &str) -> Vec<u8> {
        format!("GET / HTTP/1.1\r\nHost: a.test\r\n{field}\r\n\r\n").into_bytes()
    }

    #[test]
    fn a_head_with_one_reading_passes() {
        for head in [
            &b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"[..],
            b"\r\nGET /x?y=[z]|{} HTTP/1.0\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost:a.test\r\nContent-Length:\t3 \r\n\r\nabc",
            b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            b"GET http://a.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n",
            b"GET / HTTP/1.1\r\nX: \xc3\xa9\r\nY:\r\n\r\n",
        ] {
            assert_eq!(screened(head), Ok(true), "{}", head.escape_ascii());
        }
    }

    #[test]
    fn a_request_line_that_is_not_one_is_refused() {
        for (row, line, reason) in [
            (
                "A13 hash",
                &b"GET /api/x#/public/y HTTP/1.1"[..],
                "target_raw_byte",
            ),
            ("A11 NUL", b"GET /admin\0/x HTTP/1.1", "target_raw_byte"),
            (
                "A19 not UTF-8",
                b"GET /\xc0\xae HTTP/1.1",
                "target_raw_byte",
            ),
            ("A26 space", b"GET /a b HTTP/1.1", "request_line"),
            (
                "A27 twice",
                b"GET /public HTTP/1.1 /admin HTTP/1.1",
                "request_line",
            ),
            ("two spaces", b"GET  / HTTP/1.1", "request_line"),
            ("tab", b"GET\t/ HTTP/1.1", "request_line"),
            ("G02 method", b"G(T / HTTP/1.1", "request_line"),
            ("E21 HTTP/0.9", b"GET /", "request_line"),
            ("E21 no protocol", b"GET / FTP/1.1", "request_line"),
            ("E21 HTTP/1.2", b"GET / HTTP/1.2", "http_version"),
            ("E21 HTTP/2.0", b"GET / HTTP/2.0", "http_version"),
            ("E21 HTTP/1.10", b"GET / HTTP/1.10", "http_version"),
            ("A24 asterisk", b"GET * HTTP/1.1", "target_form"),
            ("opaque target", b"GET foo:admin HTTP/1.1", "target_form"),
            ("F08 CONNECT", b"CONNECT a.test:443 HTTP/1.1", "method"),
            ("B03 other host", b"GET http://b.test/ HTTP/1.1", "host"),
        ] {
            let head = [line, b"\r\nHost: a.test\r\n\r\n"].concat();
            assert_eq!(screened(&head), Err(reason), "{row}");
        }
    }

    #[test]
    fn framing_in_doubt_is_refused() {
        for (row, field, reason) in [
            (
                "E01 both lengths",
                "Content-Length: 6\r\nTransfer-Encoding: chunked",
                "content_length",
            ),
            (
                "E02 other coding",
                "Transfer-Encoding: xchunked",
                "transfer_encoding",
            ),
            (
                "E02 vertical tab",
                "Transfer-Encoding: \x0bchunked",
                "field",
            ),
            (
                "E02 parameter",
                "Transfer-Encoding: chunked;q=1",
                "transfer_encoding",
            ),
            (
                "E03 identity",
                "Transfer-Encoding: identity, chunked",
                "transfer_encoding",
            ),
            (
                "E03 twice",
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                "duplicate_field",
            ),
            ("E06 sign", "Content-Length: +1", "content_length"),
            ("E06 space", "Content-Length: 1 1", "content_length"),
            ("E06 list", "Content-Length: 1,2", "content_length"),
            ("E06 hexadecimal", "Content-Length: 0x1", "content_length"),
            ("E06 empty", "Content-Length:", "content_length"),
            (
                "E07 twice",
                "Content-Length: 1\r\nContent-Length: 1",
                "duplicate_field",
            ),
        ] {
            assert_eq!(screened(&with_field(field)), Err(reason), "{row}");
        }
        let old = b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(screened(old), Err("transfer_encoding"), "E04");
    }

    #[test]
    fn lines_in_doubt_are_refused() {
        for (row, field, reason) in [
            ("B02 two hosts", "Host: a.test", "duplicate_field"),
            ("E11 bare line feed", "X: 1\nY: 2", "line_end"),
            ("E12 lone CR", "X: 1\rY: 2", "field"),
            ("E12 folded", "X: 1\r\n  2", "field"),
            ("E12 space before the colon", "X : 1", "field"),
            ("E12 no name", ": 1", "field"),
            ("E12 no colon", "X", "field"),
            ("E12 NUL", "X: \0", "field"),
            ("E12 name that is no token", "X(y): 1", "field"),
        ] {
            assert_eq!(screened(&with_field(field)), Err(reason), "{row}");
        }
        let user = b"GET / HTTP/1.1\r\nHost: a.test@evil.test\r\n\r\n";
        assert_eq!(screened(user), Err("host"), "B05");
        assert_eq!(
            screened(b"\r\n\r\nGET / HTTP/1.1\r\n"),
            Err("request_line"),
            "E13"
        );
    }

    #[test]
    fn size_is_limited_while_it_arrives() {
        let line = [b"GET /".as_slice(), &b"a".repeat(20_000)].concat();
        assert_eq!(screened(&line), Err("target_too_long"), "A28");
        let field = [b"GET / HTTP/1.1\r\nX: ".as_slice(), &b"a".repeat(50_000)].concat();
        assert_eq!(screened(&field), Err("fields_too_large"), "E22");
        let many = format!("GET / HTTP/1.1\r\n{}", "A: b\r\n".repeat(300));
        assert_eq!(screened(many.as_bytes()), Err("too_many_fields"), "E22");
    }

    proptest! {
        #[test]
        fn a_head_is_judged_the_same_in_pieces_and_whole(
            cut in 0_usize..60,
            noise in prop::collection::vec(any::<u8>(), 0..4),
            at in 0_usize..60,
        ) {
            let mut head = b"GET /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n".to_vec();
            let at = at.min(head.len());
            head.splice(at..at, noise);
            let mut screen = Screen::default();
            let cut = cut.min(head.len());
            let first = screen.advance(&head[..cut], &limits());
            let pieces = match first {
                Ok(false) => screen.advance(&head, &limits()),
                decided => decided,
            };
            let pieces = pieces.map_err(|rejection| rejection.reason());
            prop_assert_eq!(pieces, screened(&head));
        }
    }
}
