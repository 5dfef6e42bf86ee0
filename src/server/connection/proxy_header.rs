//! The PROXY protocol header that a load balancer begins a connection with, version 1 or 2.

use std::io;
use std::net::{IpAddr, SocketAddr};

use ppp::{HeaderResult, v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest header that is read; the addresses take at most 52 bytes of version 2, the rest is
/// for extensions, which are skipped.
const MAX_BYTES: usize = 4096;

/// What version 1 begins with, and the most it can take with its line end.
const VERSION_1: &[u8] = b"PROXY ";
const VERSION_1_MAX_BYTES: usize = 107;

/// What version 2 begins with; two bytes of kinds and two of length follow.
const VERSION_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// What a header tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// Where the connection began; `None` when the load balancer speaks for itself (a health
    /// check) or does not know.
    pub(super) source: Option<SocketAddr>,
    /// What came after the header, to be read again.
    pub(super) rest: Vec<u8>,
}

/// Why a connection does not begin with a header.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProxyHeaderError {
    /// The connection failed or ended.
    #[error("the connection ended within the PROXY header")]
    Ended(#[from] io::Error),
    /// Longer than any header that is sent in earnest.
    #[error("the PROXY header has more than {MAX_BYTES} bytes")]
    TooLong,
    /// Something else than a header.
    #[error("the connection does not begin with a PROXY header")]
    Malformed,
}

/// Reads the header that `stream` begins with.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Told, ProxyHeaderError> {
    let mut bytes = Vec::with_capacity(256);
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        if let Some(length) = length(&bytes)?
            && let Some((header, rest)) = bytes.split_at_checked(length)
        {
            return Ok(Told {
                source: source(header)?,
                rest: rest.to_vec(),
            });
        }
    }
}

/// How long the header is that `bytes` begin with; `None` while that cannot be seen.
fn length(bytes: &[u8]) -> Result<Option<usize>, ProxyHeaderError> {
    let length = if bytes.first() == VERSION_2.first() {
        let told = bytes.get(VERSION_2.len() + 2..VERSION_2.len() + 4);
        let told = told.and_then(|it| <[u8; 2]>::try_from(it).ok());
        told.map(|it| VERSION_2.len() + 4 + usize::from(u16::from_be_bytes(it)))
    } else {
        let line = bytes
            .get(..bytes.len().min(VERSION_1_MAX_BYTES))
            .unwrap_or_default();
        let end = line.windows(2).position(|it| it == b"\r\n");
        let begins = line
            .iter()
            .zip(VERSION_1)
            .all(|(read, known)| read == known);
        if !begins || (end.is_none() && line.len() == VERSION_1_MAX_BYTES) {
            return Err(ProxyHeaderError::Malformed);
        }
        end.map(|end| end + 2)
    };
    if length.is_some_and(|length| length > MAX_BYTES) {
        return Err(ProxyHeaderError::TooLong);
    }
    Ok(length)
}

/// What a whole header tells.
fn source(header: &[u8]) -> Result<Option<SocketAddr>, ProxyHeaderError> {
    match HeaderResult::parse(header) {
        HeaderResult::V1(Ok(header)) => Ok(v1_source(&header)),
        HeaderResult::V2(Ok(header)) => Ok(v2_source(&header)),
        HeaderResult::V1(Err(_)) | HeaderResult::V2(Err(_)) => Err(ProxyHeaderError::Malformed),
    }
}

fn v1_source(header: &v1::Header<'_>) -> Option<SocketAddr> {
    match header.addresses {
        v1::Addresses::Tcp4(it) => Some(socket_address(it.source_address, it.source_port)),
        v1::Addresses::Tcp6(it) => Some(socket_address(it.source_address, it.source_port)),
        v1::Addresses::Unknown => None,
    }
}

fn v2_source(header: &v2::Header<'_>) -> Option<SocketAddr> {
    match header.addresses {
        _ if header.command == v2::Command::Local => None,
        v2::Addresses::IPv4(it) => Some(socket_address(it.source_address, it.source_port)),
        v2::Addresses::IPv6(it) => Some(socket_address(it.source_address, it.source_port)),
        v2::Addresses::Unix(_) | v2::Addresses::Unspecified => None,
    }
}

