//! Pingora's phases, in order.

use std::mem;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header, response};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::modules::http::HttpModules;
use pingora::proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorType};

use super::answer_fields::add_to_theirs;
use super::context::{Context, Outcome};
use super::headers::X_REQUEST_ID;
use super::rejection::Rejection;
use super::serving::{Gateway, Taken, take, take_when_told};
use super::settings::Limits;
use super::upstream::Choice;
use super::{access_log, failure, forward, lifetime, swap, timing};

#[async_trait]
impl ProxyHttp for Gateway {
    type CTX = Context;

    fn new_ctx(&self) -> Context {
        self.begin()
    }

    /// None: compression of what upstreams answer is theirs to decide.
    fn init_downstream_modules(&self, _modules: &mut HttpModules) {}

    /// Admits the request, or answers it here (`true`: answered).
    async fn request_filter(
        &self,
        session: &mut Session,
        ctx: &mut Context,
    ) -> pingora::Result<bool> {
        set_timeouts(session, &ctx.snapshot.limits);
        let mut end = take(session, ctx);
        if let Ok(Taken::AskIssuer(pending)) = end {
            end = Box::pin(take_when_told(session, ctx, *pending)).await;
        }
        if let Ok(Taken::Forward) = end {
            lifetime::admitted(ctx.basis());
            return Ok(false);
        }
        // Boxed: the way of a request that goes on does not carry the room of those that end.
        Box::pin(self.end_here(session, ctx, end))
            .await
            .map(|()| true)
    }

    /// The next server; another one than last time if the request could not be sent.
    async fn upstream_peer(
        &self,
        session: &mut Session,
        ctx: &mut Context,
    ) -> pingora::Result<Box<HttpPeer>> {
        let now = self.uptime();
        let Some(journey) = ctx.journey() else {
            return Err(Error::explain(ErrorType::InternalError, "not admitted").into_in());
        };
        journey.tries += 1;
        journey.body_bytes = 0;
        if journey.tries > 1 {
            journey.started = Instant::now();
        }
        let choice = Choice {
            key: journey.sticky.as_ref().map_or(&[], |sticky| &sticky.key),
            not: journey.server,
            now,
        };
        let Some(mut peer) = journey.upstream.pick(choice) else {
            let unavailable = StatusCode::SERVICE_UNAVAILABLE.as_u16();
            return Err(Error::new_up(ErrorType::HTTPStatus(unavailable)));
        };
        journey.server = peer._address.as_inet().copied();
        if let Some(timing) = &mut journey.timing {
            let now = Instant::now();
            if session.is_body_empty() {
                timing.request_ends(now);
            }
            timing.apply(&mut peer.options, now)?;
        }
        Ok(Box::new(peer))
    }

    /// The request was made ready in [`Self::request_filter`]; what is left is what depends on the
    /// upstream.
    async fn upstream_request_filter(
        &self,
        _session: &mut Session,
        request: &mut RequestHeader,
        ctx: &mut Context,
    ) -> pingora::Result<()> {
        match ctx.journey().and_then(|journey| journey.upstream.host()) {
            Some(host) => request.insert_header(header::HOST, host.clone()),
            None => Ok(()),
        }
    }

