//! What is known of one request while it is served.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use http::{HeaderMap, HeaderValue, StatusCode};
use pingora::{Error, ErrorType};

use crate::model::Timestamp;
use crate::telemetry::Metrics;
use crate::telemetry::traces::{Trace, Tracer};
use crate::users::UpstreamToken;

use super::authentication::Principal;
use super::canonical::{CanonicalRequest, Scheme};
use super::client_certificate::ClientCertificate;
use super::decision::Findings;
use super::forward_auth::ProxyKind;
use super::interface::Seen;
use super::lifetime::{self, Basis, Ending};
use super::log_fields::{LogFields, Noted};
use super::rejection::Rejection;
use super::settings::Route;
use super::snapshot::Snapshot;
use super::stickiness::Sticky;
use super::timing::Timing;
use super::traffic::Place;
use super::upstream::{Served, Upstream};
use super::{access_log, audit};

/// One request: the present and the configuration it is served under, and what became of it.
#[derive(Debug)]
pub struct Context {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) now: Timestamp,
    pub(super) started: Instant,
    /// Ours; empty only when the random source failed, and then the request is refused.
    pub(super) request_id: String,
    pub(super) peer: IpAddr,
    /// The proxy that asks, if the request is only described here.
    pub(super) asked_by: Option<ProxyKind>,
    /// How it came, once that is known.
    pub(super) scheme: Option<Scheme>,
    /// What whoever asks showed in the handshake.
    pub(super) certificate: Option<Arc<ClientCertificate>>,
    pub(super) canonical: Option<CanonicalRequest>,
    /// What was found out, also about a request that is refused.
    pub(super) findings: Findings,
    pub(super) admission: Option<Admission>,
    /// What of it is about signing in to the backend's interface.
    pub(super) interface: Seen,
    pub(super) outcome: Outcome,
    /// The upstream's; 0 before it answered.
    pub(super) status: u16,
    /// What its route has logged of it, as far as it is known; looked at when its session is gone.
    pub(super) noted: Option<Box<Noted>>,
    /// Begins its trace; `None`: there are none.
    pub(super) tracer: Option<Arc<Tracer>>,
    pub(super) trace: Option<Box<Trace>>,
    /// Whether the access line is written.
    pub(super) is_recorded: bool,
    in_flight: InFlight,
}

/// A request let through: its route, who asks, and where it goes.
#[derive(Debug)]
pub(super) struct Admission {
    pub(super) route: Arc<Route>,
    pub(super) principal: Option<Principal>,
    pub(super) journey: Option<Journey>,
    /// What it goes on with in the place of its token, where tokens are swapped.
    pub(super) upstream_token: Option<UpstreamToken>,
    /// The same in the place of a password, which was tried here.
    pub(super) authorization: Option<HeaderValue>,
    /// Among those that the route serves at once, until the answer ends.
    pub(super) place: Option<Place>,
}

/// The way to an upstream, which may take more than one try.
#[derive(Debug)]
pub(super) struct Journey {
    pub(super) upstream: Arc<Upstream>,
    pub(super) tries: u8,
    pub(super) server: Option<SocketAddr>,
    pub(super) started: Instant,
    /// Of the request's body, in this try.
    pub(super) body_bytes: u64,
    /// What it is kept at one server by; `None` where servers take turns.
    pub(super) sticky: Option<Box<Sticky>>,
    /// Among those that the upstream serves at once, until the answer ends.
    pub(super) served: Option<Served>,
    /// How long it may take, where the route says so.
    pub(super) timing: Option<Timing>,
}

/// What became of a request.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Nothing yet; what it stays when downstream leaves early.
    Pending,
    /// An endpoint of the provider answered.
    Provider,
    /// An endpoint of browser sign-in on the host of an application.
    SignIn,
    /// The metadata of a protected resource.
    Metadata,
    /// A key authorization, to somebody who validates a name.
    Challenge,
    /// A preflight was answered.
    Preflight,
    /// The built-in answer.
    Whoami,
    /// The users' backend answered a call of its interface.
    Relayed,
    /// An upstream answered.
    Forwarded,
    /// A proxy was told that it may forward.
    Allowed,
    /// Refused or failed.
    Rejected(Rejection),
}

impl Outcome {
    /// The outcome as one word, for the access line and metrics.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Pending => "aborted",
            Self::Provider
            | Self::SignIn
            | Self::Metadata
            | Self::Challenge
            | Self::Preflight
            | Self::Whoami => "answered",
            Self::Relayed | Self::Forwarded => "forwarded",
            Self::Allowed => "allowed",
            Self::Rejected(rejection) => match rejection {
                Rejection::NoServer
                | Rejection::UpstreamFull
                | Rejection::Unreachable
                | Rejection::UpstreamTimeout(_)
                | Rejection::UpstreamBroken
                | Rejection::UpstreamSessionAway { .. } => "upstream_error",
                Rejection::IssuerUnavailable { .. } => "issuer_error",
                Rejection::Gone => "aborted",
                Rejection::Fault(_) | Rejection::StateUnavailable => "fault",
                _ => "rejected",
            },
        }
    }
}

