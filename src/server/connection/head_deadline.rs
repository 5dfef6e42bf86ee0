//! The deadline on the head of an HTTP/1 request as a whole.
//!
//! A client that sends one byte a second never runs into a timeout between two reads. Here the
//! clock runs from the first byte (of a new connection: from `accept`) to the empty line that
//! ends the head, however many reads there are.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::{SslDigest, TlsRef};
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, IO, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// A connection whose heads must arrive in time.
#[derive(Debug)]
pub(super) struct HeadDeadline<S> {
    stream: S,
    control: Arc<Control>,
    timeout: Duration,
    progress: Progress,
    /// When the head must be complete; `None` while a kept connection is idle.
    deadline: Option<Instant>,
    /// Made only when a read has to wait, which a whole head in one packet never does.
    timer: Option<Pin<Box<Sleep>>>,
}

/// What the guard keeps of a connection that Pingora owns.
#[derive(Debug, Default)]
pub(super) struct Control {
    next_head: AtomicBool,
    expired: AtomicBool,
}

impl Control {
    /// The request is over; the next bytes begin another head.
    pub(super) fn expect_next_head(&self) {
        self.next_head.store(true, Ordering::Relaxed);
    }

    /// Whether a head did not arrive in time.
    pub(super) fn has_expired(&self) -> bool {
        self.expired.load(Ordering::Relaxed)
    }
}

/// How far a head has come. The empty line that ends it is found as Pingora's parser finds it:
/// a line ends in LF, a CR before it is optional, and empty lines before the request line do
/// not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    BeforeRequestLine,
    InLine,
    LineStart,
    LineStartAfterCr,
    Complete,
}

impl Progress {
    const fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Complete, _) => Self::Complete,
            (Self::BeforeRequestLine, b'\r' | b'\n') => Self::BeforeRequestLine,
            (Self::LineStart, b'\r') => Self::LineStartAfterCr,
            (Self::LineStart | Self::LineStartAfterCr, b'\n') => Self::Complete,
            (_, b'\n') => Self::LineStart,
            _ => Self::InLine,
        }
    }

    fn after_all(self, bytes: &[u8]) -> Self {
        // Nearly every head is one read that ends where the head ends.
        let begins_with_request = bytes.first().is_some_and(|b| !matches!(b, b'\r' | b'\n'));
        if self == Self::BeforeRequestLine && begins_with_request && bytes.ends_with(b"\r\n\r\n") {
            return Self::Complete;
        }
        bytes
            .iter()
            .fold(self, |progress, byte| progress.after(*byte))
    }
}

impl<S: IO> HeadDeadline<S> {
    /// Guards `stream`, whose first head must be complete at `first_deadline` and each later one
    /// within `timeout` from its first byte.
    pub(super) fn new(stream: S, first_deadline: Instant, timeout: Duration) -> Self {
        Self {
            stream,
            control: Arc::default(),
            timeout,
            progress: Progress::BeforeRequestLine,
            deadline: Some(first_deadline),
            timer: None,
        }
    }

    /// What the guard keeps when Pingora takes the connection.
    pub(super) fn control(&self) -> Arc<Control> {
        Arc::clone(&self.control)
    }

    fn expire(&self) -> Poll<io::Result<()>> {
        self.control.expired.store(true, Ordering::Relaxed);
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the request head did not arrive in time",
        )))
    }

    /// Whether the deadline has passed; wakes the task when it does.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.deadline else {
            return Poll::Pending;
        };
        self.timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)))
            .as_mut()
            .poll(cx)
    }

    fn observe(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.progress = self.progress.after_all(bytes);
        if self.progress == Progress::Complete {
            self.deadline = None;
            self.timer = None;
        } else if self.deadline.is_none() {
            self.deadline = Some(Instant::now() + self.timeout);
        }
    }
}

impl<S: IO> AsyncRead for HeadDeadline<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.control.next_head.load(Ordering::Relaxed) {
            this.control.next_head.store(false, Ordering::Relaxed);
            this.progress = Progress::BeforeRequestLine;
            this.deadline = None;
            this.timer = None;
        }
        if this.progress == Progress::Complete {
            return Pin::new(&mut this.stream).poll_read(cx, buf);
        }
        let before = buf.filled().len();
        match Pin::new(&mut this.stream).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {
                // A peer that always has another byte ready never lets the timer run.
                if this
                    .deadline
                    .is_some_and(|deadline| deadline <= Instant::now())
                {
                    return this.expire();
                }
                this.observe(buf.filled().get(before..).unwrap_or_default());
                Poll::Ready(Ok(()))
            }
            Poll::Pending if this.poll_deadline(cx).is_ready() => this.expire(),
            other => other,
        }
    }
}

