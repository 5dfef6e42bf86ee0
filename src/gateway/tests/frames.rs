//! Frames of HTTP/2 as a test writes them, for what no client library would send.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::harness::{PATIENCE, TestGateway};

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// A frame (RFC 9113 §4.1).
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A field as a literal that is not indexed (RFC 7541 §6.2.2).
pub(super) fn literal(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| {
        let length = u8::try_from(text.len()).unwrap();
        assert!(length < 127, "one byte is enough for the length");
        [&[length], text.as_bytes()].concat()
    };
    [vec![0], text(name), text(value)].concat()
}

pub(super) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let literals = fields.iter().map(|(name, value)| literal(name, value));
    literals.collect::<Vec<_>>().concat()
}

/// The pseudo-fields of `GET path` for `a.test`.
pub(super) fn get(path: &str) -> [(&str, &str); 4] {
    [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "a.test"),
    ]
}

/// What became of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Answered, with the first byte of the head: 0x88 is 200, 0x8d is 404 (RFC 7541 §A).
    Answered(u8),
    Reset,
    /// The connection ended, and all its streams with it.
    Ended,
}

pub(super) const OK: Outcome = Outcome::Answered(0x88);

/// A connection on which a test writes frames.
pub(super) struct Frames(pub(super) TcpStream);

impl Frames {
    pub(super) async fn connect(gateway: &TestGateway) -> Self {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .await
            .unwrap();
        let mut frames = Self(stream);
        frames.write(&frame(SETTINGS, 0, 0, &[])).await;
        frames
    }

    /// Writes as much of `bytes` as the other side takes.
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        drop(self.0.write_all(bytes).await);
    }

    /// The next frame: kind, stream, payload. `None` when the connection has ended.
    pub(super) async fn next(&mut self) -> Option<(u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        let read = timeout(PATIENCE, self.0.read_exact(&mut head)).await;
        read.expect("neither a frame nor an end").ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut payload).await.ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some((head[3], stream, payload))
    }

    /// Reads until it is known what became of `stream`.
    pub(super) async fn outcome(&mut self, stream: u32) -> Outcome {
        loop {
            match self.next().await {
                None => return Outcome::Ended,
                Some((GOAWAY, _, payload)) if payload[4..8] != [0; 4] => return Outcome::Ended,
                Some((HEADERS, of, payload)) if of == stream => {
                    return Outcome::Answered(payload[0]);
                }
                Some((RST_STREAM, of, _)) if of == stream => return Outcome::Reset,
                Some(_) => {}
            }
        }
    }
}

/// What comes of one head, sent whole and with the end of the stream.
pub(super) async fn sent(gateway: &TestGateway, fields: &[(&str, &str)]) -> Outcome {
    let mut frames = Frames::connect(gateway).await;
    let head = frame(HEADERS, END_STREAM | END_HEADERS, 1, &block(fields));
    frames.write(&head).await;
    frames.outcome(1).await
}
