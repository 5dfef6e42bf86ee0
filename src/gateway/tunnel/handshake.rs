//! The opening handshake as downstream sends it (RFC 6455 §4.2.1), and what must come back.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Version, request};

use crate::gateway::edge::line::{is_token_byte, members};

/// Why a request to go on as a WebSocket is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// Not `GET` over HTTP/1.1.
    #[error("a WebSocket is opened by GET over HTTP/1.1")]
    Method,
    /// A body, which would have two readings afterwards.
    #[error("a WebSocket handshake has no body")]
    Body,
    /// `Upgrade` names other protocols as well, or stands twice.
    #[error("the handshake asks for more than a WebSocket")]
    Protocols,
    /// Not version 13, the only one there is.
    #[error("the version of the WebSocket protocol is not 13")]
    Version,
    /// `Sec-WebSocket-Key` is not 16 bytes in Base64, or stands twice.
    #[error("the handshake has no well-formed key")]
    Key,
    /// `Sec-WebSocket-Protocol` is no list of different tokens.
    #[error("the list of subprotocols is malformed")]
    Subprotocols,
}

const KEY: HeaderName = header::SEC_WEBSOCKET_KEY;
const SUBPROTOCOL: HeaderName = header::SEC_WEBSOCKET_PROTOCOL;
const EXTENSIONS: HeaderName = header::SEC_WEBSOCKET_EXTENSIONS;
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// What a key is joined with before it is hashed (RFC 6455 §1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A handshake that is one.
#[derive(Debug)]
pub(super) struct Handshake {
    key: HeaderValue,
    subprotocols: Vec<Vec<u8>>,
    extensions: Vec<Vec<u8>>,
    may_extend: bool,
}

impl Handshake {
    /// Reads what `request` asks for, before anything is removed from it. That `Connection` has the
    /// option `upgrade` was seen when the head was read.
    ///
    /// # Errors
    ///
    /// [`HandshakeError`].
    pub(super) fn read(request: &request::Parts) -> Result<Self, HandshakeError> {
        let headers = &request.headers;
        if request.method != Method::GET || request.version != Version::HTTP_11 {
            return Err(HandshakeError::Method);
        }
        let length = headers.get(header::CONTENT_LENGTH);
        if headers.contains_key(header::TRANSFER_ENCODING)
            || length.is_some_and(|length| length != "0")
        {
            return Err(HandshakeError::Body);
        }
        let upgrade = single(headers, &header::UPGRADE).ok_or(HandshakeError::Protocols)?;
        if !upgrade.as_bytes().eq_ignore_ascii_case(b"websocket") {
            return Err(HandshakeError::Protocols);
        }
        let version = single(headers, &header::SEC_WEBSOCKET_VERSION);
        if version.is_none_or(|version| version != "13") {
            return Err(HandshakeError::Version);
        }
        let key = single(headers, &KEY).ok_or(HandshakeError::Key)?;
        if STANDARD.decode(key).map(|nonce| nonce.len()) != Ok(16) {
            return Err(HandshakeError::Key);
        }
        Ok(Self {
            key: key.clone(),
            subprotocols: subprotocols(headers)?,
            extensions: extensions(headers).map(<[u8]>::to_vec).collect(),
            may_extend: true,
        })
    }

    /// Offers no extension, such as compression: what passes is to be read.
    pub(super) fn refuse_extensions(&mut self) {
        self.extensions.clear();
        self.may_extend = false;
    }

