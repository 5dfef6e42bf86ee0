//! What one configuration comes to: swapped whole at a reload, taken once by each request.

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderValue;

use crate::clock::Clock;
use crate::issuers::Issuers;
use crate::jose::TokenVerifier;
use crate::provider::Provider;
use crate::store::{Revocations, Store};
use crate::users::UpstreamSessions;

use super::acme::AcmeChallenges;
use super::authentication::Authenticator;
use super::canonical::{CanonicalRequest, Scheme};
use super::client_certificate::AskingHosts;
use super::forward;
use super::forward_auth::ForwardAuth;
use super::headers::{HeaderRules, NameSet};
use super::interface::Interface;
use super::rejection::Rejection;
use super::resource::Resources;
use super::route::Routes;
use super::settings::{Action, IdentityHeaders, Limits, Settings};
use super::sign_in::{Called, Lent, SignIns};
use super::traffic::Traffic;
use super::trusted_proxies::{Origin, TrustedProxies};
use super::upstream::{Upstream, Upstreams};

/// The parts that requests work with.
#[derive(Clone, Debug)]
pub struct SnapshotParts {
    /// Verifies and remembers tokens.
    pub verifier: Arc<TokenVerifier>,
    /// Whom to ask where the verifier cannot tell.
    pub issuers: Arc<Issuers>,
    /// Revoked tokens and grants; `None` without a store.
    pub revocations: Option<Arc<Revocations>>,
    /// The OpenID Provider behind the same listeners.
    pub provider: Option<Arc<Provider>>,
    /// The sessions of users at their backend; `None` where no token is swapped.
    pub upstream_sessions: Option<UpstreamSessions>,
    /// Where the sessions of applications are; `None` where nobody signs in.
    pub store: Option<Store>,
    /// Where requests go.
    pub upstreams: Arc<Upstreams>,
    /// What is answered to those who validate a name over plain HTTP.
    pub acme: Arc<AcmeChallenges>,
}

/// One configuration, compiled.
#[derive(Debug)]
pub struct Snapshot {
    pub(super) routes: Routes,
    /// Where it matters which certificate downstream has.
    pub(super) asking_hosts: AskingHosts,
    pub(super) rules: HeaderRules,
    pub(super) authenticator: Authenticator,
    pub(super) identity: IdentityHeaders,
    /// Fields of an answer that an upstream may not set.
    pub(super) not_an_upstreams: NameSet,
    pub(super) limits: Limits,
    pub(super) access_log: bool,
    /// What browsers are told of TLS, where somebody is to tell them.
    pub(super) transport_security: Option<HeaderValue>,
    provider: Option<Arc<Provider>>,
    pub(super) trusted_proxies: TrustedProxies,
    pub(super) forward_auth: Option<ForwardAuth>,
    /// Applications whose users sign in here.
    pub(super) sign_ins: Arc<SignIns>,
    /// The interface of the users' backend, where browsers are led into it.
    pub(super) interface: Option<Interface>,
    /// Whether a listener speaks TLS, so that a plain connection is not one whose TLS ended in
    /// front of us.
    pub(super) has_tls: bool,
    /// The metadata of protected resources.
    pub(super) resources: Resources,
    /// Where tokens of the users' backend are found.
    pub(super) upstream_sessions: Option<UpstreamSessions>,
    pub(super) acme: Arc<AcmeChallenges>,
    upstreams: HashMap<String, Arc<Upstream>>,
    /// What is counted of routes with limits; nothing before [`Self::continue_from`].
    pub(super) traffic: Traffic,
}

/// Why settings and parts do not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// A route names an upstream that is not there.
    #[error("route {route}: no upstream is called {upstream:?}")]
    NoUpstream {
        /// The route's name.
        route: String,
        /// The name it has for its upstream.
        upstream: String,
    },
}

