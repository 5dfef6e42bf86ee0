//! The edge of the gateway: each HTTP/1 head is read whole and checked byte by byte before
//! Pingora parses it.
//!
//! Pingora repairs what it should refuse (a space or NUL in the target is escaped, bare line
//! feeds end lines, `Content-Length` beside `Transfer-Encoding` is dropped), and what it does
//! refuse it answers under its own name. Once it has parsed, the difference cannot be seen. So
//! the head is read here, and Pingora gets the bytes that passed as if it had read them itself.
//!
//! HTTP/2 has no such freedoms and goes straight through.

mod chunked;
mod framed;
mod http2;
pub(super) mod line;
mod screen;

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::header;
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream};
use pingora::protocols::Stream;
use pingora::protocols::http::ServerSession;
use pingora::protocols::http::v2::server::H2Options;
use pingora::proxy::{HttpProxy, http_proxy};
use pingora::server::ShutdownWatch;
use pingora::server::configuration::ServerConf;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::access_log::{self, RefusedHead};
use super::lifetime::{Alarm, limit_http1, limit_http2};
use super::rejection::{Asked, Rejection, answer};
use super::serving::Gateway;
use super::settings::Limits;
use super::tunnel::{Opening, Tunnels};

pub(super) use chunked::{BrokenChunk, Chunked};
use framed::Framed;
pub use screen::HeadError;
use screen::Screen;

/// How a process that ends says so to the connections it has.
#[derive(Clone, Debug)]
pub struct Shutdown {
    /// Turns true when every connection is to end after its next request. Nobody who is about to ask
    /// is turned away.
    pub leaving: ShutdownWatch,
    /// Turns true when connections that ask for nothing are closed.
    pub stopping: ShutdownWatch,
}

impl From<ShutdownWatch> for Shutdown {
    /// Both at once.
    fn from(watch: ShutdownWatch) -> Self {
        Self {
            leaving: watch.clone(),
            stopping: watch,
        }
    }
}

/// The gateway as an application of Pingora's: what a listener hands its connections to.
///
/// HTTP/1 by [`Edge::serve_http1`], HTTP/2 by [`pingora::apps::ServerApp::process_new`]; both take
/// a connection as a whole.
pub struct Edge {
    gateway: Gateway,
    proxy: Arc<HttpProxy<Gateway>>,
    tunnels: Tunnels,
}

/// How long a refused peer may go on sending before the connection is dropped, so that the
/// answer is read before the reset that unread bytes bring.
pub(super) const LINGER: Duration = Duration::from_secs(1);
/// How much of it is read.
const LINGER_BYTES: usize = 64 * 1024;
impl Edge {
    /// `gateway`, as an application. `conf` is for Pingora's connections to upstreams; its number
    /// of tries is set here.
    pub fn new(gateway: Gateway, mut conf: ServerConf) -> Self {
        // One, and as many again as an upstream may have at most. Which exchange is repeated at
        // all is decided by the gateway.
        conf.max_retries = 3;
        let tunnels = Tunnels::new(gateway.clone(), &conf);
        let mut proxy = http_proxy(&Arc::new(conf), gateway.clone());
        let mut options = HttpServerOptions::default();
        // Pingora looks for HTTP/2's preface only on what is handed to it as a connection, and
        // whoever does that has seen the preface.
        options.h2c = true;
        // Without it a connection that asks for nothing is kept for ever.
        options.h2_idle_timeout = Some(gateway.snapshot().limits.keepalive);
        // Let through to the gateway, which refuses it in its own words.
        options.allow_connect_method_proxying = true;
        proxy.server_options = Some(options);
        Self {
            gateway,
            proxy: Arc::new(proxy),
            tunnels,
        }
    }

    /// The gateway behind it.
    pub const fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The requests of an HTTP/1 connection, one after the other.
    ///
    /// `opening`: how long the first may take to begin; later ones have the time that a kept
    /// connection has.
    pub async fn serve_http1(&self, mut stream: Stream, opening: Duration, shutdown: &Shutdown) {
        let mut stops = shutdown.stopping.clone();
        let mut stopped = pin!(async { drop(stops.wait_for(|stops| *stops).await) });
        let mut patience = opening;
        let mut alarm = Alarm::default();
        loop {
            let begun = tokio::select! {
                // What has arrived is served, even while we stop.
                biased;
                begun = begin_head(&mut stream, &mut alarm, patience) => begun,
                () = &mut stopped => None,
            };
            let Some(begun) = begun else { return };
            let limits = &self.gateway.snapshot().limits;
            patience = limits.keepalive;
            let head = match complete_head(&mut stream, begun, limits).await {
                Some(Ok(head)) => head,
                Some(Err(rejection)) => return Box::pin(self.refuse(stream, &rejection)).await,
                None => return,
            };
            if head.asks_for_websocket {
                let (bytes, early) = head.split();
                let opening = Opening { bytes, early };
                return Box::pin(self.tunnels.open(stream, opening, &shutdown.leaving)).await;
            }
            if let Some(begun) = head.chunked_body() {
                stream = match Framed::wrap(stream, begun) {
                    Ok(framed) => framed,
                    Err((stream, _)) => {
                        let broken = Rejection::BodyMalformed;
                        return Box::pin(self.refuse(stream, &broken)).await;
                    }
                };
            }
            let mut session = ServerSession::new_http1(stream);
            session.set_pipelined_prefix(head.bytes);
            // After the last answer it says that the connection ends.
            let exchange = self.proxy.process_new_http(session, &shutdown.leaving);
            let served = limit_http1(self.gateway.open_exchanges(), &mut alarm, exchange).await;
            let Some((kept, _)) = served.map(ReusedHttpStream::consume) else {
                return;
            };
            stream = Framed::unwrap(kept);
        }
    }

