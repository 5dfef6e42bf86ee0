//! What deciding about a request costs, before anything is forwarded: its canonical form, the
//! hygiene of its fields, its route, and all of them together with a token seen before.
//!
//! No step may grow with the number of routes; the budgets are in `benches/README.md`.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot be set up is to stop"
)]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use cellgate::gateway::{
    Action, Asked, Authentication, CanonicalRequest, CertificateUse, ClaimSource, Claimed,
    HeaderRules, IdentityHeaders, Limits, Match, Policy, Route, Routes, Scheme, TokenPlaces,
    TokenUse, TunnelLimits,
};
use cellgate::jose::{KeyRing, RingKey, SigningAlgorithm, SigningKey, TokenVerifier};
use cellgate::model::{Scope, Timestamp};
use criterion::{BatchSize, Criterion};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version, header};
use serde_json::json;

const ISSUER: &str = "https://files.example/oidc/";
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const N_HOSTS: usize = 10;
const MAX_TARGET: usize = 8 * 1024;

/// What stands behind a route's first segment; each is one more length to look up.
const ENDINGS: [&str; 5] = ["", "api/", "api/v1/", "api/v1/items/", "static/assets/"];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    canonical_form(&mut criterion);
    header_hygiene(&mut criterion);
    route_match(&mut criterion);
    whole_admission(&mut criterion);
    criterion.final_summary();
}

/// Budget: 1 µs for a path of usual length.
fn canonical_form(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("admission/canonical form");
    for (row, target) in [
        ("plain path", "/team-17/api/v1/items/4711/comments?page=2"),
        (
            "escaped path",
            "/team-17/api/v1/items/na%C3%AFve%20r%C3%A9sum%C3%A9%20%281%29.pdf?page=2",
        ),
    ] {
        group.bench_function(row, |bench| {
            bench.iter(|| canonical(black_box("files.example"), black_box(target)));
        });
    }
    let climbing = claimed("files.example", "/team-17/api/%2e%2e/%2e%2e/admin");
    group.bench_function("refused path", |bench| {
        bench.iter(|| {
            CanonicalRequest::parse(black_box(climbing), MAX_TARGET)
                .expect_err("the path leaves its folder")
        });
    });
    group.finish();
}

