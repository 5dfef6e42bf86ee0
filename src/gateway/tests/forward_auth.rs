//! Proxies that forward by themselves and ask here: the same decision as for a request that comes
//! here directly (hostile-input P).

use http::HeaderName;

use super::harness::{Answer, TestGateway};
use super::support::{policy, route};
use crate::gateway::settings::{Action, Route, Settings, TokenPlaces};
use crate::gateway::{
    AskingProxy, ForwardAuth, ProxyKind, Resource, ToldBy, TrustedProxies, TrustedProxy,
};

const CLIENT: &str = "192.0.2.7";

/// A setting by which the tests' own address may ask as `kind`.
pub(super) fn asking(kind: ProxyKind) -> Option<ForwardAuth> {
    Some(ForwardAuth {
        path: "/.forward-auth".to_owned(),
        proxies: vec![AskingProxy {
            networks: vec!["127.0.0.0/8".parse().unwrap()],
            kind,
        }],
    })
}

async fn gateway(kind: ProxyKind) -> TestGateway {
    TestGateway::with(|settings| settings.forward_auth = asking(kind)).await
}

/// Asks about `method target` at `host`, with these fields of the client.
pub(super) async fn ask(
    gateway: &TestGateway,
    kind: ProxyKind,
    (method, host, target): (&str, &str, &str),
    fields: &str,
) -> Answer {
    let question = match kind {
        ProxyKind::Envoy => format!(
            "{method} /.forward-auth{target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n"
        ),
        _ => format!(
            "GET /.forward-auth HTTP/1.1\r\nHost: edge.test\r\nX-Forwarded-Method: {method}\r\n\
             X-Forwarded-Host: {host}\r\nX-Forwarded-Uri: {target}\r\n"
        ),
    };
    let told = format!("X-Forwarded-Proto: http\r\nX-Forwarded-For: {CLIENT}\r\n");
    gateway.send(format!("{question}{told}{fields}\r\n")).await
}

const REQUESTS: &[(&str, &str, &str)] = &[
    ("GET", "a.test", "/public/x"),
    ("OPTIONS", "a.test", "/api/x"),
    ("DELETE", "b.test", "/public/x?y=1"),
    ("GET", "a.test", "/public"),
    ("GET", "a.test", "/publicity"),
    ("GET", "a.test", "/opt/x"),
    ("GET", "a.test", "/api/x"),
    ("GET", "A.Test.", "/api/x"),
    ("GET", "b.test", "/api/x"),
    ("POST", "a.test", "/api/x"),
    ("DELETE", "a.test", "/api/x"),
    ("GET", "a.test", "/api/x?access_token=t"),
    ("GET", "a.test", "/admin/x"),
    ("GET", "a.test", "/pass/x"),
    ("GET", "a.test", "/slash/a%2Fb"),
    ("GET", "a.test", "/public/a%2Fb"),
    ("GET", "a.test", "/public/../admin/x"),
    ("GET", "a.test", "/public/..%2fadmin"),
    ("GET", "a.test", "/public/%2e%2e/admin"),
    ("GET", "a.test", "/public//admin"),
    ("GET", "a.test", "/public/%252e"),
    ("GET", "a.test", "/public/%00"),
    ("GET", "a.test", "/public/\\admin"),
    ("GET", "a.test", "/public/;/admin"),
    ("GET", "a.test", "/public/%7Euser"),
    ("GET", "a.test", "/public/x#/admin"),
    ("GET", "a.test", "/whoami"),
    ("GET", "a.test", "/nowhere"),
    ("TRACE", "a.test", "/public/x"),
    ("get", "a.test", "/public/x"),
    ("PROPFIND", "a.test", "/public/x"),
    ("GET", "user@a.test", "/public/x"),
    ("GET", "a.test:x", "/public/x"),
];

/// P02, P03: one decision, whoever forwards.
#[tokio::test]
async fn a_described_request_is_decided_about_as_if_it_had_come_here() {
    for kind in [ProxyKind::Traefik, ProxyKind::Nginx, ProxyKind::Envoy] {
        let gateway = gateway(kind).await;
        let good = format!("Authorization: {}\r\n", gateway.bearer());
        let forged = format!("Authorization: Bearer {}\r\n", gateway.forged());
        let spoofed = format!("{good}X-Auth-User: root\r\nX_Auth_User: root\r\n");
        for (method, host, target) in REQUESTS {
            for fields in ["", &good, &forged, &spoofed] {
                let row = format!("{kind:?} {method} {host}{target} {fields}");
                let direct = gateway
                    .send(format!(
                        "{method} {target} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n"
                    ))
                    .await;
                let told = ask(&gateway, kind, (method, host, target), fields).await;
                let expected = match direct.status {
                    401 | 403 => direct.status,
                    400..500 if kind == ProxyKind::Nginx => 403,
                    status => status,
                };
                assert_eq!(told.status, expected, "{row}: {}", direct.head);
                let challenge = "WWW-Authenticate";
                assert_eq!(told.field(challenge), direct.field(challenge), "{row}");
            }
        }
    }
}

