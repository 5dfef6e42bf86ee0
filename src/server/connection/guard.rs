//! One connection, from `accept` to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use pingora::apps::ServerApp as _;
use pingora::protocols::{ALPN, IO, Ssl as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::application::Application;
use super::preface;
use super::proxy_header::{self, ProxyHeaderError};
use super::slots::{Slot, Slots};
use super::socket::Socket;
use crate::gateway::{Shutdown, ToldBy, TrustedProxies};
use crate::server::tls::TlsAcceptor;
use crate::telemetry::Metrics;

/// What the guard holds connections to.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// TLS handshake, or protocol, and then the first byte of the first head must be there by
    /// then. The rest of a head is the application's to watch.
    pub(crate) opening: Duration,
    /// Connections at once.
    pub(crate) connections: usize,
    /// Connections at once from one address.
    pub(crate) connections_per_address: usize,
    /// Who may connect on behalf of others.
    pub(crate) trusted_proxies: TrustedProxies,
}

impl From<&crate::gateway::Settings> for Limits {
    fn from(settings: &crate::gateway::Settings) -> Self {
        let limits = &settings.limits;
        Self {
            opening: limits.head_timeout,
            connections: limits.connections,
            connections_per_address: limits.connections_per_address,
            trusted_proxies: settings.trusted_proxies.clone(),
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
    /// How long a connection may last, whatever it does; `None`: for ever.
    pub(crate) lifetime: Option<Duration>,
    /// Says when no new request may begin.
    pub(crate) shutdown: Shutdown,
}

impl<A> Guard<A> {
    /// The same guard before another application, whose connections last at most for `lifetime`.
    /// They share the places.
    pub(crate) fn serving<B>(&self, app: B, lifetime: Duration) -> Guard<B> {
        Guard {
            app: Arc::new(app),
            slots: Arc::clone(&self.slots),
            limits: Arc::clone(&self.limits),
            metrics: Arc::clone(&self.metrics),
            lifetime: Some(lifetime),
            shutdown: self.shutdown.clone(),
        }
    }
}

impl<A> Clone for Guard<A> {
    fn clone(&self) -> Self {
        Self {
            app: Arc::clone(&self.app),
            slots: Arc::clone(&self.slots),
            limits: Arc::clone(&self.limits),
            metrics: Arc::clone(&self.metrics),
            lifetime: self.lifetime,
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

/// A connection that has a place.
struct Arrival {
    socket: Socket,
    slot: Slot,
    /// Whether it begins with a PROXY header.
    is_introduced: bool,
}

impl<A: Application> Guard<A> {
    /// Serves `stream` in a task of its own, unless there are too many already.
    pub(crate) fn admit(&self, stream: TcpStream, peer: SocketAddr, opening: &Opening) {
        let limits = self.limits.load_full();
        let told_by = limits.trusted_proxies.told_by(peer.ip());
        let per_address = match told_by {
            None => limits.connections_per_address,
            // Many connect through it.
            Some(ToldBy::ForwardedFields | ToldBy::ProxyProtocol) => usize::MAX,
        };
        let slot = match self.slots.take(peer.ip(), limits.connections, per_address) {
            Ok(slot) => slot,
            Err(full) => return self.metrics.connection_refused(full.as_str()),
        };
        let arrival = Arrival {
            socket: Socket::new(stream, peer),
            slot,
            is_introduced: told_by == Some(ToldBy::ProxyProtocol),
        };
        let opening = opening.clone();
        tokio::spawn(self.clone().serve(arrival, opening, limits));
    }

    async fn serve(self, mut arrival: Arrival, opening: Opening, limits: Arc<Limits>) {
        let served = async {
            // Boxed each: a plain connection need not carry the room of a handshake for its life.
            if arrival.is_introduced
                && Box::pin(self.introduce(&mut arrival, &limits))
                    .await
                    .is_none()
            {
                return;
            }
            let Arrival { socket, slot, .. } = arrival;
            match opening {
                Opening::Plain => Box::pin(self.serve_http1(socket, &limits)).await,
                Opening::PlainOrHttp2 => Box::pin(self.sniff(socket, &limits)).await,
                Opening::Tls(acceptor) => {
                    Box::pin(self.shake_hands(socket, &acceptor, &limits)).await;
                }
            }
            drop(slot);
        };
        match self.lifetime {
            // Whoever is cut off here had more time than any honest exchange takes.
            Some(lifetime) => drop(timeout(lifetime, served).await),
            None => served.await,
        }
    }

    /// Has a load balancer say on whose behalf it connects; `None` when it does not.
    async fn introduce(&self, arrival: &mut Arrival, limits: &Limits) -> Option<()> {
        let reading = proxy_header::read(&mut arrival.socket);
        let told = match self.opened(limits, reading).await? {
            Ok(told) => told,
            // Some look whether the port is open and leave.
            Err(ProxyHeaderError::Ended(_)) => return None,
            Err(error) => {
                self.metrics.connection_refused("proxy_header");
                // Only a listed load balancer gets here, and then one of the two is not set up.
                tracing::warn!(peer.address = ?arrival.socket.peer(), %error, "connection refused");
                return None;
            }
        };
        if let Some(source) = told.source {
            let moved = arrival
                .slot
                .move_to(source.ip(), limits.connections_per_address);
            if let Err(full) = moved {
                self.metrics.connection_refused(full.as_str());
                return None;
            }
            arrival.socket.came_from(source);
        }
        arrival.socket.unread(told.rest);
        Some(())
    }

    /// Finds out whether a plain connection speaks HTTP/2.
    async fn sniff(&self, mut socket: Socket, limits: &Limits) {
        let Some(Ok(sniffed)) = self.opened(limits, preface::sniff(&mut socket)).await else {
            return;
        };
        socket.unread(sniffed.bytes);
        if sniffed.is_http2 {
            socket.speak_http2();
            self.serve_http2(socket).await;
        } else {
            self.serve_http1(socket, limits).await;
        }
    }

    async fn shake_hands(&self, socket: Socket, acceptor: &TlsAcceptor, limits: &Limits) {
        match self.opened(limits, acceptor.accept(socket)).await {
            Some(Ok(Some(stream))) if stream.selected_alpn_proto() == Some(ALPN::H2) => {
                self.serve_http2(stream).await;
            }
            Some(Ok(Some(stream))) => self.serve_http1(stream, limits).await,
            // Somebody validated a name, and that was it.
            Some(Ok(None)) | None => {}
            Some(Err(error)) => {
                self.metrics.connection_refused("tls");
                tracing::debug!(%error, "TLS handshake failed");
            }
        }
    }

    /// What `opening` brings, unless it takes too long or the server ends first.
    async fn opened<T>(&self, limits: &Limits, opening: impl Future<Output = T>) -> Option<T> {
        let mut shutdown = self.shutdown.stopping.clone();
        let outcome = tokio::select! {
            biased;
            outcome = timeout(limits.opening, opening) => outcome,
            _ = shutdown.wait_for(|ends| *ends) => return None,
        };
        if outcome.is_err() {
            self.metrics.connection_refused("timeout");
        }
        outcome.ok()
    }

    async fn serve_http1(&self, stream: impl IO + 'static, limits: &Limits) {
        self.app
            .serve_http1(Box::new(stream), limits.opening, &self.shutdown)
            .await;
    }

    /// Heads need no deadline here: a connection without a stream, and a head that does not end
    /// is none, is closed by the idle timeout of the application's options.
    async fn serve_http2(&self, stream: impl IO + 'static) {
        let leaving = &self.shutdown.leaving;
        drop(self.app.process_new(Box::new(stream), leaving).await);
    }
}