impl Snapshot {
    /// Compiles `settings`.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] when a route has no upstream.
    pub fn new(settings: &Settings, parts: SnapshotParts) -> Result<Self, SnapshotError> {
        let mut upstreams = HashMap::new();
        for route in &settings.routes {
            if let Action::Upstream(name) = &route.action {
                let upstream =
                    parts
                        .upstreams
                        .find(name)
                        .ok_or_else(|| SnapshotError::NoUpstream {
                            route: route.name.clone(),
                            upstream: name.clone(),
                        })?;
                upstreams.insert(name.clone(), Arc::clone(upstream));
            }
        }
        let lent = Lent {
            provider: parts.provider.as_ref(),
            issuers: &parts.issuers,
            verifier: &parts.verifier,
            store: parts.store.as_ref(),
            remembered: settings.limits.remembered_tokens,
        };
        let sign_ins = Arc::new(SignIns::new(&settings.sign_in, &lent));
        let routes = Routes::new(&settings.routes);
        Ok(Self {
            asking_hosts: AskingHosts::of(&routes),
            routes,
            rules: HeaderRules::new(&settings.identity),
            authenticator: Authenticator::new(
                parts.verifier,
                parts.issuers,
                parts.revocations,
                Arc::clone(&sign_ins),
                parts.provider.clone(),
            ),
            interface: Interface::of(&settings.routes, parts.provider.as_ref()),
            sign_ins,
            identity: settings.identity.clone(),
            not_an_upstreams: forward::not_an_upstreams(&settings.identity),
            limits: settings.limits.clone(),
            access_log: settings.access_log,
            trusted_proxies: settings.trusted_proxies.clone(),
            forward_auth: settings.forward_auth.clone(),
            transport_security: settings.transport_security.and_then(|told| told.value()),
            has_tls: settings.has_tls,
            provider: parts.provider,
            resources: Resources::new(&settings.routes),
            upstream_sessions: parts.upstream_sessions,
            acme: parts.acme,
            upstreams,
            traffic: Traffic::default(),
        })
    }

    /// Goes on counting where `earlier` stands, which is none at a start.
    pub(super) fn continue_from(&mut self, earlier: Option<&Self>, clock: &Arc<dyn Clock>) {
        if let Some(earlier) = earlier {
            for (name, upstream) in &self.upstreams {
                if let Some(before) = earlier.upstreams.get(name)
                    && !Arc::ptr_eq(before, upstream)
                {
                    upstream.continue_from(before);
                }
            }
        }
        let nothing = Traffic::default();
        let earlier = earlier.map_or(&nothing, |earlier| &earlier.traffic);
        self.traffic = Traffic::continued(earlier, self.routes.iter(), clock);
    }

    /// The provider, if the request is for one of its endpoints.
    ///
    /// # Errors
    ///
    /// [`Rejection::NeedsTls`] when it is, but came without.
    pub(super) fn provider_of(
        &self,
        request: &CanonicalRequest,
        origin: &Origin,
    ) -> Result<Option<&Arc<Provider>>, Rejection> {
        let provider = self.provider.as_ref();
        let Some(provider) = provider.filter(|provider| is_asked(provider, request)) else {
            return Ok(None);
        };
        if provider.is_https() {
            self.check_tls(request, origin)?;
        }
        Ok(Some(provider))
    }

    /// Who tries passwords and signs assertions; there is one where a route needs that.
    pub(super) fn provider(&self) -> Option<&Provider> {
        self.provider.as_deref()
    }

    /// The endpoint of browser sign-in, if the request is for one.
    ///
    /// # Errors
    ///
    /// [`Rejection`] when it is for something of the kind that is not there, does not take the
    /// method or came without TLS.
    pub(super) fn sign_in_of(
        &self,
        request: &CanonicalRequest,
        origin: &Origin,
    ) -> Result<Option<Called>, Rejection> {
        let called = self.sign_ins.called(request)?;
        if called.as_ref().is_some_and(Called::is_https) {
            self.check_tls(request, origin)?;
        }
        Ok(called)
    }

    fn check_tls(&self, request: &CanonicalRequest, origin: &Origin) -> Result<(), Rejection> {
        let may_be_plain = !self.has_tls && origin.scheme.is_none();
        if request.scheme != Scheme::Https && !may_be_plain {
            return Err(Rejection::NeedsTls);
        }
        Ok(())
    }

    /// Whether an endpoint of ours answers `request`, whatever may pass where.
    pub(super) fn is_own_endpoint(&self, request: &CanonicalRequest) -> bool {
        let is_providers = |provider: &Arc<Provider>| is_asked(provider, request);
        self.provider.as_ref().is_some_and(is_providers)
            || self.sign_ins.is_reserved(request)
            || self.resources.find(request).is_some()
    }

    /// The upstream a route names; there is one, or there would be no snapshot.
    pub(super) fn upstream(&self, name: &str) -> Option<&Arc<Upstream>> {
        self.upstreams.get(name)
    }
}

/// Whether `request` is for an endpoint of `provider`.
fn is_asked(provider: &Provider, request: &CanonicalRequest) -> bool {
    request.authority.host() == provider.host() && provider.serves(request.path.as_str())
}
