//! The steps of a decision in words.

use std::net::IpAddr;

use http::{HeaderName, HeaderValue};

use crate::gateway::authentication::{Unsaid, has_query_token};
use crate::gateway::canonical::CanonicalRequest;
use crate::gateway::client_certificate::{CertificateUse, ClientCertificate};
use crate::gateway::decision::{Findings, Question};
use crate::gateway::interface::Seen;
use crate::gateway::policy::Asked;
use crate::gateway::rejection::Rejection;
use crate::gateway::route::Match;
use crate::gateway::settings::{Authentication, Route};
use crate::gateway::upstream::Balance;

/// One step of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is looked at: `request`, `route`, `credential`, `policy`, …
    pub name: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// The same in words.
    pub text: String,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    Passed,
    /// It ends here, for the reason that the log would have.
    Refused(&'static str),
}

impl Step {
    pub(super) const fn new(name: &'static str, outcome: Outcome, text: String) -> Self {
        Self {
            name,
            outcome,
            text,
        }
    }
}

/// Without the query where a token may be in it.
pub(super) fn canonical(request: &CanonicalRequest, found: &Match) -> String {
    let is_of_route = match found {
        Match::Found(route) => route.token_places.query.is_some(),
        _ => false,
    };
    let target = match &request.query {
        Some(query) if is_of_route || has_query_token(query) => {
            format!("{}?(as sent)", request.path.as_str())
        }
        _ => request.target(),
    };
    format!(
        "{} {}://{}{target}",
        request.method,
        request.scheme.as_str(),
        request.authority,
    )
}

pub(super) fn removed<'a>(names: impl Iterator<Item = &'a HeaderName>) -> Option<String> {
    let names: Vec<&str> = names.map(HeaderName::as_str).collect();
    (!names.is_empty()).then(|| format!("removed, not downstream's to say: {}", names.join(", ")))
}

pub(super) fn route(route: &Route) -> String {
    let host = route.host.as_deref().unwrap_or("*");
    format!("{} ({host}{})", route.name, route.path)
}

/// What application passwords may on the route.
pub(super) fn passwords(route: &Route) -> Option<String> {
    let place = route.application_passwords.as_ref()?;
    let scope = &place.scope;
    Some(if scope.is_empty() {
        "application passwords are taken here, without any scope".to_owned()
    } else {
        format!("application passwords are taken here, for {scope} at most")
    })
}

/// The assertion that the upstream would get: its header, what stands for it here (explanations end up
/// in tickets), and what is said of it.
pub(super) fn assertion<'r>(
    route: &'r Route,
    findings: &Findings,
) -> Option<(&'r HeaderName, HeaderValue, String)> {
    let assertion = route.assertion.as_ref()?;
    let principal = findings.principal.as_ref()?;
    let verified = principal.verified();
    let repeated = assertion.claims.iter().map(String::as_str);
    let repeated: Vec<&str> = repeated
        .filter(|claim| verified.claims.contains_key(*claim))
        .collect();
    let whose = if verified.is_of_client() {
        "without sub, since a client asks for itself"
    } else {
        "of this subject"
    };
    let repeated = if repeated.is_empty() {
        String::new()
    } else {
        format!(", with {}", repeated.join(", "))
    };
    let text = format!(
        "signed for {}, good for {} s, {whose}{repeated}, in {}",
        assertion.audience,
        assertion.lifetime.as_secs(),
        assertion.header
    );
    let stands_for = HeaderValue::from_static("(signed when it is sent)");
    Some((&assertion.header, stands_for, text))
}

/// What becomes of a browser that opens the interface of the users' backend.
pub(super) fn interface(route: &Route, question: &Question<'_>) -> Option<String> {
    let snapshot = question.snapshot;
    let interface = snapshot.interface.as_ref()?;
    let asked = (question.canonical, question.headers);
    match interface.see(route, asked, snapshot.has_tls) {
        Seen::Entry { .. } => Some(
            "a browser that opens the interface: it is sent to the provider, and comes back signed in"
                .to_owned(),
        ),
        Seen::Call(_) => Some(
            "calls about a session of ours are answered here, all others by the interface's own server"
                .to_owned(),
        ),
        Seen::Nothing => None,
    }
}

pub(super) fn source(route: &Route, source: IpAddr) -> Option<String> {
    let conditions = route.policy.conditions.as_ref()?;
    (!conditions.networks.is_empty()).then(|| format!("{source} is in one of the route's networks"))
}

pub(super) fn certificate(route: &Route, shown: Option<&ClientCertificate>) -> Option<String> {
    let wanted = match &route.client_certificate {
        CertificateUse::Ignore => return None,
        CertificateUse::Optional => "none is needed".to_owned(),
        CertificateUse::Required(conditions) => format!("asked for: {conditions}"),
    };
    let shown = match shown {
        None => "none",
        Some(shown) => shown.subject().unwrap_or("one without a name that is text"),
    };
    Some(format!("{shown} ({wanted})"))
}