impl Context {
    pub(super) fn new(snapshot: Arc<Snapshot>, now: Timestamp, in_flight: InFlight) -> Self {
        Self {
            snapshot,
            now,
            started: Instant::now(),
            request_id: crate::entropy::frequent_identifier().unwrap_or_default(),
            peer: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            asked_by: None,
            scheme: None,
            certificate: None,
            canonical: None,
            findings: Findings::default(),
            admission: None,
            interface: Seen::Nothing,
            outcome: Outcome::Pending,
            status: 0,
            noted: None,
            tracer: None,
            trace: None,
            is_recorded: false,
            in_flight,
        }
    }

    /// What an admitted request rests on; `None` where nobody in particular was admitted.
    pub(super) fn basis(&self) -> Option<Basis> {
        let admission = self.admission.as_ref()?;
        Some(Basis {
            snapshot: Arc::clone(&self.snapshot),
            principal: admission.principal.clone()?,
            route: Arc::clone(&admission.route),
            admitted_at: self.now,
        })
    }

    /// What the route that was found has logged besides; `None`: nothing.
    pub(super) fn log_fields(&self) -> Option<&Arc<LogFields>> {
        self.findings.route.as_ref()?.log_fields.as_ref()
    }

    /// Notes of a request that goes on what its route has logged of it.
    pub(super) fn note_request(&mut self, headers: &HeaderMap) {
        if let Some(wanted) = self.log_fields().cloned() {
            let noted = self.noted.get_or_insert_default();
            noted.request(&wanted, headers);
        }
    }

    /// The same of an upstream's answer.
    pub(super) fn note_response(&mut self, headers: &HeaderMap) {
        if let Some(wanted) = self.log_fields().cloned() {
            let noted = self.noted.get_or_insert_default();
            noted.response(&wanted, headers);
        }
    }

    /// Notes that the upstream agreed to go on as a WebSocket.
    pub(super) fn note_switched(&mut self, metrics: &Metrics) {
        self.outcome = Outcome::Forwarded;
        self.status = StatusCode::SWITCHING_PROTOCOLS.as_u16();
        if let Some(journey) = self.journey() {
            let took = journey.started.elapsed();
            metrics.upstream(journey.upstream.name(), "ok", took);
        }
    }

    /// Counts bytes of the request's body that are about to go upstream.
    ///
    /// # Errors
    ///
    /// An error that ends the exchange when they are more than the route takes: the upstream sees a
    /// request that breaks off, never one that looks whole.
    pub(super) fn count_body(&mut self, bytes: usize) -> pingora::Result<()> {
        let Some(admission) = &mut self.admission else {
            return Ok(());
        };
        let (Some(limit), Some(journey)) =
            (admission.route.max_body_bytes(), &mut admission.journey)
        else {
            return Ok(());
        };
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        journey.body_bytes = journey.body_bytes.saturating_add(bytes);
        if journey.body_bytes > limit {
            let too_large = StatusCode::PAYLOAD_TOO_LARGE.as_u16();
            return Err(Error::new_down(ErrorType::HTTPStatus(too_large)));
        }
        Ok(())
    }

    /// Gives back the place of a request whose answer ends. Not later: whoever has read the answer
    /// may ask again at once, and would find the place taken.
    pub(super) fn leave(&mut self) {
        if let Some(admission) = &mut self.admission {
            admission.place = None;
            if let Some(journey) = &mut admission.journey {
                journey.served = None;
            }
        }
    }

    /// The cookie that the answer has to set, to keep the next request at the same server.
    pub(super) fn sticky_cookie(&mut self) -> Option<HeaderValue> {
        self.journey()?.sticky.as_mut()?.cookie.take()
    }

    /// What its route says of the time that it may take.
    pub(super) fn timing(&mut self) -> Option<&mut Timing> {
        self.journey()?.timing.as_mut()
    }

    /// The way to the upstream of an admitted request.
    pub(super) fn journey(&mut self) -> Option<&mut Journey> {
        self.admission.as_mut()?.journey.as_mut()
    }
}

impl Drop for Context {
    /// An exchange that was given up has its line as well.
    fn drop(&mut self) {
        if !self.is_recorded && self.canonical.is_some() {
            let metrics = &self.in_flight.metrics;
            let ending = lifetime::ending();
            if let Some(ending) = ending {
                metrics.exchange_ended(ending.as_str());
                if ending != Ending::Deadline {
                    audit::exchange_ended(self, ending);
                }
            }
            let reason = ending.map_or("request_unfinished", Ending::as_str);
            access_log::record_given_up(self, reason, metrics);
        }
    }
}

/// Counts a request for as long as it is held.
#[derive(Debug)]
pub(super) struct InFlight {
    count: Arc<AtomicUsize>,
    metrics: Arc<Metrics>,
}

impl InFlight {
    pub(super) fn new(count: &Arc<AtomicUsize>, metrics: &Arc<Metrics>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        metrics.in_flight(1);
        Self {
            count: Arc::clone(count),
            metrics: Arc::clone(metrics),
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.metrics.in_flight(-1);
    }
}
