//! What a good file comes to.

use std::path::Path;
use std::time::Duration;

use super::refused::whole;
use crate::config::Config;
use crate::gateway::{Action, Authentication, ClaimSource, TokenUse};
use crate::model::{ClientAuthentication, ClientSigning, GrantType, SigningAlgorithm};
use crate::users;

#[track_caller]
fn parse(text: &str) -> Config {
    match Config::parse(&whole(text), Path::new("/etc/cellgate")) {
        Ok(config) => config,
        Err(error) => panic!("{error}"),
    }
}

const PROVIDER: &str = "
state: {}
users: {cells: {url: 'https://cells.internal/'}}
provider:
  issuer: https://files.example/oidc/
  access_tokens: {audience: ['https://api.example/']}
  clients:
    - {id: app, authentication: none, redirect_uris: ['https://app.example/cb'], scope: openid files.read}
";

#[test]
fn a_gateway_alone_needs_little() {
    let config = parse("");

    assert!(config.provider.is_none() && config.users.is_none() && config.store.is_none());
    assert!(config.admin.is_none());
    assert_eq!(config.gateway.limits.head_timeout, Duration::from_secs(10));
    assert_eq!(
        config.gateway.routes[0].policy.authentication,
        Authentication::Anonymous
    );
    assert_eq!(config.gateway.routes[0].action, Action::Whoami);
}

#[test]
fn a_route_accepts_tokens_of_the_provider_by_default() {
    let config = parse(&format!(
        "{PROVIDER}routes: [{{name: r, path: /, whoami: true}}]"
    ));

    let policy = &config.gateway.routes[0].policy;
    assert_eq!(policy.authentication, Authentication::Required);
    assert_eq!(
        policy
            .issuers
            .iter()
            .map(|issuer| &**issuer)
            .collect::<Vec<_>>(),
        ["https://files.example/oidc/"]
    );
    assert_eq!(policy.audience, ["https://api.example/"]);
    assert_eq!(config.gateway.routes[0].token_use, TokenUse::Strip);
}

#[test]
fn a_client_without_more_may_do_the_usual() {
    let provider = parse(PROVIDER).provider.unwrap();

    let client = &provider.clients[0];
    assert_eq!(client.name, "app");
    assert_eq!(client.audience, ["https://api.example/"]);
    assert!(
        [GrantType::AuthorizationCode, GrantType::RefreshToken]
            .into_iter()
            .all(|grant_type| client.may_use(grant_type))
    );
}

#[test]
fn attempts_stop_before_cells_locks() {
    assert_eq!(parse(PROVIDER).sign_in.attempts.ceiling, Some(8));
}

/// A mapping of the operator's own must not leave the usual names to whoever sends them.
#[test]
fn the_default_identity_headers_stay_protected() {
    let identity =
        parse("identity: {headers: {X-User: sub, X-Groups: groups}, also_strip: [X-Old]}")
            .gateway
            .identity;

    let mapped: Vec<_> = identity
        .mapping
        .iter()
        .map(|(name, source)| (name.as_str(), source))
        .collect();
    assert_eq!(
        mapped,
        [
            ("x-groups", &ClaimSource::Claim("groups".to_owned())),
            ("x-user", &ClaimSource::Subject),
        ]
    );
    let stripped: Vec<_> = identity
        .also_strip
        .iter()
        .map(http::HeaderName::as_str)
        .collect();
    for name in [
        "x-old",
        "x-auth-request-user",
        "x-auth-request-groups",
        "x-forwarded-user",
    ] {
        assert!(stripped.contains(&name), "{name} in {stripped:?}");
    }
}

#[test]
fn an_upstream_takes_the_name_to_verify_from_its_servers() {
    let config = parse(
        "upstreams:
  - {name: one, servers: ['https://app.internal', 'https://app.internal:8443']}
  - {name: two, servers: ['https://10.0.0.1:8443'], server_name: app.internal}
routes:
  - {name: a, path: /a/, upstream: one, authentication: anonymous}
  - {name: b, path: /b/, upstream: two, authentication: anonymous, token: pass}",
    );

    let [one, two] = &config.gateway.upstreams[..] else {
        panic!("two upstreams")
    };
    assert_eq!(one.servers, ["app.internal:443", "app.internal:8443"]);
    assert_eq!(one.tls.as_ref().unwrap().server_name, "app.internal");
    assert_eq!(two.servers, ["10.0.0.1:8443"]);
    assert_eq!(two.tls.as_ref().unwrap().server_name, "app.internal");
    assert_eq!(config.gateway.routes[1].token_use, TokenUse::Pass);
}