pub(super) fn principal(route: &Route, findings: &Findings) -> String {
    match (route.policy.authentication, &findings.principal) {
        (Authentication::Anonymous, _) => "not looked at: the route is anonymous".to_owned(),
        (_, None) => "none, and none is needed".to_owned(),
        (_, Some(principal)) => {
            let what = if principal.is_of_session() {
                "a session"
            } else if principal.is_of_password() {
                "an application password"
            } else {
                "a good token"
            };
            let verified = principal.verified();
            let client = verified.client_id.as_ref();
            let client = client.map_or_else(String::new, |id| format!(", client {id}"));
            format!(
                "{what} of {}: subject {}{client}, not revoked",
                verified.issuer, verified.subject
            )
        }
    }
}

/// Where a browser is sent to sign in, if that is not our provider.
pub(super) fn sign_in(rejection: &Rejection) -> Option<String> {
    let Rejection::SignIn(needed) = rejection else {
        return None;
    };
    let (issuer, client_id) = needed.elsewhere()?;
    Some(format!(
        "browsers sign in at {issuer}, where we are the client {client_id}"
    ))
}

/// What keeps requests at one of several servers.
pub(super) const fn kept(balance: Balance) -> &'static str {
    match balance {
        Balance::RoundRobin => "",
        Balance::Address => ", at the same server for the same address",
        Balance::Subject => ", at the same server for the same subject",
        Balance::Cookie => ", at the same server for the same cookie",
    }
}

/// What an explanation cannot tell, and why; `None` where that is a refusal like any other.
pub(super) fn untold(unsaid: &Unsaid) -> Option<(&'static str, &'static str)> {
    match unsaid {
        Unsaid::Issuer(inquiry) => inquiry.is_about_token().then_some((
            "introspection",
            "only its issuer can say whether this token is good (RFC 7662), and an explanation \
             shows tokens to nobody",
        )),
        Unsaid::Session(_) => Some((
            "session",
            "only a running gateway can say whose session this cookie names; without the cookie \
             this shows what becomes of somebody who is not signed in",
        )),
        // The keys were read when the explanation began.
        Unsaid::NewerKeys(_) => None,
        Unsaid::Password(_) => Some((
            "application_password",
            "only a running gateway can say whose application password this is, and whether it is \
             good on this route",
        )),
    }
}

/// The step that a refusal belongs to; `None` when it is one of the policy, which shows its
/// conditions one by one.
pub(super) const fn before_the_policy(rejection: &Rejection) -> Option<&'static str> {
    match rejection {
        Rejection::EncodedSlash => Some("path"),
        Rejection::RefusedHere => Some("route"),
        Rejection::UserAgent => Some("agent"),
        Rejection::Network => Some("network"),
        Rejection::Certificate(_) => Some("client_certificate"),
        Rejection::SignIn(needed) if !needed.is_step_up() => Some("credential"),
        Rejection::SignIn(_) => None,
        Rejection::NoCredential
        | Rejection::SessionEnded
        | Rejection::OtherScheme
        | Rejection::EmptyCredential
        | Rejection::MalformedCredential
        | Rejection::TokenInQuery
        | Rejection::Signature
        | Rejection::Password(_)
        | Rejection::CrossSite => Some("credential"),
        Rejection::Inactive | Rejection::IssuerUnavailable { .. } => Some("introspection"),
        Rejection::Token(_) | Rejection::TooManyFailures { .. } => Some("verification"),
        Rejection::Revoked => Some("revocation"),
        Rejection::Issuer
        | Rejection::Audience
        | Rejection::Scope { .. }
        | Rejection::Client
        | Rejection::Claim
        | Rejection::Condition
        | Rejection::ConditionFailed { .. }
        | Rejection::StepUp { .. } => None,
        _ => Some("decision"),
    }
}

/// Why a condition is not met: what the token has instead.
pub(super) fn unmet(rejection: &Rejection, asked: &Asked<'_>) -> String {
    let Some(verified) = asked.verified else {
        return rejection.to_string();
    };
    let claim = |name: &str| match verified.claims.get(name) {
        Some(value) => format!("{name} {value}"),
        None => format!("no {name}"),
    };
    match rejection {
        Rejection::Issuer => format!("the token is of {}", verified.issuer),
        Rejection::Audience => format!("the token is for {}", verified.audience.join(", ")),
        Rejection::Scope { .. } => format!("the token has {:?}", verified.scope.to_string()),
        Rejection::Client => match &verified.client_id {
            Some(id) => format!("the token is of {id}"),
            None => "the token names no client".to_owned(),
        },
        Rejection::StepUp { .. } => {
            format!("the token has {} and {}", claim("auth_time"), claim("acr"))
        }
        other => other.to_string(),
    }
}
