//! What connections are for.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora::apps::http_app::ServeHttp;
use pingora::apps::{HttpServerApp, ReusedHttpStream};
use pingora::protocols::Stream;
use pingora::protocols::http::ServerSession;

use crate::gateway::{Edge, Shutdown};

/// What serves the connections that the guard lets through. HTTP/2 is as Pingora does it.
#[async_trait]
pub(crate) trait Application: HttpServerApp + Send + Sync + 'static {
    /// The requests of an HTTP/1 connection, one after the other; the first has until `opening` to
    /// begin.
    async fn serve_http1(self: &Arc<Self>, stream: Stream, opening: Duration, shutdown: &Shutdown);
}

#[async_trait]
impl Application for Edge {
    async fn serve_http1(self: &Arc<Self>, stream: Stream, opening: Duration, shutdown: &Shutdown) {
        Self::serve_http1(self, stream, opening, shutdown).await;
    }
}

#[async_trait]
impl<S: ServeHttp + Send + Sync + 'static> Application for S {
    /// As Pingora does it, except that the first request has as long as any opening and not the 60
    /// seconds of a kept connection.
    async fn serve_http1(self: &Arc<Self>, stream: Stream, opening: Duration, shutdown: &Shutdown) {
        let stops = &shutdown.leaving;
        let mut session = ServerSession::new_http1(stream);
        if *stops.borrow() {
            session.set_keepalive(None);
        } else {
            // Zero would mean "without a limit".
            session.set_keepalive(Some(opening.as_secs().max(1)));
        }
        let mut next = self.process_new_http(session, stops).await;
        while let Some((stream, persistent)) = next.map(ReusedHttpStream::consume) {
            let mut session = ServerSession::new_http1(stream);
            if let Some(persistent) = persistent {
                persistent.apply_to_session(&mut session);
            }
            next = self.process_new_http(session, stops).await;
        }
    }
}