    /// Makes of `headers`, of which nothing that ends at this hop is left, those of a handshake.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        for name in [header::CONTENT_LENGTH, header::EXPECT] {
            headers.remove(name);
        }
        if !self.may_extend {
            headers.remove(EXTENSIONS);
        }
        switch(headers);
        headers.insert(
            header::SEC_WEBSOCKET_VERSION,
            HeaderValue::from_static("13"),
        );
        headers.insert(KEY, self.key.clone());
    }

    /// The answer to the key (RFC 6455 §4.2.2).
    fn accept(&self) -> String {
        let input = [self.key.as_bytes(), GUID].concat();
        STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &input))
    }

    /// Whether a 101 with these fields is the answer to this handshake (RFC 6455 §4.1), and to
    /// nothing else: what was not offered must not be chosen.
    pub(super) fn is_accepted_by(&self, headers: &HeaderMap) -> bool {
        let is = |name, expected: &[u8]| {
            single(headers, name)
                .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(expected))
        };
        let is_connection_switched = headers
            .get_all(header::CONNECTION)
            .iter()
            .flat_map(|value| members(value.as_bytes()))
            .any(|option| option.eq_ignore_ascii_case(b"upgrade"));
        let accept = self.accept();
        let has_key =
            single(headers, &header::SEC_WEBSOCKET_ACCEPT).is_some_and(|value| *value == *accept);
        let has_body = headers.contains_key(header::TRANSFER_ENCODING)
            || headers.contains_key(header::CONTENT_LENGTH);
        let subprotocol = match headers.get(&SUBPROTOCOL) {
            Some(_) => single(headers, &SUBPROTOCOL)
                .is_some_and(|chosen| self.subprotocols.iter().any(|it| it == chosen.as_bytes())),
            None => true,
        };
        let mut extensions = extensions(headers);
        is(&header::UPGRADE, b"websocket")
            && is_connection_switched
            && has_key
            && !has_body
            && subprotocol
            && extensions.all(|chosen| self.extensions.iter().any(|it| it == chosen))
    }
}

/// Adds the fields that say that the connection goes on as a WebSocket.
pub(super) fn switch(headers: &mut HeaderMap) {
    let upgrade = HeaderValue::from_static("Upgrade");
    headers.insert(header::CONNECTION, upgrade);
    headers.insert(header::UPGRADE, WEBSOCKET);
}

/// The value of a field that stands exactly once.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

fn subprotocols(headers: &HeaderMap) -> Result<Vec<Vec<u8>>, HandshakeError> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    for value in headers.get_all(&SUBPROTOCOL) {
        for member in value.as_bytes().split(|byte| *byte == b',') {
            let member = member.trim_ascii();
            let is_token = !member.is_empty() && member.iter().all(is_token_byte);
            if !is_token || found.iter().any(|it| it == member) {
                return Err(HandshakeError::Subprotocols);
            }
            found.push(member.to_vec());
        }
    }
    Ok(found)
}

