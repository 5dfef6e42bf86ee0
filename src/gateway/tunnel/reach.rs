//! From an admitted request to a server that agrees.

use bytes::Bytes;
use http::{HeaderMap, Response, header, response};
use pingora::Error;
use pingora::protocols::{ALPN, Stream};
use pingora::proxy::{ProxyHttp as _, Session};
use pingora::upstreams::peer::HttpPeer;

use super::answer::{self, Answer};
use super::handshake::{Handshake, HandshakeError};
use super::pipe::End;
use super::places::Place;
use super::{Tunnels, origin, wire};
use crate::gateway::admission::canonical;
use crate::gateway::canonical::CanonicalRequest;
use crate::gateway::context::Context;
use crate::gateway::rejection::Rejection;
use crate::gateway::settings::Route;

/// What a handshake came to that brought no tunnel.
pub(super) enum NotOpened {
    Refused(Rejection),
    Failed(Box<Error>),
    Answered(Response<Bytes>),
}

/// A tunnel that stands at the upstream's end.
pub(super) struct Opened {
    pub(super) head: response::Parts,
    pub(super) upstream: End,
    /// Held for as long as the tunnel is open.
    _place: Option<Place>,
}

impl From<Rejection> for NotOpened {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}

impl From<Box<Error>> for NotOpened {
    fn from(error: Box<Error>) -> Self {
        Self::Failed(error)
    }
}

impl Tunnels {
    /// Shakes hands with a server of the route's upstream.
    pub(super) async fn reach(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        handshake: Result<Handshake, HandshakeError>,
    ) -> Result<Opened, NotOpened> {
        let handshake = allowed(session, ctx, handshake)?;
        let place = self.place(ctx)?;
        let (mut stream, peer) = self.connect(session, ctx).await?;
        let options = &peer.options;
        let mut request = session.req_header().clone();
        self.gateway
            .upstream_request_filter(session, &mut request, ctx)
            .await?;
        let mut request = request.as_owned_parts();
        handshake.write(&mut request.headers);
        wire::send(&mut stream, &wire::request(&request), options.write_timeout)
            .await
            .map_err(|error| error.into_up())?;
        match answer::read(&mut stream, &handshake, options.read_timeout).await? {
            Answer::Ordinary(response) => Err(NotOpened::Answered(response)),
            Answer::Switched(head, early) => Ok(Opened {
                head,
                upstream: End { stream, early },
                _place: place,
            }),
        }
    }

    /// A place for the subject's tunnel; `None` where nobody in particular opens it.
    fn place(&self, ctx: &Context) -> Result<Option<Place>, Rejection> {
        let Some(basis) = ctx.basis() else {
            return Ok(None);
        };
        let limit = ctx.snapshot.limits.tunnels.per_subject;
        let place = self.places.take(&basis.principal, limit);
        place.map(Some).ok_or(Rejection::TooManyTunnels)
    }

    /// A new connection to a server of the upstream; to another one if there is none to the first.
    async fn connect(
        &self,
        session: &mut Session,
        ctx: &mut Context,
    ) -> pingora::Result<(Stream, Box<HttpPeer>)> {
        loop {
            let mut peer = self.gateway.upstream_peer(session, ctx).await?;
            // Where other requests go over HTTP/2 as well.
            peer.options.alpn = ALPN::H1;
            match self.connector.new_stream(&*peer).await {
                Ok(stream) => return Ok((stream, peer)),
                Err(error) => {
                    let error = error.into_up();
                    let error = self.gateway.fail_to_connect(session, &peer, ctx, error);
                    if !error.retry() {
                        return Err(error);
                    }
                }
            }
        }
    }
}

/// The handshake, if it is one and the route and its page allow it.
fn allowed(
    session: &Session,
    ctx: &Context,
    handshake: Result<Handshake, HandshakeError>,
) -> Result<Handshake, Rejection> {
    let admission = ctx.admission.as_ref();
    let admission = admission.ok_or(Rejection::Fault("a WebSocket was not admitted"))?;
    if admission.route.websockets.is_none() {
        return Err(Rejection::NoWebSockets);
    }
    let mut handshake = handshake?;
    if admission
        .route
        .websockets
        .as_ref()
        .is_some_and(|it| it.subscribe)
    {
        handshake.refuse_extensions();
    }
    let headers = &session.req_header().headers;
    check_opening(&admission.route, headers, canonical(ctx)?)?;
    Ok(handshake)
}

/// Whether `route` has WebSockets, and the page that opens one is of those that may.
///
/// # Errors
///
/// [`Rejection`] if not.
pub(in crate::gateway) fn check_opening(
    route: &Route,
    headers: &HeaderMap,
    request: &CanonicalRequest,
) -> Result<(), Rejection> {
    let Some(websockets) = &route.websockets else {
        return Err(Rejection::NoWebSockets);
    };
    let origin = headers.get(header::ORIGIN);
    if !origin::may_open(origin, &request.authority, &websockets.origins) {
        return Err(Rejection::ForeignOrigin);
    }
    Ok(())
}