    /// An HTTP/2 body may end with an empty frame. Pingora would write it to an HTTP/1 upstream as
    /// a last chunk, and then another last chunk: bytes that the upstream takes for the beginning
    /// of the next request (RFC 9112 §7.1).
    async fn request_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        end_of_stream: bool,
        ctx: &mut Context,
    ) -> pingora::Result<()> {
        if let Some(body) = body.as_ref().filter(|body| !body.is_empty()) {
            lifetime::request_goes_on();
            ctx.count_body(body.len())?;
        }
        if end_of_stream && let Some(timing) = ctx.timing() {
            timing.request_ends(Instant::now());
        }
        if end_of_stream && body.as_ref().is_some_and(Bytes::is_empty) {
            *body = None;
        }
        Ok(())
    }

    /// Nobody asked for another protocol: upgrades are stripped from every request that comes here.
    async fn upstream_response_filter(
        &self,
        _session: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut Context,
    ) -> pingora::Result<()> {
        if response.status == StatusCode::SWITCHING_PROTOCOLS {
            let error = Error::explain(ErrorType::InvalidHTTPHeader, "101 without an upgrade");
            return Err(error.into_up());
        }
        // Each of these begins Pingora's wait anew.
        if response.status.is_informational()
            && ctx
                .timing()
                .is_some_and(|timing| timing.is_over(Instant::now()))
        {
            return Err(timing::overdue());
        }
        if response.status == StatusCode::UNAUTHORIZED {
            swap::doubt(ctx);
        }
        if !response.status.is_informational()
            && let Some(journey) = ctx.journey()
        {
            let took = journey.started.elapsed();
            self.metrics().upstream(journey.upstream.name(), "ok", took);
            let is_well = !response.status.is_server_error();
            journey
                .upstream
                .note(journey.server, is_well, self.uptime());
        }
        Ok(())
    }

    /// Removes what an upstream may not tell browsers, and names the request.
    async fn response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut Context,
    ) -> pingora::Result<()> {
        edit(response, |response| finish(response, session, ctx))
            .map_err(|rejection| Error::explain(ErrorType::InternalError, rejection.reason()))?;
        if !response.status.is_informational() {
            lifetime::answer_begins();
            ctx.note_response(&response.headers);
            ctx.outcome = Outcome::Forwarded;
            ctx.status = response.status.as_u16();
            let is_empty = response
                .headers
                .get(header::CONTENT_LENGTH)
                .is_some_and(|length| length == "0");
            let has_no_body = matches!(
                response.status,
                StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
            );
            if is_empty || has_no_body || session.req_header().method == Method::HEAD {
                ctx.leave();
                lifetime::answer_ends();
            }
        }
        Ok(())
    }

    /// Notes the end of the answer; its bytes are the upstream's.
    fn response_body_filter(
        &self,
        _session: &mut Session,
        _body: &mut Option<Bytes>,
        end_of_stream: bool,
        ctx: &mut Context,
    ) -> pingora::Result<Option<Duration>> {
        if end_of_stream {
            ctx.leave();
            lifetime::answer_ends();
        }
        Ok(None)
    }

    /// The same for an answer that ends in trailers.
    async fn response_trailer_filter(
        &self,
        _session: &mut Session,
        _trailers: &mut HeaderMap,
        ctx: &mut Context,
    ) -> pingora::Result<Option<Bytes>> {
        ctx.leave();
        lifetime::answer_ends();
        Ok(None)
    }

    /// No connection, so nothing was sent: another server may be tried.
    fn fail_to_connect(
        &self,
        _session: &mut Session,
        _peer: &HttpPeer,
        ctx: &mut Context,
        mut error: Box<Error>,
    ) -> Box<Error> {
        if let Some(journey) = ctx.journey() {
            let took = journey.started.elapsed();
            let upstream = journey.upstream.name();
            self.metrics().upstream(upstream, "connect_error", took);
            journey.upstream.note(journey.server, false, self.uptime());
            error.set_retry(journey.tries <= journey.upstream.retries());
        }
        error
    }

    /// Something was sent, or may have been. Only a kept connection that turns out to be closed
    /// is known not to have been served (RFC 9110 §9.2.2), and only for idempotent methods.
    fn error_while_proxy(
        &self,
        _peer: &HttpPeer,
        session: &mut Session,
        mut error: Box<Error>,
        ctx: &mut Context,
        reused: bool,
    ) -> Box<Error> {
        let repeatable = session.req_header().method.is_idempotent()
            && !session.as_ref().retry_buffer_truncated()
            && session.response_written().is_none();
        if let Some(journey) = ctx.journey() {
            if !repeatable || journey.tries > journey.upstream.retries() {
                error.set_retry(false);
            } else {
                error.retry.decide_reuse(reused);
            }
        }
        error
    }

    /// The end of every exchange that failed.
    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        ctx: &mut Context,
    ) -> FailToProxy {
        let rejection = match error.etype() {
            ErrorType::HTTPStatus(503) => Rejection::NoServer,
            ErrorType::HTTPStatus(413) => Rejection::BodyTooLarge,
            _ => match (failure::of_exchange(error), ctx.timing()) {
                (Rejection::UpstreamTimeout(_), Some(timing)) => {
                    timing.blame(error, Instant::now())
                }
                (rejection, _) => rejection,
            },
        };
        self.report(error, &rejection, ctx);
        let status = rejection.wire().status.as_u16();
        // Where the body stands is unknown, so the connection ends here.
        session.set_keepalive(None);
        if self.refuse(session, ctx, rejection).await.is_err() {
            tracing::debug!(
                request.id = ctx.request_id,
                "downstream left before it was answered"
            );
        }
        FailToProxy {
            error_code: status,
            can_reuse_downstream: false,
        }
    }

    async fn logging(&self, session: &mut Session, _error: Option<&Error>, ctx: &mut Context) {
        access_log::record(session, ctx, self.metrics());
        ctx.is_recorded = true;
    }

    /// Failures are reported in [`Self::fail_to_proxy`]; Pingora would log the query as well.
    fn suppress_error_log(&self, _: &Session, _: &Context, _: &Error) -> bool {
        true
    }

    fn suppress_proxy_warn_log(
        &self,
        _: &Session,
        _: &Context,
        _: &Error,
        _: ProxyWarnLogContext,
    ) -> bool {
        true
    }

    /// For what Pingora logs all the same.
    fn request_summary(&self, _: &Session, ctx: &Context) -> String {
        ["request ", &ctx.request_id].concat()
    }
}

