//! A decision, step by step, for the operator who asks why.
//!
//! Nothing is decided here: each step calls what requests go through, and says what came of it. So
//! an explanation cannot differ from what happens, except in what only a connection has: its bytes,
//! and failures counted by its address.

mod steps;

use std::net::IpAddr;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Version, request};

use super::admission;
use super::authentication::{Unsaid, has_query_token};
use super::canonical::{CanonicalRequest, Claimed, Scheme};
use super::client_certificate::ClientCertificate;
use super::decision::{Decided, Findings, Question, decide};
use super::forward::{Forwarding, is_hidden};
use super::rejection::Rejection;
use super::settings::{Action, TokenPlaces};
use super::snapshot::Snapshot;
use super::trusted_proxies::Origin;
use crate::jose::JwtError;
use crate::model::Timestamp;

pub use steps::{Outcome, Step};

/// A request that nobody sent.
#[derive(Clone, Debug)]
pub struct Hypothetical {
    /// Its method.
    pub method: Method,
    /// How it would reach us.
    pub scheme: Scheme,
    /// Its host, as it would be sent.
    pub authority: String,
    /// Path and query, as they would be sent.
    pub target: String,
    /// Its other fields, credentials among them.
    pub headers: HeaderMap,
    /// Where it would come from.
    pub source: IpAddr,
    /// What would be shown in its handshake.
    pub certificate: Option<ClientCertificate>,
}

/// A decision, and how it came about.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// In the order they are taken; after a refusal only the other conditions of the route are.
    pub steps: Vec<Step>,
    /// What would be answered instead of passing the request on: status and reason.
    pub refusal: Option<(u16, &'static str)>,
    /// What the upstream would get, one line for each field, credentials hidden.
    pub forwarded: Vec<String>,
}

/// Explains what would become of `request` at `now`.
pub fn explain(snapshot: &Snapshot, request: Hypothetical, now: Timestamp) -> Explanation {
    let mut explanation = Explanation {
        steps: Vec::new(),
        refusal: None,
        forwarded: Vec::new(),
    };
    if let Err(rejection) = explanation.walk(snapshot, request, now) {
        explanation.refusal = Some((rejection.wire().status.as_u16(), rejection.reason()));
    }
    explanation
}

impl Explanation {
    /// Whether the request is passed on or answered, and not refused.
    pub const fn is_allowed(&self) -> bool {
        self.refusal.is_none()
    }

    fn walk(
        &mut self,
        snapshot: &Snapshot,
        request: Hypothetical,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let Hypothetical {
            method,
            scheme,
            authority,
            target,
            mut headers,
            source,
            certificate,
        } = request;
        let origin = snapshot.trusted_proxies.origin(source, &headers);
        let origin = origin.map_err(|error| self.refused("origin", error.into()))?;
        if origin.address != source.to_canonical() {
            self.passed(
                "origin",
                format!("{}, says a trusted proxy", origin.address),
            );
        }
        let claimed = Claimed {
            method: &method,
            target: target.as_bytes(),
            authority: Some(authority.as_bytes()),
            scheme: origin.scheme.unwrap_or(scheme),
        };
        let sent: Vec<HeaderName> = headers.keys().cloned().collect();
        let canonical =
            admission::canonicalize_head(claimed, &mut headers, Version::HTTP_11, snapshot)
                .map_err(|rejection| self.refused("request", rejection))?;
        let found = snapshot.routes.find(&canonical);
        self.passed("request", steps::canonical(&canonical, &found));
        let removed = sent.iter().filter(|name| !headers.contains_key(*name));
        if let Some(text) = steps::removed(removed) {
            self.passed("fields", text);
        }
        if self.is_answered_here(snapshot, &canonical, &origin)? {
            return Ok(());
        }
        let mut findings = Findings::default();
        let asked = (&canonical, &headers);
        let preflight = super::cors::preflight(snapshot, asked, &mut findings);
        if let Some(route) = &findings.route {
            self.passed("route", steps::route(route));
            preflight.map_err(|rejection| self.refused("cors", rejection))?;
            let text = "a preflight, which the route answers before anybody is authenticated";
            self.passed("cors", text.to_owned());
            return Ok(());
        }
        let question = Question {
            snapshot,
            canonical: &canonical,
            headers: &headers,
            peer: origin.address,
            certificate: certificate.as_ref(),
            now,
            is_real: false,
        };
        let findings = self.decision(&question)?;
        self.forwarding(&question, &findings)
    }

