//! The routes of the hostile-input corpus, as far as there are such.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Method};

use super::support::{limits, policy, route};
use crate::gateway::settings::{
    Action, Authentication, ClaimSource, IdentityHeaders, Policy, Route, Settings, TokenUse,
    Upstream, WebSockets,
};
use crate::gateway::{Balance, SignInSettings, TrustedProxies};
use crate::model::{Scope, WebOrigin};

/// The corpus's fixture, with its upstream at this address.
pub(super) fn settings(upstream: SocketAddr) -> Settings {
    Settings {
        routes: routes(),
        upstreams: vec![upstream_settings("u", &[upstream.to_string()])],
        identity: IdentityHeaders {
            mapping: Arc::new([
                (HeaderName::from_static("x-auth-user"), ClaimSource::Subject),
                (
                    HeaderName::from_static("x-auth-groups"),
                    ClaimSource::Claim("groups".to_owned()),
                ),
            ]),
            also_strip: vec![HeaderName::from_static("x-gw-assertion")],
            certificates: vec![],
        },
        limits: limits(),
        trusted_proxies: TrustedProxies::default(),
        forward_auth: None,
        sign_in: SignInSettings::default(),
        access_log: true,
        transport_security: None,
        has_tls: false,
    }
}

fn routes() -> Vec<Route> {
    let required = |scope: &str| Policy {
        all_scopes: Scope::parse(scope).unwrap(),
        ..policy()
    };
    let to_upstream = |name: &str, path: &str, policy: Policy| Route {
        path: path.to_owned(),
        action: Action::Upstream("u".to_owned()),
        policy,
        ..route(name).build()
    };
    let anonymous = || Policy {
        authentication: Authentication::Anonymous,
        ..policy()
    };
    let optional = || Policy {
        authentication: Authentication::Optional,
        ..policy()
    };
    let api = |name, methods: &[Method], scope| Route {
        host: Some("a.test".to_owned()),
        methods: methods.to_vec(),
        ..to_upstream(name, "/api/", required(scope))
    };
    vec![
        to_upstream("public", "/public/", anonymous()),
        to_upstream("opt", "/opt/", optional()),
        api("api-read", &[Method::GET, Method::HEAD], "read"),
        api("api-write", &[Method::POST], "write"),
        to_upstream("admin", "/admin/", required("admin")),
        Route {
            token_use: TokenUse::Pass,
            ..to_upstream("pass", "/pass/", required("read"))
        },
        Route {
            websockets: Some(WebSockets {
                origins: vec![WebOrigin::parse("https://app.test").unwrap()],
                ..WebSockets::default()
            }),
            ..to_upstream("ws", "/ws/", required("read"))
        },
        Route {
            websockets: Some(WebSockets::default()),
            ..to_upstream("live", "/live/", anonymous())
        },
        Route {
            allow_encoded_slash: true,
            ..to_upstream("slash", "/slash/", anonymous())
        },
        Route {
            policy: optional(),
            ..route("whoami").path("/whoami").build()
        },
    ]
}

/// An upstream with servers, short patience and no frills.
pub(crate) fn upstream_settings(name: &str, servers: &[String]) -> Upstream {
    Upstream {
        name: name.to_owned(),
        servers: servers.to_vec(),
        tls: None,
        http2: false,
        host: None,
        health_check: None,
        connect_timeout: Duration::from_secs(5),
        read_timeout: Duration::from_secs(5),
        write_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(60),
        retries: 2,
        balance: Balance::default(),
        passive_health: None,
        max_in_flight: None,
    }
}
