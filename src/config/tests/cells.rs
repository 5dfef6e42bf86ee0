//! What `cells: {}` comes to.

use std::collections::BTreeSet;
use std::path::Path;

use super::refused::whole;
use crate::config::Config;
use crate::gateway::{Action, Authentication, OtherTokens, Passwords, Route, TokenUse};
use crate::model::ClientAuthentication;

const PROVIDER: &str = "
state: {}
users: {cells: {url: 'https://cells.internal:8080/'}}
provider:
  issuer: https://files.example/oidc/
  access_tokens: {audience: ['https://files.example/']}
  clients:
    - {id: app, authentication: none, redirect_uris: ['https://app.example/cb'], scope: openid}
";

#[track_caller]
fn parse(text: &str) -> Config {
    let whole = whole(&format!("{PROVIDER}{text}"));
    // The line that `whole` adds for files without routes.
    let whole = match text.contains("routes:") {
        true => whole,
        false => whole.split("\nroutes:").next().unwrap().to_owned(),
    };
    match Config::parse(&whole, Path::new("/etc/cellgate")) {
        Ok(config) => config,
        Err(error) => panic!("{error}"),
    }
}

fn route<'c>(config: &'c Config, name: &str) -> &'c Route {
    let mut routes = config.gateway.routes.iter();
    let found = routes.find(|route| route.name == name);
    found.unwrap_or_else(|| panic!("no route {name}"))
}

fn leads_to(route: &Route) -> &str {
    match &route.action {
        Action::Upstream(name) => name,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_line_is_a_whole_site() {
    let config = parse("cells: {}");

    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    let places: BTreeSet<(&str, &str)> = config
        .gateway
        .routes
        .iter()
        .map(|route| (route.path.as_str(), route.name.as_str()))
        .collect();
    let expected = [
        ("/", "cells-grpc"),
        ("/", "cells-site"),
        ("/a", "cells-api"),
        ("/a/frontend/session", "cells-sign-in"),
        ("/a/user", "cells-users"),
        ("/data", "cells-data"),
        ("/dav", "cells-dav"),
        ("/io", "cells-io"),
        ("/oidc", "cells-oidc"),
        ("/oidc/admin", "cells-oidc-admin"),
        ("/public", "cells-links"),
        ("/wopi", "cells-wopi"),
        ("/ws", "cells-events"),
    ];
    assert_eq!(places, BTreeSet::from(expected));
}

#[test]
fn its_routes_are_as_cells_needs_them() {
    let config = parse("cells: {}");

    for route in &config.gateway.routes {
        assert_eq!(
            route.host.as_deref(),
            Some("files.example"),
            "{}",
            route.name
        );
        let is_refused = route.action == Action::Refuse;
        assert_eq!(
            is_refused,
            route.path.starts_with("/oidc"),
            "{}",
            route.name
        );
        if !is_refused {
            assert_eq!(route.refused_user_agents, ["pydio.sync.client.s3"]);
        }
    }
    for name in [
        "cells-api",
        "cells-dav",
        "cells-sign-in",
        "cells-users",
        "cells-io",
        "cells-data",
        "cells-events",
        "cells-grpc",
    ] {
        let route = route(&config, name);
        assert_eq!(route.token_use, TokenUse::Swap(OtherTokens::Pass), "{name}");
        assert_eq!(route.policy.authentication, Authentication::Optional);
        assert_eq!(route.policy.audience, ["https://files.example/"]);
    }
    let events = route(&config, "cells-events").websockets.as_ref();
    assert!(events.is_some_and(|events| events.subscribe));
    // By whatever way passwords can be tried.
    assert_eq!(
        route(&config, "cells-sign-in").passwords,
        Passwords::Session
    );
    assert_eq!(route(&config, "cells-dav").passwords, Passwords::Basic);
    // A path could pass for that of another route.
    assert!(!route(&config, "cells-api").allow_encoded_slash);
    assert!(route(&config, "cells-grpc").grpc);
}

/// The web interface is a client like any, but nobody can be it at the token endpoint.
#[test]
fn the_interface_signs_in_here_unless_it_is_not_to() {
    for (text, site, expected) in [
        ("cells: {}", "https://files.example", true),
        (
            "cells: {host: cells.example}",
            "https://cells.example",
            true,
        ),
        ("cells: {interface_sign_in: false}", "", false),
        // Whoever has the page there has the browsers.
        (
            "cells: {}\nroutes: [{name: a, host: files.example, path: /, whoami: true}]",
            "",
            false,
        ),
    ] {
        let config = parse(text);

        let provider = config.provider.as_ref().unwrap();
        let clients = &provider.clients;
        let found = clients.iter().find(|it| it.id.as_str() == "cells-frontend");
        assert_eq!(found.is_some(), expected, "{text}");
        let routes = &config.gateway.routes;
        let leads = routes.iter().any(|it| it.passwords == Passwords::Page);
        assert_eq!(leads, expected, "{text}");
        if let Some(client) = found {
            let callback = format!("{site}/login/callback");
            assert!(client.redirect_uri(&callback).is_some(), "{text}");
            assert!(matches!(
                client.authentication,
                ClientAuthentication::InProcess
            ));
            assert!(client.must_send_challenge());
            assert_eq!(client.audience, ["https://files.example/"]);
            let page = provider.backend_page.as_deref();
            assert_eq!(page, Some(&*format!("{site}/login?form")));
        }
    }
}

/// Fact sheet E.3: `Host` is kept, and gRPC goes by HTTP/2 from end to end.
#[test]
fn upstreams_are_made_of_the_users_cells() {
    let config = parse("cells: {}");

    let [cells, grpc] = &config.gateway.upstreams[..] else {
        panic!("{:?}", config.gateway.upstreams);
    };
    assert_eq!((cells.name.as_str(), cells.http2), ("cells", false));
    assert_eq!((grpc.name.as_str(), grpc.http2), ("cells-grpc", true));
    for upstream in [cells, grpc] {
        assert_eq!(upstream.servers, ["cells.internal:8080"]);
        let tls = upstream.tls.as_ref().unwrap();
        assert_eq!(tls.server_name, "cells.internal");
        assert_eq!(upstream.host, None);
    }
    assert_eq!(leads_to(route(&config, "cells-grpc")), "cells-grpc");
    assert_eq!(leads_to(route(&config, "cells-io")), "cells");
}

#[test]
fn what_the_file_has_itself_wins() {
    let config = parse(
        "upstreams: [{name: ours, servers: ['https://cells.internal:8080', 'https://b.internal:8080'], server_name: cells.internal}]
cells: {host: other.example, upstream: ours, grpc: false}
routes:
  - {name: mine, host: other.example, path: /public, upstream: ours, authentication: anonymous}
  - {name: reading, host: other.example, path: /io, methods: [GET], upstream: ours, token: swap}
  - {name: elsewhere, host: files.example, path: /ws, whoami: true}",
    );

    let names: BTreeSet<&str> = config
        .gateway
        .routes
        .iter()
        .map(|route| route.name.as_str())
        .collect();
    assert!(!names.contains("cells-links"), "the file has one there");
    assert!(names.contains("cells-io"), "for the other methods");
    assert!(names.contains("cells-events"), "of another host");
    assert!(!names.contains("cells-grpc"));
    assert_eq!(config.gateway.upstreams.len(), 1);
    // The issuer is on another host, so that Cells' own provider is reached there; never its
    // administration.
    assert_eq!(leads_to(route(&config, "cells-oidc")), "ours");
    assert_eq!(route(&config, "cells-oidc-admin").action, Action::Refuse);
}
