//! What an upstream answers to a handshake, read byte by byte and believed only where it is beyond
//! doubt: bytes that are taken for the beginning of a tunnel are looked at by nobody any more.

use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode, response};
use pingora::protocols::Stream;
use pingora::{Error, ErrorType};
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use super::handshake::Handshake;
use crate::gateway::edge::Chunked;
use crate::gateway::edge::line::{field, is_value, members};
use crate::gateway::headers::check_body_length;

/// The most that the head of an answer may take.
const HEAD_BYTES: usize = 64 * 1024;
/// The most that the body of an answer may take that is no tunnel; some page that says why.
const BODY_BYTES: usize = 256 * 1024;
/// Interim answers (RFC 9110 §15.2) before the one that counts.
const INTERIM: usize = 4;

/// Fields that are about the connection to the upstream (RFC 9110 §7.6.1), or about a body that is
/// framed anew.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// What an upstream answered.
#[derive(Debug)]
pub(super) enum Answer {
    /// The tunnel stands; with what came of it already.
    Switched(response::Parts, BytesMut),
    /// Something else, with its whole body: there is no tunnel.
    Ordinary(Response<Bytes>),
}

/// Reads the answer to `handshake`. Head and body may take `patience` each.
///
/// # Errors
///
/// Pingora's, of the upstream: it is gone, too slow, or its answer is in doubt.
pub(super) async fn read(
    stream: &mut Stream,
    handshake: &Handshake,
    patience: Option<Duration>,
) -> pingora::Result<Answer> {
    let patience = patience.unwrap_or(Duration::MAX);
    let mut reader = Reader {
        stream,
        buffer: BytesMut::new(),
    };
    let (version, mut head) = within(patience, reader.head()).await?;
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        if version != b'1' || !handshake.is_accepted_by(&head.headers) {
            return Err(broken("a 101 that does not answer the handshake"));
        }
        remove_hop_by_hop(&mut head.headers);
        return Ok(Answer::Switched(head, reader.buffer));
    }
    let body = within(patience, reader.body(&head)).await?;
    remove_hop_by_hop(&mut head.headers);
    Ok(Answer::Ordinary(Response::from_parts(head, body)))
}

struct Reader<'a> {
    stream: &'a mut Stream,
    buffer: BytesMut,
}

impl Reader<'_> {
    /// The head that counts, and the minor version of HTTP/1 that it is in.
    async fn head(&mut self) -> pingora::Result<(u8, response::Parts)> {
        for _ in 0..=INTERIM {
            let (version, head) = self.any_head().await?;
            if !head.status.is_informational() || head.status == StatusCode::SWITCHING_PROTOCOLS {
                return Ok((version, head));
            }
        }
        Err(broken("too many interim answers"))
    }

    async fn any_head(&mut self) -> pingora::Result<(u8, response::Parts)> {
        let end = loop {
            let found = memchr::memmem::find(&self.buffer, b"\r\n\r\n");
            match found.map(|at| at + 4) {
                Some(end) if end <= HEAD_BYTES => break end,
                None if self.buffer.len() < HEAD_BYTES => self.fill().await?,
                _ => return Err(broken("the head is too large")),
            }
        };
        let head = self.buffer.split_to(end);
        parse(&head).ok_or_else(|| broken("the head is malformed"))
    }

    /// The whole body of an answer with this head; nothing of what follows.
    async fn body(&mut self, head: &response::Parts) -> pingora::Result<Bytes> {
        if matches!(
            head.status,
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
        ) {
            return Ok(Bytes::new());
        }
        let value = |name: HeaderName| {
            let mut values = head.headers.get_all(name).iter();
            let first = values.next().map(HeaderValue::as_bytes);
            match values.next() {
                None => Ok(first),
                Some(_) => Err(broken("the length of the body is ambiguous")),
            }
        };
        let length = value(header::CONTENT_LENGTH)?;
        let coding = value(header::TRANSFER_ENCODING)?;
        check_body_length(length, coding)
            .map_err(|_| broken("the length of the body is ambiguous"))?;
        match (length.and_then(number), coding) {
            (_, Some(_)) => self.chunks().await,
            (Some(length), None) => self.exactly(length).await,
            (None, None) => self.rest().await,
        }
    }

    async fn exactly(&mut self, length: usize) -> pingora::Result<Bytes> {
        if length > BODY_BYTES {
            return Err(too_large());
        }
        while self.buffer.len() < length {
            self.fill().await?;
        }
        Ok(self.buffer.split_to(length).freeze())
    }

    async fn rest(&mut self) -> pingora::Result<Bytes> {
        while self.read_some().await? > 0 {
            if self.buffer.len() > BODY_BYTES {
                return Err(too_large());
            }
        }
        Ok(self.buffer.split().freeze())
    }

    async fn chunks(&mut self) -> pingora::Result<Bytes> {
        let malformed = || broken("the body is malformed");
        let mut check = Chunked::default();
        let mut checked = 0;
        loop {
            let news = self.buffer.get(checked..).unwrap_or_default();
            check.advance(news).map_err(|_| malformed())?;
            checked = self.buffer.len();
            if check.is_over() {
                return decode(&self.buffer).ok_or_else(malformed);
            }
            if checked > BODY_BYTES {
                return Err(too_large());
            }
            self.fill().await?;
        }
    }

    /// Reads on; that there is nothing more is an error.
    async fn fill(&mut self) -> pingora::Result<()> {
        match self.read_some().await? {
            0 => Err(Error::new_up(ErrorType::ConnectionClosed)),
            _ => Ok(()),
        }
    }

    async fn read_some(&mut self) -> pingora::Result<usize> {
        self.buffer.reserve(4096);
        self.stream
            .read_buf(&mut self.buffer)
            .await
            .map_err(|error| {
                Error::because(ErrorType::ReadError, "an answer to a handshake", error).into_up()
            })
    }
}