    /// Whether an endpoint of ours is asked, which no route leads to.
    fn is_answered_here(
        &mut self,
        snapshot: &Snapshot,
        canonical: &CanonicalRequest,
        origin: &Origin,
    ) -> Result<bool, Rejection> {
        if canonical.scheme == Scheme::Http && snapshot.acme.is_asked(canonical) {
            let text = "on a listener without TLS the path of ACME challenges (RFC 8555 §8.3) is \
                        answered here, for the tokens of orders under way; no route is asked";
            self.passed("acme", text.to_owned());
            return Ok(true);
        }
        let provider = snapshot
            .provider_of(canonical, origin)
            .map_err(|rejection| self.refused("provider", rejection))?;
        if provider.is_some() {
            let text = "an endpoint of the provider answers; no route is asked";
            self.passed("provider", text.to_owned());
            return Ok(true);
        }
        let called = snapshot
            .sign_in_of(canonical, origin)
            .map_err(|rejection| self.refused("sign_in", rejection))?;
        if called.is_some() {
            let text = "browser sign-in answers at this reserved path; no route is asked";
            self.passed("sign_in", text.to_owned());
            return Ok(true);
        }
        if let Some(document) = snapshot.resources.find(canonical) {
            super::resource::answer(canonical, document.clone())
                .map_err(|rejection| self.refused("metadata", rejection))?;
            let text = "the metadata of a protected resource (RFC 9728); no route is asked";
            self.passed("metadata", text.to_owned());
            return Ok(true);
        }
        Ok(false)
    }

    /// The decision, and then each of its steps from what it found.
    fn decision(&mut self, question: &Question<'_>) -> Result<Findings, Rejection> {
        let mut findings = Findings::default();
        let decided = decide(question, &mut findings);
        let Some(route) = findings.route.clone() else {
            return decided
                .map(|_| findings)
                .map_err(|rejection| self.refused("route", rejection));
        };
        self.passed("route", steps::route(&route));
        if let Some(text) = steps::passwords(&route) {
            self.passed("application_passwords", text);
        }
        if let Err(rejection) = &decided
            && let Some(step) = steps::before_the_policy(rejection)
        {
            if let Some(text) = steps::sign_in(rejection) {
                self.passed("sign_in", text);
            }
            return Err(self.refused(step, rejection.clone()));
        }
        if let Some(text) = steps::source(&route, question.peer) {
            self.passed("network", text);
        }
        if let Some(text) = steps::certificate(&route, question.certificate) {
            self.passed("client_certificate", text);
        }
        if let Ok(Decided::Unsaid(unsaid)) = &decided {
            return Err(self.untold(unsaid));
        }
        self.passed("credential", steps::principal(&route, &findings));
        let asked = question.asked(&findings);
        // All of them, also after one that is not met: who mends one wants to know of the next.
        for condition in route.policy.conditions() {
            if asked.verified.is_none() && !condition.is_asked_without_token() {
                continue;
            }
            let step = match condition.check(&asked) {
                Ok(()) => Step::new("policy", Outcome::Passed, condition.to_string()),
                Err(rejection) => {
                    let text = format!("{condition}: {}", steps::unmet(&rejection, &asked));
                    Step::new("policy", Outcome::Refused(rejection.reason()), text)
                }
            };
            self.steps.push(step);
        }
        if decided.is_ok()
            && let Some(text) = steps::interface(&route, question)
        {
            self.passed("interface", text);
        }
        decided.map(|_| findings)
    }

