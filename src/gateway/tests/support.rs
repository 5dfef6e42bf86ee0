//! Values and builders shared by the tests of the gateway.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::Map;

use super::super::authentication::Principal;
use super::super::canonical::{CanonicalRequest, Claimed, Scheme};
use super::super::client_certificate::CertificateUse;
use super::super::lifetime::Basis;
use super::super::policy::Asked;
use super::super::settings::{
    Action, Authentication, Limits, Policy, Route, TokenPlaces, TokenUse, TunnelLimits,
};
use super::super::{Snapshot, SnapshotParts, Upstreams};
use super::corpus;
use crate::jose::{Kept, TokenVerifier, Verified};
use crate::model::{ClientId, Scope, Subject, Timestamp};
use crate::store::{self, Revocations, Store};
use crate::telemetry::Metrics;

/// The issuer of all tokens.
pub(crate) const ISSUER: &str = "https://op.test/oidc/";

/// The documented defaults.
pub(crate) fn limits() -> Limits {
    Limits {
        head_timeout: Duration::from_secs(10),
        head_bytes: 32 * 1024,
        head_fields: 100,
        target_bytes: 8 * 1024,
        keepalive: Duration::from_secs(60),
        downstream_timeout: Duration::from_secs(60),
        connections: 10_000,
        connections_per_address: 256,
        token_failures_per_minute: 600,
        remembered_tokens: 1000,
        tunnels: TunnelLimits {
            idle_timeout: Duration::from_secs(300),
            lifetime: None,
            per_subject: 64,
        },
    }
}

/// A policy that asks for a token of [`ISSUER`] for `api`.
pub(crate) fn policy() -> Policy {
    Policy {
        authentication: Authentication::Required,
        issuers: vec![Arc::from(ISSUER)],
        audience: vec!["api".to_owned()],
        all_scopes: Scope::default(),
        any_scope: Scope::default(),
        conditions: None,
    }
}

/// What verification establishes of a token that [`policy`] lets pass.
pub(crate) fn verified() -> Verified {
    Verified {
        issuer: Arc::from(ISSUER),
        is_own: false,
        subject: Subject::parse("alice").unwrap(),
        client_id: ClientId::parse("app").ok(),
        scope: Scope::parse("read").unwrap(),
        audience: vec!["api".to_owned()],
        issued_at: Timestamp::from_secs(1000),
        not_before: None,
        expires_at: Timestamp::from_secs(2000),
        token_id: Some("jti-1".to_owned()),
        grant_id: None,
        bound_to: None,
        claims: Map::new(),
        kept: Kept::default(),
    }
}

/// What an exchange of the holder of `token` rests on.
pub(crate) fn basis(token: Verified, outlives_token: bool, revoked: &Arc<Revocations>) -> Basis {
    let parts = SnapshotParts {
        verifier: Arc::new(TokenVerifier::new(None, &[], 0).unwrap()),
        issuers: Arc::default(),
        revocations: Some(Arc::clone(revoked)),
        upstream_sessions: None,
        provider: None,
        store: None,
        upstreams: Arc::new(Upstreams::new(&[], Arc::new(Metrics::new())).unwrap()),
        acme: Arc::default(),
    };
    let mut settings = corpus::settings(([127, 0, 0, 1], 1).into());
    settings.routes.clear();
    let route = Route {
        outlives_token,
        ..route("r").build()
    };
    Basis {
        snapshot: Arc::new(Snapshot::new(&settings, parts).unwrap()),
        principal: Principal::of(token),
        route: Arc::new(route),
        admitted_at: Timestamp::from_secs(1000),
    }
}

/// A store that leaves nothing behind.
pub(crate) async fn store() -> Store {
    let in_memory = store::Settings::in_memory();
    Store::open(&in_memory).await.unwrap()
}

/// `method path` to `a.test`, in canonical form.
pub(crate) fn request(method: &str, path: &str) -> CanonicalRequest {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let claimed = Claimed {
        method: &method,
        target: path.as_bytes(),
        authority: Some(b"a.test"),
        scheme: Scheme::Https,
    };
    CanonicalRequest::parse(claimed, 8192).unwrap()
}

/// A request at the time of [`verified`], from the machine itself.
pub(crate) fn asked<'a>(
    request: &'a CanonicalRequest,
    verified: Option<&'a Verified>,
) -> Asked<'a> {
    Asked {
        verified,
        request,
        source: IpAddr::V4(Ipv4Addr::LOCALHOST),
        now: Timestamp::from_secs(1500),
    }
}

/// A route that answers `whoami` to everybody.
pub(crate) fn route(name: &str) -> RouteBuilder {
    RouteBuilder(Route {
        name: name.to_owned(),
        host: None,
        path: "/".to_owned(),
        methods: vec![],
        grpc: false,
        policy: Policy {
            authentication: Authentication::Anonymous,
            ..policy()
        },
        action: Action::Whoami,
        token_places: TokenPlaces::default(),
        token_use: TokenUse::Strip,
        passwords: super::super::settings::Passwords::Unseen,
        refused_user_agents: vec![],
        allow_encoded_slash: false,
        outlives_token: false,
        websockets: None,
        path_change: None,
        cors: None,
        sign_in_client: None,
        timeouts: None,
        log_fields: None,
        application_passwords: None,
        assertion: None,
        limits: None,
        resource: None,
        client_certificate: CertificateUse::Ignore,
    })
}

/// Deviations from [`route`].
pub(crate) struct RouteBuilder(Route);

impl RouteBuilder {
    pub(crate) fn host(mut self, host: &str) -> Self {
        self.0.host = Some(host.to_owned());
        self
    }

    pub(crate) fn path(mut self, path: &str) -> Self {
        self.0.path = path.to_owned();
        self
    }

    pub(crate) fn methods(mut self, methods: &[&str]) -> Self {
        self.0.methods = methods
            .iter()
            .map(|method| Method::from_bytes(method.as_bytes()).unwrap())
            .collect();
        self
    }

    pub(crate) fn grpc(mut self) -> Self {
        self.0.grpc = true;
        self
    }

    pub(crate) fn build(self) -> Route {
        self.0
    }
}