/// Budget: 3 µs for the fields a browser sends.
fn header_hygiene(criterion: &mut Criterion) {
    let rules = HeaderRules::new(&identity());
    let limits = limits();
    let mut group = criterion.benchmark_group("admission/header hygiene");
    let honest = request_head("Bearer x");
    let mut lying = honest.clone();
    for (name, value) in [
        ("x-auth-subject", "admin"),
        ("x_auth_subject", "admin"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "admin.example"),
        ("x-original-url", "/admin"),
        ("forwarded", "for=127.0.0.1"),
        ("connection", "keep-alive"),
    ] {
        lying.append(name, HeaderValue::from_static(value));
    }
    for (row, head) in [("browser", honest), ("forged identity", lying)] {
        group.bench_function(row, |bench| {
            bench.iter_batched_ref(
                || head.clone(),
                |head| {
                    rules.check(head, &limits).expect("the fields are good");
                    rules.clean(head, Version::HTTP_11);
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// Budget: 2 µs with 5,000 routes, and no more than twice what 5 routes take.
fn route_match(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("admission/route match");
    for n_routes in [5, 500, 5_000] {
        let table = Routes::new(&routes(n_routes));
        let (host, path) = last_route(n_routes);
        let hit = canonical(&host, &format!("{path}4711"));
        let miss = canonical("elsewhere.example", "/nowhere/at/all");
        assert!(matches!(table.find(&hit), Match::Found(_)), "{hit:?}");
        assert!(matches!(table.find(&miss), Match::NotFound), "{miss:?}");
        for (row, request) in [("found", hit), ("not found", miss)] {
            group.bench_function(format!("{n_routes} routes, {row}"), |bench| {
                bench.iter(|| table.find(black_box(&request)));
            });
        }
    }
    group.finish();
}

/// Budget: 10 µs from the request's bytes to the decision, with 5,000 routes and a remembered
/// token.
fn whole_admission(criterion: &mut Criterion) {
    let rules = HeaderRules::new(&identity());
    let limits = limits();
    let table = Routes::new(&routes(5_000));
    let (host, path) = last_route(5_000);
    let target = format!("{path}4711?page=2");
    let (verifier, token) = verifier_and_token();
    let head = request_head(&format!("Bearer {token}"));
    criterion.bench_function("admission/whole, remembered token", |bench| {
        bench.iter_batched_ref(
            || head.clone(),
            |head| {
                let request = canonical(black_box(&host), black_box(&target));
                rules.check(head, &limits).expect("the fields are good");
                rules.clean(head, Version::HTTP_11);
                let Match::Found(route) = table.find(&request) else {
                    return Err("there is a route");
                };
                let bearer = head.get(header::AUTHORIZATION);
                let token = bearer
                    .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
                    .ok_or("there is a token")?;
                let verified = verifier
                    .verify(token, NOW)
                    .map_err(|_| "the token is good")?;
                route
                    .policy
                    .check(&Asked {
                        verified: Some(&verified),
                        request: &request,
                        source: IpAddr::V4(Ipv4Addr::LOCALHOST),
                        now: NOW,
                    })
                    .map_err(|_| "the token is for the route")?;
                Ok(route)
            },
            BatchSize::SmallInput,
        );
    });
}

fn claimed<'a>(host: &'a str, target: &'a str) -> Claimed<'a> {
    Claimed {
        method: &Method::GET,
        target: target.as_bytes(),
        authority: Some(host.as_bytes()),
        scheme: Scheme::Https,
    }
}

fn canonical(host: &str, target: &str) -> CanonicalRequest {
    CanonicalRequest::parse(claimed(host, target), MAX_TARGET).expect("the request is canonical")
}

/// Host and path of the route `at`: some hosts with many prefixes of several lengths each.
fn place(at: usize) -> (String, String) {
    let ending = ENDINGS.iter().cycle().nth(at % ENDINGS.len());
    let host = format!("site-{}.example", at / ENDINGS.len() % N_HOSTS);
    (host, format!("/team-{at}/{}", ending.unwrap_or(&"")))
}

fn last_route(n_routes: usize) -> (String, String) {
    place(n_routes - 1)
}

fn routes(n_routes: usize) -> Vec<Route> {
    (0..n_routes)
        .map(|at| {
            let (host, path) = place(at);
            Route {
                name: format!("route-{at}"),
                host: Some(host),
                path,
                methods: vec![],
                grpc: false,
                passwords: cellgate::gateway::Passwords::Unseen,
                refused_user_agents: vec![],
                policy: policy(),
                action: Action::Whoami,
                token_places: TokenPlaces::default(),
                token_use: TokenUse::Strip,
                allow_encoded_slash: false,
                resource: None,
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
                client_certificate: CertificateUse::Ignore,
            }
        })
        .collect()
}

fn policy() -> Policy {
    Policy {
        authentication: Authentication::Required,
        issuers: vec![Arc::from(ISSUER)],
        audience: vec!["api".to_owned()],
        all_scopes: Scope::parse("demo.read").expect("a scope"),
        any_scope: Scope::default(),
        conditions: None,
    }
}

fn identity() -> IdentityHeaders {
    let header = HeaderName::from_static;
    let claim = |name: &str| ClaimSource::Claim(name.to_owned());
    IdentityHeaders {
        mapping: Arc::new([
            (header("x-auth-subject"), ClaimSource::Subject),
            (header("x-auth-user"), claim("preferred_username")),
            (header("x-auth-email"), claim("email")),
            (header("x-auth-groups"), claim("groups")),
        ]),
        also_strip: vec![header("x-webauth-user")],
        certificates: vec![],
    }
}

/// The documented defaults.
fn limits() -> Limits {
    Limits {
        head_timeout: Duration::from_secs(10),
        head_bytes: 32 * 1024,
        head_fields: 100,
        target_bytes: MAX_TARGET,
        keepalive: Duration::from_secs(60),
        downstream_timeout: Duration::from_secs(60),
        connections: 10_000,
        connections_per_address: 256,
        token_failures_per_minute: 600,
        remembered_tokens: 100_000,
        tunnels: TunnelLimits {
            idle_timeout: Duration::from_secs(300),
            lifetime: None,
            per_subject: 64,
        },
    }
}

/// A request as browsers make them.
fn request_head(authorization: &str) -> HeaderMap {
    let mut head = HeaderMap::new();
    for (name, value) in [
        ("host", "files.example"),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)"),
        ("accept", "application/json, text/plain, */*"),
        ("accept-language", "en-US,en;q=0.5"),
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("authorization", authorization),
        ("cookie", "theme=dark; language=en"),
        ("referer", "https://files.example/team-17/"),
        ("sec-fetch-dest", "empty"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-site", "same-origin"),
        ("priority", "u=4"),
    ] {
        let value = HeaderValue::from_str(value).expect("the value is valid");
        head.append(HeaderName::from_static(name), value);
    }
    head
}

/// A token of ours, and a verifier that remembers it.
fn verifier_and_token() -> (TokenVerifier, String) {
    let key = SigningKey::generate(SigningAlgorithm::Es256).expect("there is randomness");
    let key = Arc::new(key);
    let claims = json!({
        "iss": ISSUER,
        "sub": "6b2ff3f0-2b1c-4a0d-9d3c-0d8b8f1f5f00",
        "aud": ["files", "api"],
        "client_id": "demo-app",
        "scope": "openid profile email groups demo.read demo.write",
        "iat": NOW.as_secs() - 10,
        "exp": NOW.as_secs() + 300,
        "jti": "kq3xP0a7TtWm0000000001",
        "preferred_username": "alice",
        "email": "alice@files.example",
        "groups": ["staff", "editors", "project-atlas"],
    });
    let token = key.sign_jwt("at+jwt", &claims).expect("the key signs");
    let epoch = Timestamp::from_secs(0);
    let ring = KeyRing::new(vec![RingKey {
        key,
        created_at: epoch,
        active_from: epoch,
        published_until: None,
    }]);
    let own = Some((ISSUER.to_owned(), Arc::new(ring)));
    let verifier = TokenVerifier::new(own, &[], 1_000).expect("the keys can be used");
    verifier.verify(&token, NOW).expect("the token is good");
    (verifier, token)
}