/// P07, and what the application gets: all that says who asks, and nothing that the client said.
#[tokio::test]
async fn who_may_pass_is_named_in_every_identity_header() {
    let kind = ProxyKind::Caddy;
    let gateway = gateway(kind).await;
    let spoofed = "X-Auth-User: root\r\nX-Auth-Groups: admins\r\nX-Gw-Assertion: x\r\n";
    let bearer = format!("{spoofed}Authorization: {}\r\n", gateway.bearer());
    for (row, fields, user, groups) in [
        ("nobody", spoofed, "", ""),
        ("alice", bearer.as_str(), "alice", "staff"),
    ] {
        let told = ask(&gateway, kind, ("GET", "a.test", "/opt/x"), fields).await;
        assert_eq!(told.status, 200, "{row}");
        assert_eq!(told.field("X-Auth-User"), Some(user), "{row}");
        assert_eq!(told.field("X-Auth-Groups"), Some(groups), "{row}");
        assert_eq!(told.field("X-Gw-Assertion"), Some(""), "{row}");
        assert_eq!(told.field("Cache-Control"), Some("no-store"), "{row}");
        assert!(told.field("X-Request-Id").is_some(), "{row}");
        assert_eq!(told.field("Authorization"), None, "{row}");
    }
    let refused = ask(&gateway, kind, ("GET", "a.test", "/api/x"), spoofed).await;
    assert_eq!(refused.field("X-Auth-User"), None);
    gateway.assert_nothing_forwarded("a question is not a request");
}

/// P01, P05: only listed peers may ask, at or below the path, on any host, whatever they call
/// themselves; and without `forward_auth` the path is any path.
#[tokio::test]
async fn a_stranger_may_not_ask() {
    let elsewhere = |settings: &mut Settings| {
        settings.forward_auth = asking(ProxyKind::Traefik);
        let proxies = &mut settings.forward_auth.as_mut().unwrap().proxies;
        proxies[0].networks = vec!["10.0.0.0/8".parse().unwrap()];
        settings.routes.push(route("everything").build());
    };
    let gateway = TestGateway::with(elsewhere).await;
    let probe = "User-Agent: kube-probe/1.29\r\nX-Original-URI: /public/x\r\n";
    for kind in [ProxyKind::Traefik, ProxyKind::Envoy] {
        let told = ask(&gateway, kind, ("GET", "a.test", "/public/x"), probe).await;
        assert_eq!(told.status, 403, "{kind:?}");
        assert_eq!(told.field("X-Auth-User"), None, "{kind:?}");
    }
    gateway.assert_nothing_forwarded("P01");
    let nowhere = TestGateway::start().await;
    let told = ask(
        &nowhere,
        ProxyKind::Traefik,
        ("GET", "a.test", "/public/x"),
        "",
    )
    .await;
    assert_eq!(told.status, 404);
}