/// The names of extensions; what is said about each is between the two ends.
fn extensions(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let name = |member: &'_ [u8]| member.iter().position(|byte| *byte == b';');
    headers
        .get_all(&EXTENSIONS)
        .iter()
        .flat_map(|value| members(value.as_bytes()))
        .filter_map(move |member| member.get(..name(member).unwrap_or(member.len())))
        .map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6455 §1.3.
    const FIELDS: [(&str, &str); 4] = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    fn map(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    /// The example with these fields besides; those with a name of the example replace its.
    fn read(
        method: &str,
        deviations: &[(&'static str, &str)],
    ) -> Result<Handshake, HandshakeError> {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.method = method.parse().unwrap();
        parts.headers = map(&FIELDS);
        for (name, _) in deviations {
            parts.headers.remove(*name);
        }
        parts.headers.extend(map(deviations));
        Handshake::read(&parts)
    }

    #[test]
    fn a_handshake_is_read_whatever_the_case_of_the_protocol() {
        assert!(read("GET", &[]).is_ok());
        for deviations in [
            &[("upgrade", "WebSocket")][..],
            &[("content-length", "0")],
            &[("sec-websocket-protocol", "chat, v2.chat")],
        ] {
            assert!(read("GET", deviations).is_ok(), "{deviations:?}");
        }
    }

    type Deviations = &'static [(&'static str, &'static str)];

    const REFUSED: &[(&str, &str, Deviations, HandshakeError)] = &[
        ("method", "POST", &[("x", "y")], HandshakeError::Method),
        (
            "body",
            "GET",
            &[("content-length", "5")],
            HandshakeError::Body,
        ),
        (
            "chunks",
            "GET",
            &[("transfer-encoding", "chunked")],
            HandshakeError::Body,
        ),
        (
            "F07 two protocols",
            "GET",
            &[("upgrade", "websocket, h2c")],
            HandshakeError::Protocols,
        ),
        (
            "two fields",
            "GET",
            &[("upgrade", "websocket"), ("upgrade", "h2c")],
            HandshakeError::Protocols,
        ),
        (
            "F07 version 12",
            "GET",
            &[("sec-websocket-version", "12")],
            HandshakeError::Version,
        ),
        (
            "two versions",
            "GET",
            &[("sec-websocket-version", "13, 8")],
            HandshakeError::Version,
        ),
        (
            "F07 no key",
            "GET",
            &[("sec-websocket-key", "")],
            HandshakeError::Key,
        ),
        (
            "short key",
            "GET",
            &[("sec-websocket-key", "dGhlIHNhbXBsZQ==")],
            HandshakeError::Key,
        ),
        (
            "no Base64",
            "GET",
            &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ")],
            HandshakeError::Key,
        ),
        (
            "two keys",
            "GET",
            &[FIELDS[3], FIELDS[3]],
            HandshakeError::Key,
        ),
        (
            "no token",
            "GET",
            &[("sec-websocket-protocol", "a b")],
            HandshakeError::Subprotocols,
        ),
        (
            "empty member",
            "GET",
            &[("sec-websocket-protocol", "a,,b")],
            HandshakeError::Subprotocols,
        ),
        (
            "twice the same",
            "GET",
            &[("sec-websocket-protocol", "a, a")],
            HandshakeError::Subprotocols,
        ),
    ];

    #[test]
    fn what_is_no_handshake_is_refused() {
        for (row, method, deviations, error) in REFUSED {
            assert_eq!(read(method, deviations).unwrap_err(), *error, "{row}");
        }
        let (mut old, ()) = http::Request::new(()).into_parts();
        old.headers = map(&FIELDS);
        old.version = Version::HTTP_10;
        assert_eq!(
            Handshake::read(&old).unwrap_err(),
            HandshakeError::Method,
            "HTTP/1.0"
        );
    }

    #[test]
    fn only_the_answer_to_this_handshake_is_accepted() {
        let handshake = read(
            "GET",
            &[
                ("sec-websocket-protocol", "chat, v2.chat"),
                (
                    "sec-websocket-extensions",
                    "permessage-deflate; server_no_context_takeover",
                ),
            ],
        )
        .unwrap();
        let good = [
            ("connection", "upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-accept", ACCEPT),
        ];
        let with = |fields: &[(&'static str, &str)]| {
            let mut headers = map(&good);
            for (name, _) in fields {
                headers.remove(*name);
            }
            headers.extend(map(fields));
            handshake.is_accepted_by(&headers)
        };
        assert!(with(&[]));
        assert!(with(&[("sec-websocket-protocol", "v2.chat")]));
        assert!(with(&[("sec-websocket-extensions", "permessage-deflate")]));
        for (row, fields) in [
            ("other protocol", &[("upgrade", "h2c")][..]),
            (
                "two protocols",
                &[("upgrade", "websocket"), ("upgrade", "websocket")],
            ),
            ("connection kept", &[("connection", "keep-alive")]),
            (
                "wrong accept",
                &[("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOO=")],
            ),
            (
                "accept in another case",
                &[("sec-websocket-accept", "S3pPLMBiTxaQ9kYGzzhZRbK+xOo=")],
            ),
            ("a length", &[("content-length", "0")]),
            ("a coding", &[("transfer-encoding", "chunked")]),
            (
                "a subprotocol not offered",
                &[("sec-websocket-protocol", "v3.chat")],
            ),
            (
                "two subprotocols",
                &[("sec-websocket-protocol", "chat, v2.chat")],
            ),
            (
                "an extension not offered",
                &[("sec-websocket-extensions", "x-mux")],
            ),
        ] {
            assert!(!with(fields), "{row}");
        }
    }
}
