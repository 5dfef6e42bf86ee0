//! Requests that end here: what answers each of them, and what downstream is told of a refusal.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use pingora::proxy::Session;
use tracing::Instrument as _;

use crate::provider::Provider;

use super::acme::challenge_response;
use super::answer_fields::add_to_ours;
use super::context::{Context, Outcome};
use super::headers::X_REQUEST_ID;
use super::interface::{self, Seen};
use super::rejection::{Asked, Rejection, answer};
use super::resource::Resource;
use super::serving::{Gateway, Taken};
use super::sign_in::Called;
use super::{admission, assertion, audit, exchange, forward_auth, resource, shield, whoami};

impl Gateway {
    /// Answers a request that is not forwarded.
    pub(super) async fn end_here(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        end: Result<Taken, Rejection>,
    ) -> pingora::Result<()> {
        let answered = match end {
            Ok(Taken::AskProvider(provider)) => ask(&provider, session, ctx).await,
            Ok(Taken::SignIn(called)) => sign_in(&called, session, ctx).await,
            Ok(Taken::Metadata(document)) => describe(session, ctx, document).await,
            Ok(Taken::Challenge(authorization)) => {
                ctx.outcome = Outcome::Challenge;
                reply(session, ctx, challenge_response(authorization)).await
            }
            Ok(Taken::Preflight(response)) => {
                ctx.outcome = Outcome::Preflight;
                reply(session, ctx, response).await
            }
            Ok(Taken::EnterInterface) => enter(session, ctx).await,
            Ok(Taken::SessionCall) => relay(session, ctx).await,
            Ok(Taken::Whoami) => show(session, ctx).await,
            Ok(Taken::Allowed) => allow(session, ctx).await,
            // Whoever calls this has waited to be told and does not forward here.
            Ok(Taken::Forward) => Ok(()),
            Ok(Taken::AskIssuer(_)) => Err(Rejection::Fault("an answer was not waited for")),
            Err(rejection) => Err(rejection),
        };
        match answered {
            Ok(()) => Ok(()),
            Err(rejection) => self.refuse(session, ctx, rejection).await,
        }
    }

    /// Tells downstream why it gets nothing, unless an answer has begun.
    pub(super) async fn refuse(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        rejection: Rejection,
    ) -> pingora::Result<()> {
        if rejection.is_about_credential() {
            self.metrics().token_refused(rejection.reason());
        }
        if let (Some(limit), Some(route)) = (rejection.limit(), &ctx.findings.route) {
            self.metrics().limited(&route.name, limit);
        }
        log(&rejection, ctx);
        audit::refused(&rejection, ctx);
        let wire = rejection.wire();
        let begun = session
            .response_written()
            .is_some_and(|response| !response.status.is_informational());
        let gone = matches!(rejection, Rejection::Gone);
        if !wire.keeps_connection {
            session.set_keepalive(None);
        }
        let mut response = told(&rejection, &session.req_header().headers, ctx).await;
        if let Some(kind) = ctx.asked_by {
            forward_auth::adapt(kind, &mut response);
        }
        add_to_ours(&mut response, session, ctx);
        ctx.outcome = Outcome::Rejected(rejection);
        if begun || gone {
            return Ok(());
        }
        exchange::write(session, response).await
    }
}

/// Hands a request over to the provider.
async fn ask(
    provider: &Provider,
    session: &mut Session,
    ctx: &mut Context,
) -> Result<(), Rejection> {
    let deadline = ctx.snapshot.limits.head_timeout;
    let request = exchange::read(session, admission::canonical(ctx)?, deadline).await?;
    // Its lines bear the id of the request that they are about; at this level whatever is filtered.
    let span = tracing::error_span!("request", request.id = ctx.request_id);
    let response = provider.answer(request, ctx.peer).instrument(span).await;
    ctx.outcome = Outcome::Provider;
    reply(session, ctx, response).await
}

/// Hands a request over to browser sign-in.
async fn sign_in(
    called: &Called,
    session: &mut Session,
    ctx: &mut Context,
) -> Result<(), Rejection> {
    let deadline = ctx.snapshot.limits.head_timeout;
    let canonical = admission::canonical(ctx)?;
    let request = exchange::read(session, canonical, deadline).await?;
    let from = (ctx.peer, ctx.now, ctx.request_id.as_str());
    let answered = ctx
        .snapshot
        .sign_ins
        .answer(called, (&request, canonical), from);
    let response = answered.await?;
    ctx.outcome = Outcome::SignIn;
    reply(session, ctx, response).await
}