#[test]
fn what_is_probably_not_meant_is_warned_of() {
    let config = parse(&format!(
        "{PROVIDER}listeners: [{{name: edge, address: '0.0.0.0:0'}}]
admin: {{address: '0.0.0.0:9481'}}
upstreams: [{{name: spare, servers: ['http://spare']}}]
routes:
  - {{name: r, path: /, whoami: true, scopes: {{all: [files.wirte]}}}}"
    ));

    let expected = [
        "admin.address: metrics and health are open on every interface",
        "listeners[0]: plain HTTP on an address that others can reach",
        "routes[0].scopes: no client of the provider may ask for these",
        "upstreams[0]: no route leads to this upstream",
    ];
    assert_eq!(
        config.warnings.len(),
        expected.len(),
        "{:#?}",
        config.warnings
    );
    for (warning, expected) in config.warnings.iter().zip(expected) {
        assert!(warning.contains(expected), "{warning}");
    }
}

#[test]
fn state_is_written_to_the_working_directory() {
    let store = parse(PROVIDER).store.unwrap();

    assert_eq!(store.file().unwrap(), Path::new("./data/cellgate.db"));
    assert_eq!(store.key_file().unwrap(), Path::new("./data/cellgate.key"));
}

#[test]
fn a_static_user_is_taken_as_written() {
    let text = PROVIDER.replace(
        "cells: {url: 'https://cells.internal/'}",
        "static: [{login: alice, password_hash: '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', groups: [a]}]",
    );
    let config = parse(&text);

    let Some(users::Settings::Static(listed)) = config.users else {
        panic!("static")
    };
    assert_eq!(listed[0].profile.subject.as_str(), "alice");
    assert_eq!(listed[0].profile.groups, ["a"]);
    assert_eq!(config.sign_in.attempts.ceiling, None);
}

#[test]
fn a_client_says_what_is_signed_for_it_and_how() {
    let text = PROVIDER.replace(
        "scope: openid files.read",
        "id_token_signed_response_alg: PS256, userinfo_signed_response_alg: EdDSA",
    );

    let provider = parse(&text).provider.unwrap();

    let expected = ClientSigning {
        id_token: Some(SigningAlgorithm::Ps256),
        userinfo: Some(SigningAlgorithm::EdDsa),
    };
    assert_eq!(provider.clients[0].signing, expected);
    let needed = [
        SigningAlgorithm::Es256,
        SigningAlgorithm::Rs256,
        SigningAlgorithm::Ps256,
        SigningAlgorithm::EdDsa,
    ];
    assert_eq!(provider.signing_algorithms(), needed);
}

/// Nor `none`, which nobody could trust, and no shared secret, which nobody else could verify.
#[test]
fn a_client_has_nothing_signed_that_others_cannot_verify() {
    for algorithm in ["none", "HS256", "RS512", "rs256"] {
        let text = PROVIDER.replace(
            "scope: openid files.read",
            &format!("id_token_signed_response_alg: {algorithm}"),
        );

        let refused = Config::parse(&whole(&text), Path::new("/etc/cellgate"));

        let error = refused.unwrap_err().to_string();
        assert!(error.contains("id_token_signed_response_alg"), "{error}");
    }
}

/// Each host is one application, which may everything that its routes ask for, and no token can be
/// had in its name.
#[test]
fn the_hosts_that_browsers_sign_in_on_are_clients_of_the_provider() {
    let config = parse(&format!(
        "{PROVIDER}browser_sessions: {{idle_lifetime_s: 900}}
routes:
  - {{name: a, host: wiki.example, path: /, whoami: true, authentication: sign_in}}
  - {{name: b, host: wiki.example, path: /b/, whoami: true, authentication: sign_in,
     audience: [b], scopes: {{all: [files.read], any: [x, y]}}}}
  - {{name: c, host: other.example, path: /, whoami: true, authentication: sign_in}}
  - {{name: d, host: api.example, path: /, whoami: true}}"
    ));

    let sign_in = &config.gateway.sign_in;
    assert_eq!(sign_in.hosts, ["other.example", "wiki.example"]);
    assert_eq!(sign_in.idle_lifetime, Duration::from_secs(900));
    let clients = config.provider.unwrap().clients;
    let client = |id: &str| clients.iter().find(|it| it.id.as_str() == id);
    let wiki = client("https://wiki.example").unwrap();
    assert_eq!(wiki.audience, ["https://api.example/", "b"]);
    for value in ["openid", "groups", "files.read", "x", "y"] {
        assert!(wiki.scope.contains(value), "{value}");
    }
    let callback = "https://wiki.example/.cellgate/callback";
    assert!(wiki.redirect_uri(callback).is_some());
    assert!(matches!(
        wiki.authentication,
        ClientAuthentication::InProcess
    ));
    assert_eq!(wiki.origins().count(), 0, "its scripts have no tokens");
    assert!(client("https://other.example").is_some());
    assert!(client("https://api.example").is_none());
}