    /// Answers a head that Pingora never gets to see, and closes.
    async fn refuse(&self, mut stream: Stream, rejection: &Rejection) {
        let began = Instant::now();
        let request_id = crate::entropy::identifier().unwrap_or_default();
        let peer = stream
            .get_socket_digest()
            .and_then(|digest| digest.peer_addr()?.as_inet().copied());
        let asked = Asked {
            accept: None,
            request_id: &request_id,
            resource_metadata: None,
            takes_passwords: false,
        };
        let mut response = answer(rejection, &asked);
        let is_tls = stream.get_ssl_digest().is_some();
        if let Some(value) = self.gateway.snapshot().transport_security.as_ref()
            && is_tls
        {
            let headers = response.headers_mut();
            headers.insert(header::STRICT_TRANSPORT_SECURITY, value.clone());
        }
        let bytes = on_the_wire(response);
        let refused = RefusedHead {
            peer: peer.map(|address| address.ip().to_canonical()),
            request_id: &request_id,
            rejection,
            took: began.elapsed(),
        };
        access_log::record_refused_head(&refused, &self.gateway);
        let farewell = async {
            stream.write_all(&bytes).await?;
            hear_out(&mut stream).await
        };
        // Whether the peer heard it out is its own affair.
        let _heard = timeout(LINGER, farewell).await;
    }
}

/// Ends our side of a connection, and reads what still comes until the peer ends its own.
pub(super) async fn hear_out<S>(stream: &mut S) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.shutdown().await?;
    let mut unread = [0; 4096];
    let mut left = LINGER_BYTES;
    while left > 0 {
        match stream.read(&mut unread).await? {
            0 => break,
            n => left = left.saturating_sub(n),
        }
    }
    Ok(())
}

/// A head that passed, and what came with it.
struct Head {
    bytes: BytesMut,
    /// Where it ends and the rest begins.
    end: usize,
    /// Where a chunked body begins; `None` for any other body, or none.
    chunked_from: Option<usize>,
    asks_for_websocket: bool,
}

impl Head {
    /// What `screen` found complete.
    fn new(bytes: BytesMut, screen: &Screen) -> Self {
        Self {
            bytes,
            end: screen.end(),
            chunked_from: screen.chunked_from(),
            asks_for_websocket: screen.asks_for_websocket(),
        }
    }

    /// The head alone, and what came with it.
    fn split(mut self) -> (BytesMut, BytesMut) {
        let rest = self.bytes.split_off(self.end.min(self.bytes.len()));
        (self.bytes, rest)
    }

    /// What has arrived of a chunked body.
    fn chunked_body(&self) -> Option<&[u8]> {
        self.bytes.get(self.chunked_from?..)
    }
}

/// Waits for the first bytes of a head; `None` when none come.
async fn begin_head(
    stream: &mut Stream,
    alarm: &mut Alarm,
    patience: Duration,
) -> Option<BytesMut> {
    let mut buffer = BytesMut::with_capacity(4096);
    let read = tokio::select! {
        biased;
        read = stream.read_buf(&mut buffer) => read.ok()?,
        () = alarm.after(patience) => return None,
    };
    (read > 0).then_some(buffer)
}

/// Reads the rest of a head and what comes with it; `None` when there is nobody to answer.
async fn complete_head(
    stream: &mut Stream,
    mut buffer: BytesMut,
    limits: &Limits,
) -> Option<Result<Head, Rejection>> {
    let mut screen = Screen::default();
    match screen.advance(&buffer, limits) {
        Ok(true) => return Some(Ok(Head::new(buffer, &screen))),
        Ok(false) => {}
        Err(rejection) => return Some(Err(rejection)),
    }
    let rest = async {
        loop {
            buffer.reserve(4096);
            match stream.read_buf(&mut buffer).await {
                Ok(n) if n > 0 => {}
                _ => return None,
            }
            match screen.advance(&buffer, limits) {
                Ok(true) => return Some(Ok(())),
                Ok(false) => {}
                Err(rejection) => return Some(Err(rejection)),
            }
        }
    };
    match timeout(limits.head_timeout, rest).await {
        Ok(outcome) => Some(outcome?.map(|()| Head::new(buffer, &screen))),
        Err(_) => Some(Err(HeadError::Timeout.into())),
    }
}

/// A response in HTTP/1.1, after which the connection is closed.
fn on_the_wire(response: http::Response<Bytes>) -> Vec<u8> {
    let (parts, body) = response.into_parts();
    let mut bytes = format!(
        "HTTP/1.1 {} {}\r\nconnection: close\r\ncontent-length: {}\r\n",
        parts.status.as_u16(),
        parts.status.canonical_reason().unwrap_or_default(),
        body.len()
    )
    .into_bytes();
    for (name, value) in &parts.headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&body);
    bytes
}

#[async_trait]
impl HttpServerApp for Edge {
    /// One HTTP/2 request; those of HTTP/1 come by [`Edge::serve_http1`], which has read their
    /// heads.
    async fn process_new_http(
        self: &Arc<Self>,
        session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        if matches!(session, ServerSession::H1(_)) {
            return None;
        }
        let patience = self.gateway.snapshot().limits.head_timeout;
        let exchange = self.proxy.process_new_http(session, shutdown);
        limit_http2(self.gateway.open_exchanges(), patience, exchange).await
    }

    /// Asked for at each connection, so that a reload counts from the next one.
    fn h2_options(&self) -> Option<H2Options> {
        Some(http2::options(&self.gateway.snapshot().limits))
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        self.proxy.server_options()
    }

    async fn http_cleanup(&self) {
        self.proxy.http_cleanup().await;
    }
}

impl std::fmt::Debug for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edge")
            .field("gateway", &self.gateway)
            .finish_non_exhaustive()
    }
}