impl Gateway {
    /// Logs and counts a failed exchange, unless it failed because downstream left.
    fn report(&self, error: &Error, rejection: &Rejection, ctx: &mut Context) {
        if matches!(rejection, Rejection::Gone) {
            return;
        }
        let request_id = ctx.request_id.clone();
        let Some(journey) = ctx.journey() else {
            return;
        };
        let outcome = match rejection {
            Rejection::UpstreamTimeout(_) => "timeout",
            Rejection::UpstreamBroken => "error",
            _ => "",
        };
        let upstream = journey.upstream.name();
        if !outcome.is_empty() {
            let took = journey.started.elapsed();
            self.metrics().upstream(upstream, outcome, took);
            journey.upstream.note(journey.server, false, self.uptime());
        }
        tracing::warn!(
            request.id = request_id,
            upstream.name = upstream,
            upstream.server = journey.server.map(tracing::field::display),
            tries = journey.tries,
            reason = rejection.reason(),
            error.kind = error.etype().as_str(),
            error.root = error.root_etype().as_str(),
            "forwarding failed"
        );
    }
}

/// Makes of an upstream's answer the one that goes downstream.
fn finish(
    response: &mut response::Parts,
    session: &Session,
    ctx: &mut Context,
) -> Result<(), Rejection> {
    if let Some(admission) = &ctx.admission {
        let not_an_upstreams = &ctx.snapshot.not_an_upstreams;
        forward::clean_response(response, admission, not_an_upstreams)?;
        if admission.upstream_token.is_some() {
            swap::clean_response(&mut response.headers);
        }
    }
    if response.status.is_informational() {
        return Ok(());
    }
    let headers = &mut response.headers;
    add_to_theirs(headers, session, ctx);
    if let Some(cookie) = ctx.sticky_cookie() {
        headers.append(header::SET_COOKIE, cookie);
    }
    headers.insert(X_REQUEST_ID, forward::value(ctx.request_id.clone())?);
    Ok(())
}

/// Changes an answer.
///
/// The spelling of field names is given up for the same reason as in requests
/// ([`admission`](super::admission)), a phrase of the upstream's own is kept.
fn edit<T>(response: &mut ResponseHeader, change: impl FnOnce(&mut response::Parts) -> T) -> T {
    let reason = response.get_reason_phrase();
    let own_reason = reason.filter(|reason| Some(*reason) != response.status.canonical_reason());
    let own_reason = own_reason.map(str::to_owned);
    let (nothing, ()) = http::Response::new(()).into_parts();
    let mut parts = response::Parts::from(mem::replace(response, nothing.into()));
    let changed = change(&mut parts);
    *response = parts.into();
    if own_reason.is_some() {
        // Refused only if it could not be sent, and it came.
        let _kept = response.set_reason_phrase(own_reason.as_deref());
    }
    changed
}

/// What each request may take, before any of it is read.
pub(super) fn set_timeouts(session: &mut Session, limits: &Limits) {
    session.set_read_timeout(Some(limits.downstream_timeout));
    session.set_write_timeout(Some(limits.downstream_timeout));
    session.set_total_drain_timeout(Some(limits.head_timeout));
    // An announced `Connection: close` is respected by Pingora; it has to be asked while the
    // field is still there.
    if session.get_keepalive().is_some() {
        session.set_keepalive(Some(limits.keepalive.as_secs().max(1)));
    }
}