impl<S: IO> AsyncWrite for HeadDeadline<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[async_trait]
impl<S: IO> Shutdown for HeadDeadline<S> {
    async fn shutdown(&mut self) {
        Shutdown::shutdown(&mut self.stream).await;
    }
}

impl<S: IO> UniqueID for HeadDeadline<S> {
    fn id(&self) -> UniqueIDType {
        self.stream.id()
    }
}

impl<S: IO> Ssl for HeadDeadline<S> {
    fn get_ssl(&self) -> Option<&TlsRef> {
        self.stream.get_ssl()
    }

    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.stream.get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.stream.selected_alpn_proto()
    }
}

impl<S: IO> Peek for HeadDeadline<S> {}

impl<S: IO> GetTimingDigest for HeadDeadline<S> {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream.get_timing_digest()
    }
}

impl<S: IO> GetProxyDigest for HeadDeadline<S> {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.stream.get_proxy_digest()
    }
}

impl<S: IO> GetSocketDigest for HeadDeadline<S> {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream.get_socket_digest()
    }

    fn set_socket_digest(&mut self, digest: SocketDigest) {
        self.stream.set_socket_digest(digest);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::time::advance;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    fn guarded() -> (DuplexStream, HeadDeadline<DuplexStream>) {
        let (client, server) = duplex(1024);
        let first_deadline = Instant::now() + TIMEOUT;
        (client, HeadDeadline::new(server, first_deadline, TIMEOUT))
    }

    /// Reads once; `None` when the deadline cut the connection.
    async fn read(server: &mut HeadDeadline<DuplexStream>) -> Option<usize> {
        match server.read(&mut [0; 1024]).await {
            Ok(n) => Some(n),
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::TimedOut);
                None
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_says_nothing_is_cut() {
        let (_client, mut server) = guarded();

        assert_eq!(read(&mut server).await, None);
        assert!(server.control().has_expired());
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_a_second_does_not_renew_the_deadline() {
        let (mut client, mut server) = guarded();
        client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        read(&mut server).await.unwrap();

        for _ in 0..9 {
            advance(Duration::from_secs(1)).await;
            client.write_all(b"a").await.unwrap();
            assert_eq!(read(&mut server).await, Some(1));
        }
        advance(Duration::from_secs(1)).await;
        client.write_all(b"a").await.unwrap();

        assert_eq!(read(&mut server).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_take_its_time_and_an_idle_connection_too() {
        let (mut client, mut server) = guarded();
        client
            .write_all(b"POST / HTTP/1.1\r\n\r\nbody")
            .await
            .unwrap();
        read(&mut server).await.unwrap();

        advance(TIMEOUT * 2).await;
        client.write_all(b" and more").await.unwrap();
        assert_eq!(read(&mut server).await, Some(9));

        server.control().expect_next_head();
        advance(TIMEOUT * 2).await;
        client.write_all(b"GET").await.unwrap();
        assert_eq!(read(&mut server).await, Some(3));
        assert_eq!(
            read(&mut server).await,
            None,
            "the second head has a deadline"
        );
    }

    #[test]
    fn where_a_head_ends() {
        use Progress::{BeforeRequestLine, Complete, InLine, LineStart, LineStartAfterCr};
        for (name, bytes, expected) in [
            ("nothing", &b""[..], BeforeRequestLine),
            ("half a line", b"GET / HT", InLine),
            ("a line", b"GET / HTTP/1.1\r\n", LineStart),
            (
                "CR of the last line",
                b"GET / HTTP/1.1\r\n\r",
                LineStartAfterCr,
            ),
            ("a head", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", Complete),
            (
                "a head with bare LF",
                b"GET / HTTP/1.1\nHost: a\n\n",
                Complete,
            ),
            ("a head and a body", b"GET / HTTP/1.1\r\n\r\nbody", Complete),
            ("empty lines", b"\r\n\r\n\r\n", BeforeRequestLine),
            ("empty lines, then half a line", b"\r\n\r\nGET", InLine),
            (
                "empty lines, then one line",
                b"\r\n\r\nGET /\r\n",
                LineStart,
            ),
            ("CR within a line", b"GET\r/\r\r\n", LineStart),
        ] {
            assert_eq!(BeforeRequestLine.after_all(bytes), expected, "{name}");
            let split = bytes.iter().fold(BeforeRequestLine, |progress, byte| {
                progress.after_all(&[*byte])
            });
            assert_eq!(split, expected, "{name}, byte by byte");
        }
    }
}
