//! Bytes on a connection, for requests no client library would send.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// A plain TCP connection.
#[derive(Debug)]
pub(crate) struct Wire(TcpStream);

/// What came back, as far as a test asks.
#[derive(Debug)]
pub(crate) struct WireAnswer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Wire {
    /// Connects.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("somebody listens"))
    }

    /// Connects from another address of this machine.
    pub(crate) async fn connect_from(source: [u8; 4], address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .bind(SocketAddr::from((source, 0)))
            .expect("all of 127.0.0.0/8 is ours");
        Self(socket.connect(address).await.expect("somebody listens"))
    }

    /// Writes `bytes` as they are.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        // The other side may have closed already: then the answer says why.
        drop(self.0.write_all(bytes.as_ref()).await);
    }

    /// Reads one answer with a `Content-Length`, a chunked one to its last chunk, or to the end.
    pub(crate) async fn read(&mut self) -> WireAnswer {
        let mut bytes = Vec::new();
        loop {
            if let Some(answer) = whole_answer(&bytes) {
                return answer;
            }
            let mut buffer = vec![0; 16 * 1024];
            let n = timeout(Duration::from_secs(30), self.0.read(&mut buffer))
                .await
                .expect("an answer comes in time");
            match n {
                Ok(n) if n > 0 => bytes.extend_from_slice(&buffer[..n]),
                _ => return last_answer(&bytes),
            }
        }
    }

    /// Whether the other side closes without a further byte.
    pub(crate) async fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        match timeout(Duration::from_secs(30), self.0.read(&mut byte)).await {
            Ok(Ok(0) | Err(_)) => true,
            Ok(Ok(_)) => false,
            Err(_) => panic!("neither closed nor answered"),
        }
    }
}

fn whole_answer(bytes: &[u8]) -> Option<WireAnswer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.get(9..12)?.parse().ok()?;
    if status == 100 {
        return whole_answer(&bytes[end..]);
    }
    let field = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        })
    };
    let body = &bytes[end..];
    let complete = match (field("content-length"), field("transfer-encoding")) {
        (Some(length), _) => body.len() >= length.parse().ok()?,
        (None, Some(_)) => body.ends_with(b"0\r\n\r\n"),
        (None, None) => false,
    };
    complete.then(|| WireAnswer {
        status,
        head,
        body: body.to_vec(),
    })
}

fn last_answer(bytes: &[u8]) -> WireAnswer {
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map_or(bytes.len(), |n| n + 4);
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head
        .get(9..12)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    WireAnswer {
        status,
        head,
        body: bytes[end..].to_vec(),
    }
}
