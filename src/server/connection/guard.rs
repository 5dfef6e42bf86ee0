//! One connection, from `accept` to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use pingora::apps::{HttpServerApp, ReusedHttpStream, ServerApp as _};
use pingora::protocols::http::ServerSession;
use pingora::protocols::{ALPN, IO, Ssl as _};
use pingora::server::ShutdownWatch;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::head_deadline::HeadDeadline;
use super::preface;
use super::slots::{Slot, Slots};
use super::socket::Socket;
use crate::server::tls::TlsAcceptor;
use crate::telemetry::Metrics;

/// What the guard holds connections to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// TLS handshake and first head, or a later head, must be there by then.
    pub(crate) head_timeout: Duration,
    /// Idle time between two requests of a connection.
    pub(crate) keepalive: Duration,
    /// Connections at once.
    pub(crate) connections: usize,
    /// Connections at once from one address.
    pub(crate) connections_per_address: usize,
}

impl From<&crate::gateway::Limits> for Limits {
    fn from(limits: &crate::gateway::Limits) -> Self {
        Self {
            head_timeout: limits.head_timeout,
            keepalive: limits.keepalive,
            connections: limits.connections,
            connections_per_address: limits.connections_per_address,
        }
    }
}

/// Lets connections through to `app`, each with a slot, a deadline and a known protocol.
#[derive(Debug)]
pub(crate) struct Guard<A> {
    /// What the connections are for.
    pub(crate) app: Arc<A>,
    /// The places connections take.
    pub(crate) slots: Arc<Slots>,
    /// How many places, and how long things may take; replaced at reload.
    pub(crate) limits: Arc<ArcSwap<Limits>>,
    /// Told of refused connections.
    pub(crate) metrics: Arc<Metrics>,
    /// Turns true when no new request may begin.
    pub(crate) shutdown: ShutdownWatch,
}

impl<A> Clone for Guard<A> {
    fn clone(&self) -> Self {
        Self {
            app: Arc::clone(&self.app),
            slots: Arc::clone(&self.slots),
            limits: Arc::clone(&self.limits),
            metrics: Arc::clone(&self.metrics),
            shutdown: self.shutdown.clone(),
        }
    }
}

/// How a listener's connections begin.
#[derive(Clone, Debug)]
pub(crate) enum Opening {
    /// HTTP/1 without TLS.
    Plain,
    /// HTTP/1, or HTTP/2 by prior knowledge, without TLS.
    PlainOrHttp2,
    /// A TLS handshake that settles the protocol.
    Tls(TlsAcceptor),
}

impl<A: HttpServerApp + Send + Sync + 'static> Guard<A> {
    /// Serves `stream` in a task of its own, unless there are too many already.
    pub(crate) fn admit(&self, stream: TcpStream, peer: SocketAddr, opening: &Opening) {
        let limits = **self.limits.load();
        let taken = self.slots.take(
            peer.ip(),
            limits.connections,
            limits.connections_per_address,
        );
        let slot = match taken {
            Ok(slot) => slot,
            Err(full) => return self.metrics.connection_refused(full.as_str()),
        };
        let guard = self.clone();
        let socket = Socket::new(stream, peer);
        let opening = opening.clone();
        tokio::spawn(guard.serve(socket, opening, limits, slot));
    }

    async fn serve(self, socket: Socket, opening: Opening, limits: Limits, slot: Slot) {
        let deadline = Instant::now() + limits.head_timeout;
        match opening {
            // Boxed each: a plain connection need not carry the room of a handshake for its life.
            Opening::Plain => Box::pin(self.serve_http1(socket, deadline, limits)).await,
            Opening::PlainOrHttp2 => Box::pin(self.sniff(socket, deadline, limits)).await,
            Opening::Tls(acceptor) => {
                Box::pin(self.shake_hands(socket, &acceptor, deadline, limits)).await;
            }
        }
        drop(slot);
    }

    /// Finds out whether a plain connection speaks HTTP/2.
    async fn sniff(&self, mut socket: Socket, deadline: Instant, limits: Limits) {
        let Some(Ok(sniffed)) = self.before(deadline, preface::sniff(&mut socket)).await else {
            return;
        };
        socket.unread(sniffed.bytes);
        if sniffed.is_http2 {
            self.serve_http2(socket).await;
        } else {
            self.serve_http1(socket, deadline, limits).await;
        }
    }

    async fn shake_hands(
        &self,
        socket: Socket,
        acceptor: &TlsAcceptor,
        deadline: Instant,
        limits: Limits,
    ) {
        match self.before(deadline, acceptor.accept(socket)).await {
            Some(Ok(stream)) if stream.selected_alpn_proto() == Some(ALPN::H2) => {
                self.serve_http2(stream).await;
            }
            Some(Ok(stream)) => self.serve_http1(stream, deadline, limits).await,
            Some(Err(error)) => {
                self.metrics.connection_refused("tls");
                tracing::debug!(%error, "TLS handshake failed");
            }
            None => {}
        }
    }

    /// What `opening` brings, unless the deadline or the end of the server comes first.
    async fn before<T>(&self, deadline: Instant, opening: impl Future<Output = T>) -> Option<T> {
        let mut shutdown = self.shutdown.clone();
        let outcome = tokio::select! {
            biased;
            outcome = timeout_at(deadline, opening) => outcome,
            _ = shutdown.wait_for(|ends| *ends) => return None,
        };
        if outcome.is_err() {
            self.metrics.connection_refused("head_timeout");
        }
        outcome.ok()
    }

    async fn serve_http2(&self, stream: impl IO + 'static) {
        // Heads need no deadline of ours here: a connection without a stream, and a head that
        // does not end is none, is closed by the idle timeout of the app's options.
        let shutdown = self.shutdown.clone();
        drop(self.app.process_new(Box::new(stream), &shutdown).await);
    }

    /// The requests of an HTTP/1 connection, one after the other.
    async fn serve_http1(&self, stream: impl IO + 'static, deadline: Instant, limits: Limits) {
        let stream = HeadDeadline::new(stream, deadline, limits.head_timeout);
        let heads = stream.control();
        let mut session = ServerSession::new_http1(Box::new(stream));
        if *self.shutdown.borrow() {
            session.set_keepalive(None);
        } else {
            session.set_keepalive(Some(limits.keepalive.as_secs()));
        }
        let mut next = self.app.process_new_http(session, &self.shutdown).await;
        while let Some((stream, persistent)) = next.map(ReusedHttpStream::consume) {
            heads.expect_next_head();
            let mut session = ServerSession::new_http1(stream);
            if let Some(persistent) = persistent {
                persistent.apply_to_session(&mut session);
            }
            next = self.app.process_new_http(session, &self.shutdown).await;
        }
        if heads.has_expired() {
            self.metrics.connection_refused("head_timeout");
        }
    }
}
