//! WebSockets (RFC 6455), through a tunnel of our own.
//!
//! Pingora takes the end of the handshake's empty body for the end of the tunnel, and so tears some
//! tunnels down as soon as they stand. So a request that asks for a WebSocket is taken off the
//! connection here: judged by the same steps as any other, sent to a server of the same upstream,
//! and joined with it once both sides have agreed. It is an ordinary request in everything else:
//! until there is a right 101 there is no tunnel, and nothing but the handshake has been sent.
//!
//! 1. `handshake` and `origin`: is it one, and may the page that asks;
//! 2. `places`: how many its subject has open;
//! 3. `reach`: a server of the upstream; `answer`: what it says, read strictly;
//! 4. `pipe`: bytes in both directions, until an end, a limit, a shutdown, or the end of what the
//!    tunnel was opened for; `frames`: where a close frame may stand;
//! 5. `messages` and `subscription`, on routes to Cells that say so: the token in a text of the client's.
//!
//! Deliberately absent: other protocols (`h2c` and the like are dropped, as RFC 9110 §7.8 allows),
//! WebSockets over HTTP/2 (RFC 8441; Pingora has no way to offer them, and browsers then open a
//! connection of HTTP/1.1), any look into what passes elsewhere.

mod answer;
mod frames;
mod handshake;
mod messages;
mod origin;
mod pipe;
mod places;
mod reach;
mod subscription;
mod wire;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{Response, response};
use pingora::connectors::{ConnectorOptions, TransportConnector};
use pingora::http::ResponseHeader;
use pingora::protocols::Stream;
use pingora::protocols::http::ServerSession;
use pingora::proxy::{ProxyHttp as _, Session};
use pingora::server::ShutdownWatch;
use pingora::server::configuration::ServerConf;
use tokio::time::timeout;

pub(super) use reach::check_opening;

use super::access_log::{self, TunnelRecord};
use super::audit;
use super::context::Context;
use super::edge::{LINGER, hear_out};
use super::exchange;
use super::headers::X_REQUEST_ID;
use super::proxy::set_timeouts;
use super::serving::{Gateway, Taken, take, take_when_told};

use handshake::Handshake;
pub use handshake::HandshakeError;
use pipe::{Closed, End, Report, Terms};
use places::Places;
use reach::{NotOpened, Opened};
pub(super) use subscription::Opener;

/// Opens tunnels, and holds what they share.
pub(super) struct Tunnels {
    gateway: Gateway,
    connector: TransportConnector,
    places: Places,
}

/// A head that asks for a WebSocket, and what came with it. That is not looked at, and sent nowhere,
/// before the tunnel stands.
pub(super) struct Opening {
    pub(super) bytes: BytesMut,
    pub(super) early: BytesMut,
}

impl Tunnels {
    /// None yet. `conf` is for connections to upstreams.
    pub(super) fn new(gateway: Gateway, conf: &ServerConf) -> Self {
        let options = ConnectorOptions::from_server_conf(conf);
        Self {
            gateway,
            connector: TransportConnector::new(Some(options)),
            places: Places::default(),
        }
    }

    /// Serves the last request of a connection, which asks for a WebSocket.
    pub(super) async fn open(&self, stream: Stream, opening: Opening, shutdown: &ShutdownWatch) {
        let mut session = Session::new_h1(stream);
        let head = session.as_downstream_mut();
        head.set_pipelined_prefix(opening.bytes);
        // What passed the edge and is still no request has nobody to be told.
        if !matches!(head.read_request().await, Ok(true)) {
            return;
        }
        let mut ctx = self.gateway.begin();
        set_timeouts(&mut session, &ctx.snapshot.limits);
        session.set_keepalive(None);
        let handshake = Handshake::read(session.req_header());
        let mut taken = take(&mut session, &mut ctx);
        if let Ok(Taken::AskIssuer(pending)) = taken {
            taken = Box::pin(take_when_told(&mut session, &mut ctx, *pending)).await;
        }
        let opened = match taken {
            Ok(Taken::Forward) => self.reach(&mut session, &mut ctx, handshake).await,
            end => {
                // Whether downstream heard it is told by the access line.
                let _answered = self.gateway.end_here(&mut session, &mut ctx, end).await;
                return self.end(session, ctx).await;
            }
        };
        match opened {
            Ok(opened) => {
                let early = opening.early;
                self.run(session, ctx, (opened, early), shutdown).await;
            }
            Err(not_opened) => {
                self.answer(&mut session, &mut ctx, not_opened).await;
                self.end(session, ctx).await;
            }
        }
    }