/// P03, P04: what is not said is not assumed, and what is said twice is not believed.
#[tokio::test]
async fn an_incomplete_or_ambiguous_description_is_refused() {
    let gateway = gateway(ProxyKind::Traefik).await;
    let whole = [
        ("X-Forwarded-Method", "GET"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Host", "a.test"),
        ("X-Forwarded-Uri", "/public/x"),
        ("X-Forwarded-For", CLIENT),
    ];
    assert_eq!(gateway.get("/.forward-auth", &whole).await.status, 200);
    assert_eq!(gateway.get("/.forward-auth/x?y", &whole).await.status, 200);
    for missing in 0..whole.len() {
        let mut fields = whole.to_vec();
        let (name, _) = fields.remove(missing);
        let answer = gateway.get("/.forward-auth", &fields).await;
        assert_eq!(answer.status, 400, "P04 without {name}");
    }
    for (row, name, value, status) in [
        ("P03 absolute", 3, "http://a.test/public/x", 200),
        ("P03 absolute, other host", 3, "http://b.test/public/x", 400),
        ("P03 empty", 3, "", 400),
        ("P03 relative", 3, "public/x", 400),
        ("P03 space", 3, "/public/x /admin", 400),
        ("empty method", 0, "", 400),
        ("no method", 0, "G T", 400),
        ("list of methods", 0, "GET, POST", 400),
        ("scheme", 1, "ftp", 400),
        ("host", 2, "a.test, b.test", 400),
        ("client", 4, "unknown", 400),
    ] {
        let mut fields = whole.to_vec();
        fields[name].1 = value;
        let answer = gateway.get("/.forward-auth", &fields).await;
        assert_eq!(answer.status, status, "{row}");
    }
    for twice in whole {
        let mut fields = whole.to_vec();
        fields.push(twice);
        let answer = gateway.get("/.forward-auth", &fields).await;
        // Addresses make a list, of which each proxy writes one.
        let expected = if twice.0 == "X-Forwarded-For" {
            200
        } else {
            400
        };
        assert_eq!(answer.status, expected, "P03 two of {}", twice.0);
    }
    gateway.assert_nothing_forwarded("P03");
}

/// The address that policies see is the one the proxy was called from, past proxies that are
/// trusted.
#[tokio::test]
async fn the_clients_address_is_what_the_proxy_says() {
    let gateway = TestGateway::with(|settings| {
        settings.forward_auth = asking(ProxyKind::Nginx);
        settings.trusted_proxies = TrustedProxies::new(vec![TrustedProxy {
            networks: vec!["10.0.0.0/8".parse().unwrap()],
            told_by: ToldBy::ForwardedFields,
        }]);
        let mut office = policy();
        office.authentication = crate::gateway::Authentication::Anonymous;
        office.conditions = Some(std::sync::Arc::new(crate::gateway::Conditions {
            networks: vec!["192.0.2.0/24".parse().unwrap()],
            ..crate::gateway::Conditions::default()
        }));
        settings.routes.push(Route {
            policy: office,
            ..route("office").path("/office/").build()
        });
    })
    .await;
    for (row, addresses, status) in [
        ("from the office", "192.0.2.7", 200),
        ("from elsewhere", "198.51.100.7", 403),
        ("past a load balancer", "192.0.2.7, 10.0.0.3", 200),
        ("made up", "192.0.2.7, 198.51.100.7", 403),
    ] {
        let fields = [
            ("X-Forwarded-Method", "GET"),
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-Host", "a.test"),
            ("X-Forwarded-Uri", "/office/x"),
            ("X-Forwarded-For", addresses),
        ];
        let answer = gateway.get("/.forward-auth", &fields).await;
        assert_eq!(answer.status, status, "{row}");
    }
}

/// A WebSocket that the proxy opens by itself is one for the policy as well.
#[tokio::test]
async fn a_websocket_is_told_by_its_key() {
    let kind = ProxyKind::Nginx;
    let gateway = gateway(kind).await;
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    for (row, target, origin, status) in [
        ("not a page", "/live/x", "", 200),
        (
            "a page of its own",
            "/live/x",
            "Origin: http://a.test\r\n",
            200,
        ),
        (
            "a foreign page",
            "/live/x",
            "Origin: https://evil.test\r\n",
            403,
        ),
        ("no WebSockets here", "/public/x", "", 403),
    ] {
        let fields = format!("{key}{origin}");
        let told = ask(&gateway, kind, ("GET", "a.test", target), &fields).await;
        assert_eq!(told.status, status, "F02 {row}");
    }
}

/// A route that a proxy forwards is nothing to whoever comes past the proxy, and no proxy forwards
/// to an application what is answered here.
#[tokio::test]
async fn each_request_is_answered_where_it_belongs() {
    let kind = ProxyKind::Traefik;
    let gateway = TestGateway::with(|settings| {
        settings.forward_auth = asking(kind);
        let resource = Resource::parse("http://a.test/app/");
        settings.routes.push(Route {
            action: Action::ForwardAuth,
            resource: resource.clone(),
            ..route("app").host("a.test").path("/app/").build()
        });
        assert!(resource.is_some());
    })
    .await;
    let metadata = "/.well-known/oauth-protected-resource/app/";
    for (row, target, direct, told) in [
        ("forwarded by the proxy", "/app/x", 404, 200),
        ("answered by us", metadata, 200, 403),
    ] {
        assert_eq!(gateway.get(target, &[]).await.status, direct, "{row}");
        let answer = ask(&gateway, kind, ("GET", "a.test", target), "").await;
        assert_eq!(answer.status, told, "{row}");
    }
}

/// A token in a header of its own is judged as anywhere.
#[tokio::test]
async fn tokens_are_found_where_the_route_says() {
    let kind = ProxyKind::Nginx;
    let gateway = TestGateway::with(|settings| {
        settings.forward_auth = asking(kind);
        let places = TokenPlaces {
            header: Some(HeaderName::from_static("x-api-token")),
            query: Some("token".to_owned()),
            ..TokenPlaces::default()
        };
        settings.routes.push(Route {
            policy: policy(),
            token_places: places,
            ..route("places").path("/places/").build()
        });
    })
    .await;
    let token = gateway.token(|_| {});
    let field = format!("X-Api-Token: {token}\r\n");
    let query = format!("/places/x?token={token}");
    for (row, target, fields, status) in [
        ("header", "/places/x", field.as_str(), 200),
        ("query", query.as_str(), "", 200),
        ("both", query.as_str(), field.as_str(), 403),
        ("none", "/places/x", "", 401),
    ] {
        let told = ask(&gateway, kind, ("GET", "a.test", target), fields).await;
        assert_eq!(told.status, status, "{row}");
    }
}