/// What downstream is told of a refusal: why, or where to go.
async fn told(rejection: &Rejection, headers: &HeaderMap, ctx: &Context) -> Response<Bytes> {
    let mut failed = None;
    if let Rejection::SignIn(needed) = rejection {
        match ctx.snapshot.sign_ins.begin(needed, headers, ctx.now).await {
            Ok(mut response) => {
                name(&mut response, ctx);
                return response;
            }
            Err(fault) => failed = Some(fault),
        }
    }
    let route = ctx.findings.route.as_ref();
    let resource = route.and_then(|route| route.resource.as_ref());
    let asked = Asked {
        accept: headers.get(header::ACCEPT),
        request_id: &ctx.request_id,
        resource_metadata: resource.map(Resource::metadata_url),
        takes_passwords: route.is_some_and(|route| route.application_passwords.is_some())
            && !headers.contains_key("sec-fetch-mode"),
    };
    answer(failed.as_ref().unwrap_or(rejection), &asked)
}

/// Passes a call of the backend's interface on, and its answer back.
async fn relay(session: &mut Session, ctx: &mut Context) -> Result<(), Rejection> {
    let response = Box::pin(shield::answer(session, ctx)).await?;
    ctx.leave();
    reply(session, ctx, response).await
}

/// Sends a browser that opens the backend's interface to sign in.
async fn enter(session: &mut Session, ctx: &mut Context) -> Result<(), Rejection> {
    let seen = std::mem::take(&mut ctx.interface);
    let Seen::Entry { browser, needs_tls } = seen else {
        return Err(Rejection::Fault("nobody opened the interface"));
    };
    let response = interface::enter(ctx, (browser.as_ref(), needs_tls))?;
    ctx.outcome = Outcome::SignIn;
    ctx.leave();
    reply(session, ctx, response).await
}

/// Answers with the metadata of a protected resource.
async fn describe(
    session: &mut Session,
    ctx: &mut Context,
    document: Bytes,
) -> Result<(), Rejection> {
    let response = resource::answer(admission::canonical(ctx)?, document)?;
    ctx.outcome = Outcome::Metadata;
    reply(session, ctx, response).await
}

/// Shows the request as an upstream would get it.
async fn show(session: &mut Session, ctx: &mut Context) -> Result<(), Rejection> {
    let response = whoami::answer(
        admission::canonical(ctx)?,
        session.req_header(),
        ctx.admission.as_ref(),
    );
    ctx.outcome = Outcome::Whoami;
    ctx.leave();
    reply(session, ctx, response).await
}

/// Tells the proxy that asked what its application is to get.
async fn allow(session: &mut Session, ctx: &mut Context) -> Result<(), Rejection> {
    let admission = ctx.admission.as_ref();
    let principal = admission.and_then(|admission| admission.principal.as_ref());
    let assertion = match admission {
        Some(admission) => assertion::of(&ctx.snapshot, &admission.route, principal, ctx.now)?,
        None => None,
    };
    let response = forward_auth::let_pass(&ctx.snapshot.identity, principal, assertion);
    ctx.outcome = Outcome::Allowed;
    reply(session, ctx, response).await
}

/// Writes an answer of ours.
async fn reply(
    session: &mut Session,
    ctx: &Context,
    mut response: Response<Bytes>,
) -> Result<(), Rejection> {
    name(&mut response, ctx);
    add_to_ours(&mut response, session, ctx);
    exchange::write(session, response)
        .await
        .map_err(|_| Rejection::Gone)
}

/// Names the request to downstream.
fn name(response: &mut Response<Bytes>, ctx: &Context) {
    if let Ok(id) = HeaderValue::from_str(&ctx.request_id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
}

/// One line for each refusal that somebody should look into; peers' faults are in the access
/// line.
fn log(rejection: &Rejection, ctx: &Context) {
    match rejection {
        Rejection::Fault(what) => {
            tracing::error!(request.id = ctx.request_id, what, "the gateway failed");
        }
        Rejection::ConditionFailed { why } => {
            tracing::debug!(request.id = ctx.request_id, why, "condition failed");
        }
        Rejection::Token(error) => {
            tracing::debug!(request.id = ctx.request_id, %error, "token refused");
        }
        _ => {}
    }
}