async fn within<T>(
    patience: Duration,
    reading: impl Future<Output = pingora::Result<T>>,
) -> pingora::Result<T> {
    timeout(patience, reading)
        .await
        .unwrap_or_else(|_| Err(Error::new_up(ErrorType::ReadTimedout)))
}

fn broken(what: &'static str) -> Box<Error> {
    Error::explain(ErrorType::InvalidHTTPHeader, what).into_up()
}

fn too_large() -> Box<Error> {
    broken("the body is too large")
}

/// A head that ends in an empty line; `None` unless it has one reading.
fn parse(head: &[u8]) -> Option<(u8, response::Parts)> {
    let mut lines = head
        .strip_suffix(b"\r\n")?
        .split_inclusive(|byte| *byte == b'\n');
    let (version, status) = status_line(lines.next()?.strip_suffix(b"\r\n")?)?;
    let (mut parts, ()) = Response::new(()).into_parts();
    parts.status = status;
    for line in lines {
        let (name, value) = field(line.strip_suffix(b"\r\n")?)?;
        let name = HeaderName::from_bytes(name).ok()?;
        let value = HeaderValue::from_bytes(value.trim_ascii()).ok()?;
        parts.headers.append(name, value);
    }
    Some((version, parts))
}

/// `HTTP/1.x SP 3DIGIT [SP reason]` (RFC 9112 §4): the x, and the status.
fn status_line(line: &[u8]) -> Option<(u8, StatusCode)> {
    let (version, rest) = line.strip_prefix(b"HTTP/1.")?.split_first()?;
    let (status, reason) = rest.strip_prefix(b" ")?.split_at_checked(3)?;
    let is_status = status.iter().all(u8::is_ascii_digit);
    let has_reason = reason.is_empty() || reason.first() == Some(&b' ') && is_value(reason);
    let status = StatusCode::from_bytes(status).ok()?;
    (matches!(*version, b'0' | b'1') && is_status && has_reason && status.as_u16() < 600)
        .then_some((*version, status))
}

fn number(digits: &[u8]) -> Option<usize> {
    str::from_utf8(digits).ok()?.parse().ok()
}

/// The data of a chunked body whose framing was checked.
fn decode(mut body: &[u8]) -> Option<Bytes> {
    let mut data = BytesMut::new();
    loop {
        let line = body.get(..memchr::memchr(b'\n', body)?)?;
        body.advance(line.len() + 1);
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit());
        let size = usize::from_str_radix(str::from_utf8(line.get(..digits.count())?).ok()?, 16);
        match size.ok()? {
            0 => return Some(data.freeze()),
            size => {
                data.extend_from_slice(body.get(..size)?);
                body = body.get(size + 2..)?;
            }
        }
    }
}

/// Removes what ends at this hop, and what the upstream says ends here.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let nominated: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| members(value.as_bytes()))
        .filter_map(|name| HeaderName::from_bytes(name).ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&nominated) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_with_one_reading_is_parsed() {
        let head = b"HTTP/1.1 403 No way\r\nX-A: 1\r\nX-A:2\r\n\r\n";
        let (version, parts) = parse(head).unwrap();
        assert_eq!((version, parts.status), (b'1', StatusCode::FORBIDDEN));
        let values: Vec<_> = parts.headers.get_all("x-a").iter().collect();
        assert_eq!(values, ["1", "2"]);
        for head in ["HTTP/1.0 200\r\n\r\n", "HTTP/1.1 200 \r\n\r\n"] {
            assert!(parse(head.as_bytes()).is_some(), "{head}");
        }
    }

    #[test]
    fn a_head_with_two_readings_is_refused() {
        for head in [
            "hello\r\n\r\n",
            "HTTP/2 200 OK\r\n\r\n",
            "HTTP/1.2 200 OK\r\n\r\n",
            "HTTP/1.1  200 OK\r\n\r\n",
            "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 1010 OK\r\n\r\n",
            "HTTP/1.1 999 OK\r\n\r\n",
            "HTTP/1.1 +20 OK\r\n\r\n",
            "HTTP/1.1 200 O\x00K\r\n\r\n",
            "HTTP/1.1 200 OK\nX: 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: 1\nY: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: 1\r\n folded\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX : 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\r\r\n\r\n",
        ] {
            assert!(parse(head.as_bytes()).is_none(), "{head:?}");
        }
    }

    #[test]
    fn chunks_are_put_together() {
        let body = b"3;a=b\r\nabc\r\n0A\r\n0123456789\r\n0\r\nX: y\r\n\r\n";
        assert_eq!(decode(body).unwrap(), "abc0123456789");
    }
}