    /// What only somebody else can say, who is not asked here.
    fn untold(&mut self, unsaid: &Unsaid) -> Rejection {
        let rejection = match unsaid {
            Unsaid::Issuer(inquiry) => inquiry.unasked(),
            Unsaid::Session(_) | Unsaid::Password(_) => Rejection::IssuerUnavailable {
                wait: Duration::ZERO,
            },
            Unsaid::NewerKeys(_) => Rejection::Token(JwtError::UnknownKey),
        };
        let Some((step, text)) = steps::untold(unsaid) else {
            return self.refused("verification", rejection);
        };
        let outcome = Outcome::Refused(rejection.reason());
        self.steps.push(Step::new(step, outcome, text.to_owned()));
        rejection
    }

    /// What goes on, written by what writes it for upstreams.
    fn forwarding(
        &mut self,
        question: &Question<'_>,
        findings: &Findings,
    ) -> Result<(), Rejection> {
        let Some(route) = &findings.route else {
            return Ok(());
        };
        let mut parts = empty_head()?;
        parts.method = question.canonical.method.clone();
        parts.headers = question.headers.clone();
        let assertion = steps::assertion(route, findings);
        Forwarding {
            canonical: question.canonical,
            assertion: assertion
                .as_ref()
                .map(|(name, value, _)| (*name, value.clone())),
            route,
            principal: findings.principal.as_ref(),
            upstream_token: None,
            certificate: question.certificate,
            authorization: None,
            peer: question.peer,
            request_id: "(one of its own)",
        }
        .write(&mut parts, &question.snapshot.identity)
        .map_err(|rejection| self.refused("forwarding", rejection))?;
        if let Some((_, _, text)) = assertion {
            self.passed("assertion", text);
        }
        if let Some(limits) = &route.limits {
            self.passed("limits", format!("not counted here: {limits}"));
        }
        if let Some(timeouts) = &route.timeouts {
            self.passed("timeouts", format!("the upstream has {timeouts}"));
        }
        if route.path_change.is_some() {
            self.passed("path", format!("changed on the way: {}", parts.uri.path()));
        }
        let to = match &route.action {
            Action::Upstream(name) => {
                let upstream = question.snapshot.upstream(name);
                let by = upstream.map_or("", |upstream| steps::kept(upstream.balance()));
                format!("to the upstream {name}{by}")
            }
            Action::Whoami => "answered here (whoami)".to_owned(),
            Action::ForwardAuth => "by the proxy in front, which asks at forward_auth".to_owned(),
            Action::Refuse => "nowhere".to_owned(),
        };
        self.passed("forwarding", to);
        let target = match parts.uri.query() {
            Some(query) if has_query_token(query) => format!("{}?(as sent)", parts.uri.path()),
            _ => parts.uri.to_string(),
        };
        self.forwarded.push(format!("{} {target}", parts.method));
        for (name, value) in &parts.headers {
            self.forwarded.push(shown(name, value, &route.token_places));
        }
        Ok(())
    }

    fn passed(&mut self, name: &'static str, text: String) {
        self.steps.push(Step::new(name, Outcome::Passed, text));
    }

    fn refused(&mut self, name: &'static str, rejection: Rejection) -> Rejection {
        let outcome = Outcome::Refused(rejection.reason());
        self.steps
            .push(Step::new(name, outcome, rejection.to_string()));
        rejection
    }
}

fn empty_head() -> Result<request::Parts, Rejection> {
    http::Request::builder()
        .body(())
        .map(|request| request.into_parts().0)
        .map_err(|_| Rejection::Fault("an empty request is none"))
}

/// A field as the upstream would get it. Credentials that go on are not shown: explanations end up
/// in tickets.
fn shown(name: &HeaderName, value: &HeaderValue, places: &TokenPlaces) -> String {
    let text = if is_hidden(name, places) {
        "(as sent)".into()
    } else {
        String::from_utf8_lossy(value.as_bytes())
    };
    format!("{name}: {text}")
}

#[cfg(test)]
mod tests;