fn socket_address(address: impl Into<IpAddr>, port: u16) -> SocketAddr {
    SocketAddr::new(address.into().to_canonical(), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version 2: command, family and protocol, then what the length covers.
    fn version_2(command: u8, family: u8, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
        [VERSION_2, &[0x20 | command, family], &length, payload].concat()
    }

    const IPV4: &[u8] = &[192, 0, 2, 7, 10, 0, 0, 1, 0x12, 0x67, 0x01, 0xbb];

    async fn told(bytes: &[u8]) -> Result<Told, ProxyHeaderError> {
        let mut stream = bytes;
        read(&mut stream).await
    }

    fn address(text: &str) -> Option<SocketAddr> {
        Some(text.parse().unwrap())
    }

    #[tokio::test]
    async fn a_header_tells_where_a_connection_began() {
        let tlv = [IPV4, &[0x04, 0, 3, 1, 2, 3]].concat();
        let ipv6 = [
            &"2001:db8::7"
                .parse::<std::net::Ipv6Addr>()
                .unwrap()
                .octets()[..],
            &[0; 16],
            &[0x12, 0x67, 0x01, 0xbb],
        ]
        .concat();
        for (row, header, source) in [
            (
                "version 1, IPv4",
                b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n".to_vec(),
                address("192.0.2.7:4711"),
            ),
            (
                "version 1, IPv6",
                b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n".to_vec(),
                address("[2001:db8::7]:4711"),
            ),
            ("version 1, unknown", b"PROXY UNKNOWN\r\n".to_vec(), None),
            (
                "version 2, IPv4",
                version_2(1, 0x11, IPV4),
                address("192.0.2.7:4711"),
            ),
            (
                "version 2, extensions",
                version_2(1, 0x11, &tlv),
                address("192.0.2.7:4711"),
            ),
            (
                "version 2, IPv6",
                version_2(1, 0x21, &ipv6),
                address("[2001:db8::7]:4711"),
            ),
            ("B16 version 2, LOCAL", version_2(0, 0x11, IPV4), None),
            ("version 2, unspecified", version_2(1, 0, b""), None),
        ] {
            let bytes = [&header[..], b"GET / HTTP/1.1\r\n"].concat();

            let told = told(&bytes).await.unwrap();

            assert_eq!(told.source, source, "{row}");
            assert_eq!(told.rest, b"GET / HTTP/1.1\r\n", "{row}");
        }
    }

    #[tokio::test]
    async fn a_header_may_come_byte_by_byte() {
        for header in [
            b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n".to_vec(),
            version_2(1, 0x11, IPV4),
        ] {
            let (mut client, mut server) = tokio::io::duplex(1);
            let sending = tokio::spawn(async move {
                tokio::io::AsyncWriteExt::write_all(&mut client, &header)
                    .await
                    .unwrap();
                client
            });

            let told = read(&mut server).await.unwrap();

            assert_eq!(told.source, address("192.0.2.7:4711"));
            drop(sending.await.unwrap());
        }
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        let too_long = version_2(1, 0x11, &[IPV4, &vec![0; 65_000]].concat());
        for (row, bytes) in [
            ("no header", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
            ("a TLS handshake", vec![0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]),
            (
                "not addresses",
                b"PROXY TCP4 a.test 10.0.0.1 1 2\r\n".to_vec(),
            ),
            (
                "version 1 without an end",
                [b"PROXY TCP4 ".to_vec(), vec![b'1'; 200]].concat(),
            ),
            ("another version 2 command", version_2(5, 0x11, IPV4)),
        ] {
            let refused = told(&bytes).await.unwrap_err();
            assert!(
                matches!(refused, ProxyHeaderError::Malformed),
                "{row}: {refused}"
            );
        }
        assert!(matches!(
            told(&too_long).await,
            Err(ProxyHeaderError::TooLong)
        ));
        assert!(matches!(
            told(&version_2(1, 0x11, IPV4)[..20]).await,
            Err(ProxyHeaderError::Ended(_))
        ));
    }
}
