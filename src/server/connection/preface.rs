//! Which protocol a plain connection speaks: HTTP/2 by prior knowledge (RFC 9113 §3.3) or not.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// What a client that knows to speak HTTP/2 sends first (RFC 9113 §3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What the first bytes of a connection tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sniffed {
    /// Whether they are the whole preface.
    pub(super) is_http2: bool,
    /// The bytes themselves, to be read again.
    pub(super) bytes: Vec<u8>,
}

/// Reads until it is clear whether the connection begins with the preface, not a byte longer: a
/// request shorter than the preface must not wait for more.
pub(super) async fn sniff(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Sniffed> {
    let mut buffer = [0; PREFACE.len()];
    let mut filled = 0;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        let n = stream.read(room).await?;
        filled += n;
        let read = buffer.get(..filled).unwrap_or_default();
        if n == 0 || !PREFACE.starts_with(read) {
            break;
        }
    }
    let bytes = buffer.get(..filled).unwrap_or_default().to_vec();
    Ok(Sniffed {
        is_http2: bytes == PREFACE,
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn a_request_shorter_than_the_preface_does_not_wait() {
        let (mut client, mut server) = tokio::io::duplex(64);
        client.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();

        let sniffed = sniff(&mut server).await.unwrap();

        assert!(!sniffed.is_http2);
        assert_eq!(sniffed.bytes, b"GET / HTTP/1.0\r\n\r\n");
    }

    #[tokio::test]
    async fn the_preface_is_known_however_it_is_split() {
        let (mut client, mut server) = tokio::io::duplex(1);
        let sending = tokio::spawn(async move {
            client.write_all(PREFACE).await.unwrap();
            client
        });

        let sniffed = sniff(&mut server).await.unwrap();

        assert!(sniffed.is_http2);
        assert_eq!(sniffed.bytes, PREFACE);
        drop(sending.await.unwrap());
    }

    #[tokio::test]
    async fn a_preface_that_breaks_off_is_not_http2() {
        let (mut client, mut server) = tokio::io::duplex(64);
        client.write_all(b"PRI * HTTP/2.0\r\n\r\nSX").await.unwrap();
        assert!(!sniff(&mut server).await.unwrap().is_http2);

        let (client, mut server) = tokio::io::duplex(64);
        drop(client);
        assert!(!sniff(&mut server).await.unwrap().is_http2);
    }
}