    /// Answers a handshake that brought no tunnel.
    async fn answer(&self, session: &mut Session, ctx: &mut Context, not_opened: NotOpened) {
        let written = match not_opened {
            NotOpened::Refused(rejection) => {
                // Whether downstream heard it is told by the access line.
                let _answered = self.gateway.refuse(session, ctx, rejection).await;
                return;
            }
            NotOpened::Answered(response) => self.pass_on(session, ctx, response).await,
            NotOpened::Failed(error) => Err(error),
        };
        if let Err(error) = written {
            // Answered and logged in there, where every failure is.
            let _told = self.gateway.fail_to_proxy(session, &error, ctx).await;
        }
    }

    /// Passes on what the upstream answered instead, as any answer.
    async fn pass_on(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        response: Response<Bytes>,
    ) -> pingora::Result<()> {
        let (head, body) = response.into_parts();
        let mut head = ResponseHeader::from(head);
        self.gateway
            .upstream_response_filter(session, &mut head, ctx)
            .await?;
        self.gateway
            .response_filter(session, &mut head, ctx)
            .await?;
        let response = Response::from_parts(head.as_owned_parts(), body);
        exchange::write(session, response)
            .await
            .map_err(|error| error.into_down())
    }

    /// Ends a connection on which no tunnel was opened.
    async fn end(&self, session: Session, mut ctx: Context) {
        access_log::record(&session, &ctx, self.gateway.metrics());
        ctx.is_recorded = true;
        if let Some(mut stream) = into_stream(session) {
            // Whether the peer heard it out is its own affair.
            let _heard = timeout(LINGER, hear_out(&mut stream)).await;
        }
    }

    /// Tells downstream that the tunnel stands, and keeps it until it ends.
    async fn run(
        &self,
        mut session: Session,
        mut ctx: Context,
        (opened, early): (Opened, BytesMut),
        shutdown: &ShutdownWatch,
    ) {
        let metrics = self.gateway.metrics();
        ctx.note_switched(metrics);
        let head = self.switched(&mut session, &mut ctx, opened.head).await;
        let (Ok(head), Some(mut stream)) = (head, into_stream(session)) else {
            return;
        };
        let patience = Some(ctx.snapshot.limits.downstream_timeout);
        let told = wire::send(&mut stream, &wire::response(&head), patience).await;
        if told.is_err() {
            return;
        }
        let snapshot = Arc::clone(&ctx.snapshot);
        let terms = Terms {
            limits: &snapshot.limits.tunnels,
            watch: ctx
                .basis()
                .map(|basis| self.gateway.open_exchanges().watch(basis)),
            shutdown: shutdown.clone(),
            opener: self.opener(&ctx),
        };
        let open = metrics.tunnel_opened();
        let downstream = End { stream, early };
        let report = pipe::join(downstream, opened.upstream, terms, metrics).await;
        drop(open);
        self.record(ctx, report);
    }

    /// The 101 for downstream: the upstream's, as far as it may say it.
    async fn switched(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        head: response::Parts,
    ) -> pingora::Result<response::Parts> {
        let mut head = ResponseHeader::from(head);
        self.gateway
            .response_filter(session, &mut head, ctx)
            .await?;
        head.insert_header(X_REQUEST_ID, ctx.request_id.as_str())?;
        let mut head = head.as_owned_parts();
        handshake::switch(&mut head.headers);
        Ok(head)
    }

    /// Who has opened a tunnel in which it says who it is; `None` where nobody does.
    fn opener<'a>(&'a self, ctx: &'a Context) -> Option<Opener<'a>> {
        let route = &ctx.admission.as_ref()?.route;
        route.websockets.as_ref().filter(|it| it.subscribe)?;
        Some(Opener {
            gateway: &self.gateway,
            places: &self.places,
            route,
            canonical: ctx.canonical.as_ref()?,
            certificate: ctx.certificate.as_deref(),
            peer: ctx.peer,
            request_id: &ctx.request_id,
        })
    }

    fn record(&self, mut ctx: Context, report: Report) {
        let metrics = self.gateway.metrics();
        if let (Some(admission), Some(subscriber)) = (&mut ctx.admission, report.subscriber) {
            admission.principal = Some(subscriber);
        }
        metrics.tunnel_closed(report.closed.as_str());
        if let Closed::Ended(ending) = report.closed {
            metrics.exchange_ended(ending.as_str());
            audit::exchange_ended(&ctx, ending);
        }
        let record = TunnelRecord {
            closed: report.closed.as_str(),
            reason: report.closed.reason(),
            bytes_in: report.bytes_in,
            bytes_out: report.bytes_out,
        };
        access_log::record_tunnel(&ctx, record, metrics);
        ctx.is_recorded = true;
    }
}

/// The connection under a session.
fn into_stream(session: Session) -> Option<Stream> {
    match *session.downstream_session {
        ServerSession::H1(http1) => Some(http1.into_inner()),
        _ => None,
    }
}

impl std::fmt::Debug for Tunnels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tunnels")
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}
