//! The transport under everything: a TCP stream as Pingora wants it.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use bytes::{Buf as _, Bytes};
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, BufWriter, ReadBuf};
use tokio::net::TcpStream;

/// Enough for a head and a small body to leave in one packet.
const WRITE_BUFFER_BYTES: usize = 4096;

/// A downstream TCP connection. Writes are buffered until flushed; reads are not, because the
/// layers above bring their own buffers.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: BufWriter<TcpStream>,
    /// Bytes read to find out how the connection begins, to be read again.
    replay: Bytes,
    speaks_http2: bool,
    digest: Arc<SocketDigest>,
}

impl Socket {
    /// Takes over an accepted stream.
    pub(super) fn new(stream: TcpStream, peer: SocketAddr) -> Self {
        let digest = SocketDigest::from_raw_fd(stream.as_raw_fd());
        // The cell is new; what `accept` told spares a system call.
        drop(digest.peer_addr.set(Some(peer.into())));
        // Fails only for a connection that is already gone, which the next read tells as well.
        drop(stream.set_nodelay(true));
        Self {
            stream: BufWriter::with_capacity(WRITE_BUFFER_BYTES, stream),
            replay: Bytes::new(),
            speaks_http2: false,
            digest: Arc::new(digest),
        }
    }

    /// Puts `bytes` back, to be read before anything else.
    pub(crate) fn unread(&mut self, mut bytes: Vec<u8>) {
        bytes.extend_from_slice(&self.replay);
        self.replay = bytes.into();
    }

    /// Takes `source` for the other end of the connection.
    pub(super) fn came_from(&mut self, source: SocketAddr) {
        let digest = SocketDigest::from_raw_fd(self.stream.get_ref().as_raw_fd());
        // The cell is new.
        drop(digest.peer_addr.set(Some(source.into())));
        self.digest = Arc::new(digest);
    }

    /// The other end.
    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.digest.peer_addr()?.as_inet().copied()
    }

    /// Has Pingora take it for HTTP/2, as if that had been negotiated.
    pub(super) const fn speak_http2(&mut self) {
        self.speaks_http2 = true;
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.replay.is_empty() {
            return Pin::new(self.stream.get_mut()).poll_read(cx, buf);
        }
        let n = self.replay.len().min(buf.remaining());
        buf.put_slice(&self.replay.split_to(n));
        if !self.replay.has_remaining() {
            self.replay = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
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

impl Drop for Socket {
    fn drop(&mut self) {
        // Pingora drops a connection right after some of its answers; what is buffered goes out
        // if the kernel takes it at once, and is lost with the connection otherwise.
        let mut cx = Context::from_waker(Waker::noop());
        drop(Pin::new(&mut self.stream).poll_flush(&mut cx));
    }
}

#[async_trait]
impl Shutdown for Socket {
    async fn shutdown(&mut self) {
        // The peer may be gone; there is nobody left to tell.
        drop(self.stream.shutdown().await);
    }
}

impl UniqueID for Socket {
    fn id(&self) -> UniqueIDType {
        self.stream.get_ref().as_raw_fd()
    }
}

impl Ssl for Socket {
    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.speaks_http2.then_some(ALPN::H2)
    }
}

impl Peek for Socket {}

impl GetTimingDigest for Socket {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        Vec::new()
    }
}

impl GetProxyDigest for Socket {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        None
    }
}

impl GetSocketDigest for Socket {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        Some(Arc::clone(&self.digest))
    }

    fn set_socket_digest(&mut self, digest: SocketDigest) {
        self.digest = Arc::new(digest);
    }
}
