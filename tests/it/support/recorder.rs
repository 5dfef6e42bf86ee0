//! An upstream that writes down what reached it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A plain HTTP/1.1 server that answers 200 to everything and keeps the bytes of each head.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    bodies: Arc<tokio::sync::Mutex<UnboundedReceiver<String>>>,
}

impl Recorder {
    /// Listens on a port of its own for as long as the test's runtime lives.
    pub(crate) async fn start() -> Self {
        Self::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await
    }

    /// As [`Self::start`], with `answer` (bytes of a whole answer) to every request.
    pub(crate) async fn answering(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let (sender, bodies) = unbounded_channel();
        let recorder = Self {
            address: listener.local_addr().expect("it is bound"),
            heads: Arc::default(),
            bodies: Arc::new(tokio::sync::Mutex::new(bodies)),
        };
        let heads = Arc::clone(&recorder.heads);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&heads), sender.clone(), answer));
            }
        });
        recorder
    }

    /// The heads that arrived so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits for the body of the next request; without one it is empty.
    pub(crate) async fn next_body(&self) -> String {
        let mut bodies = self.bodies.lock().await;
        tokio::time::timeout(Duration::from_secs(30), bodies.recv())
            .await
            .expect("a request comes in time")
            .expect("it listens")
    }

    /// Asserts that nothing arrived.
    #[track_caller]
    pub(crate) fn assert_untouched(&self, why: &str) {
        assert!(
            self.heads().is_empty(),
            "{why}: the upstream saw {:#?}",
            self.heads()
        );
    }

    /// The one head that arrived, and forgets it.
    #[track_caller]
    pub(crate) fn take_one(&self) -> String {
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(heads.len(), 1, "{heads:#?}");
        heads.remove(0)
    }
}

/// Reads requests without a body or with a `Content-Length`, one after the other.
async fn serve(
    mut stream: TcpStream,
    heads: Arc<Mutex<Vec<String>>>,
    bodies: UnboundedSender<String>,
    answer: &'static str,
) {
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            if let Some(n) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break n + 4;
            }
            let mut buffer = vec![0; 16 * 1024];
            match stream.read(&mut buffer).await {
                Ok(n) if n > 0 => bytes.extend_from_slice(&buffer[..n]),
                _ => return,
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length: usize = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length:")
                    .map(str::trim)
                    .and_then(|n| n.parse().ok())
            })
            .unwrap_or(0);
        while bytes.len() < end + length {
            let mut buffer = vec![0; 16 * 1024];
            match stream.read(&mut buffer).await {
                Ok(n) if n > 0 => bytes.extend_from_slice(&buffer[..n]),
                _ => return,
            }
        }
        let body = String::from_utf8_lossy(&bytes[end..end + length]).into_owned();
        bytes.drain(..end + length);
        heads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(head);
        // Nobody may be interested in bodies.
        drop(bodies.send(body));
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
