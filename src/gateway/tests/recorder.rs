//! An upstream that records the bytes of each request and answers what it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The upstream U of the corpus.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<Vec<u8>>>,
    _serving: JoinSet<()>,
}

impl Recorder {
    /// Begins to serve `200 ok`.
    pub(crate) async fn start() -> Self {
        Self::behind(|stream| async { Ok(stream) }).await
    }

    /// The same behind a handshake of its own.
    pub(crate) async fn behind<S, F>(
        handshake: impl Fn(TcpStream) -> F + Send + Sync + 'static,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        F: Future<Output = std::io::Result<S>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(Mutex::new(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec(),
        ));
        let mut serving = JoinSet::new();
        let (record, reply) = (Arc::clone(&seen), Arc::clone(&answer));
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (record, reply) = (Arc::clone(&record), Arc::clone(&reply));
                let stream = handshake(stream);
                connections.spawn(async move {
                    if let Ok(stream) = stream.await {
                        serve(stream, record, reply).await;
                    }
                });
            }
        });
        Self {
            address,
            seen,
            answer,
            _serving: serving,
        }
    }

    /// What to answer from now on, as bytes.
    pub(crate) fn answers(&self, bytes: &[u8]) {
        *self.answer.lock().unwrap() = bytes.to_vec();
    }

    /// The requests so far: heads and bodies, bytes as they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request there was.
    #[track_caller]
    pub(crate) fn request(&self) -> String {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:#?}");
        requests[0].clone()
    }

    /// The value of the only field of this name in the only request there was.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let request = self.request();
        let head = request.split("\r\n\r\n").next().unwrap();
        let values: Vec<_> = head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
            .collect();
        assert!(values.len() <= 1, "{name}: {values:?}");
        values.into_iter().next()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    seen: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<Vec<u8>>>,
) {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = request_end(&bytes) {
            let request: Vec<u8> = bytes.drain(..end).collect();
            seen.lock()
                .unwrap()
                .push(String::from_utf8_lossy(&request).into_owned());
            let answer = answer.lock().unwrap().clone();
            if stream.write_all(&answer).await.is_err() {
                return;
            }
        } else if !matches!(stream.read_buf(&mut bytes).await, Ok(n) if n > 0) {
            return;
        }
    }
}

/// Where the first request in `bytes` ends, if it is whole.
fn request_end(bytes: &[u8]) -> Option<usize> {
    let find = |needle: &[u8]| {
        bytes
            .windows(needle.len())
            .position(|window| window == needle)
    };
    let head_end = find(b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..head_end]).to_ascii_lowercase();
    if head.contains("transfer-encoding: chunked") {
        return find(b"\r\n0\r\n\r\n").map(|at| at + 7);
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    (bytes.len() >= head_end + length).then_some(head_end + length)
}
