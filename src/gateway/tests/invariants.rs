//! What holds of every request, whatever it is: R09, R10 and G15 of the corpus.

use std::collections::BTreeSet;

use bytes::Bytes;
use h2::client::SendRequest;
use http::Request;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::net::TcpStream;

use super::harness::{Protocol, TestGateway};
use crate::telemetry::log::testing::Captured;

/// A request that both protocols can be asked for.
struct Asked {
    method: &'static str,
    target: &'static str,
    fields: Vec<(&'static str, String)>,
}

/// Requests of every outcome; `token` is a good one.
fn asked(token: &str) -> Vec<Asked> {
    let bearer = || ("authorization", format!("Bearer {token}"));
    let field = |name, value: &str| (name, value.to_owned());
    let rows: Vec<(&'static str, &'static str, Vec<_>)> = vec![
        ("GET", "/public/x?y=%2e%2e", vec![]),
        ("GET", "/public/%78/%7e;a=b?c", vec![field("accept", "*/*")]),
        ("DELETE", "/public/x", vec![field("x-a", "1")]),
        ("GET", "/public/../admin/x", vec![]),
        ("GET", "/public/%2e%2e/admin/x", vec![bearer()]),
        ("GET", "/public//x", vec![]),
        ("GET", "/publicity", vec![]),
        ("GET", "/opt/x", vec![]),
        ("GET", "/opt/x", vec![bearer()]),
        ("GET", "/opt/x", vec![field("authorization", "Bearer x")]),
        ("GET", "/api/x", vec![]),
        ("GET", "/api/x", vec![bearer()]),
        ("GET", "/api/x", vec![bearer(), bearer()]),
        ("GET", "/api/x?access_token=x", vec![bearer()]),
        ("PUT", "/api/x", vec![bearer()]),
        ("POST", "/api/x", vec![bearer()]),
        ("GET", "/admin/x", vec![bearer()]),
        ("GET", "/pass/x", vec![bearer()]),
        ("GET", "/slash/a%2Fb", vec![field("cookie", "a=1; b=2")]),
        (
            "GET",
            "/opt/x",
            vec![field("x-auth-user", "admin"), bearer()],
        ),
        ("GET", "/public/x", vec![field("x_auth_user", "admin")]),
        (
            "GET",
            "/public/x",
            vec![field("x-forwarded-for", "1.2.3.4")],
        ),
        ("GET", "/public/x", vec![field("forwarded", "host=b.test")]),
    ];
    rows.into_iter()
        .map(|(method, target, fields)| Asked {
            method,
            target,
            fields,
        })
        .collect()
}

async fn over_http_1(gateway: &TestGateway, asked: &Asked) -> u16 {
    let fields: String = asked
        .fields
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let (method, target) = (asked.method, asked.target);
    let request = format!("{method} {target} HTTP/1.1\r\nHost: a.test\r\n{fields}\r\n");
    gateway.send(request).await.status
}

async fn over_http_2(client: &SendRequest<Bytes>, asked: &Asked) -> u16 {
    let mut request = Request::builder()
        .method(asked.method)
        .uri(format!("http://a.test{}", asked.target));
    for (name, value) in &asked.fields {
        request = request.header(*name, value);
    }
    let mut client = client.clone().ready().await.unwrap();
    let (response, _) = client
        .send_request(request.body(()).unwrap(), true)
        .unwrap();
    response.await.unwrap().status().as_u16()
}

/// The lines of a recorded request, without the id, which is another each time.
fn lines(request: &str) -> BTreeSet<String> {
    request
        .lines()
        .filter(|line| !line.to_ascii_lowercase().starts_with("x-request-id:"))
        .map(str::to_owned)
        .collect()
}

/// G15.
#[tokio::test]
async fn both_protocols_bring_one_decision_and_one_request() {
    let (one, two) = (
        TestGateway::start().await,
        TestGateway::speaking(Protocol::Http2, |_| {}).await,
    );
    let stream = TcpStream::connect(two.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let driving = tokio::spawn(connection);
    let (of_one, of_two) = (one.token(|_| {}), two.token(|_| {}));
    for (first, second) in asked(&of_one).iter().zip(&asked(&of_two)) {
        let row = format!("{} {} {:?}", first.method, first.target, first.fields);
        let n = one.upstream.requests().len();
        let status = over_http_1(&one, first).await;
        assert_eq!(over_http_2(&client, second).await, status, "{row}");

        let (left, right) = (one.upstream.requests(), two.upstream.requests());
        assert_eq!(left.len(), right.len(), "{row}");
        assert_eq!(left.len() - n, usize::from(status == 200), "{row}");
        if let (Some(left), Some(right)) = (left.last(), right.last()) {
            let right = right.replace(&of_two, &of_one);
            assert_eq!(lines(left), lines(&right), "{row}");
        }
    }
    driving.abort();
}

/// R09: what reached the upstream bears the id of a line that says that it was let through.
#[tokio::test]
async fn nothing_reaches_the_upstream_without_a_recorded_decision() {
    let log = Captured::start();
    let gateway = TestGateway::start().await;
    let token = gateway.token(|_| {});
    for asked in asked(&token) {
        over_http_1(&gateway, &asked).await;
    }
    // A request is logged when it is over, which its answer does not wait for.
    while gateway.gateway.in_flight() > 0 {
        tokio::task::yield_now().await;
    }

    let access = log.access();
    let forwarded = access
        .iter()
        .filter(|line| line["decision"] == "forwarded" && line["route.name"].is_string());
    let mut decided: Vec<String> = forwarded
        .map(|line| line["request.id"].as_str().unwrap().to_owned())
        .collect();
    let mut seen: Vec<String> = gateway
        .upstream
        .requests()
        .iter()
        .map(|request| {
            let id = request.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("x-request-id").then_some(value)
            });
            id.expect("every request has an id").to_owned()
        })
        .collect();
    decided.sort();
    seen.sort();
    assert!(seen.len() > 5);
    assert_eq!(seen, decided);
}

/// What we say to an upstream of our own accord.
const OURS: [&str; 6] = [
    "host",
    "x-request-id",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-auth-user",
];

/// Names that clients send, good and bad.
fn name() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "Accept",
        "Cookie",
        "Content-Type",
        "Forwarded",
        "X-Auth-User",
        "X-Auth-Groups",
        "X-Forwarded-Prefix",
        "X-Real-IP",
        "X-Original-URL",
        "X-HTTP-Method-Override",
        "X-Client-Cert",
        "Proxy-Authorization",
        "Keep-Alive",
        "TE",
        "Via",
        "Range",
        "X-A",
    ]);
    prop_oneof![
        known.prop_map(str::to_owned),
        "[a-zA-Z][a-zA-Z0-9_.~-]{0,12}",
        "[xX][-_.][aA]uth[-_.][uU]ser",
    ]
}

/// R10.
#[test]
fn fields_at_the_upstream_are_those_of_the_client_and_ours() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let gateway = runtime.block_on(TestGateway::start());
    let mut runner = TestRunner::new(ProptestConfig::with_cases(200));
    let fields = prop::collection::vec((name(), "[a-z0-9]{1,8}"), 0..6);
    let outcome = runner.run(&fields, |fields| {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let n = gateway.upstream.requests().len();
        let status = runtime.block_on(gateway.get("/public/x", &fields)).status;
        let requests = gateway.upstream.requests();
        prop_assert_eq!(requests.len() - n, usize::from(status == 200));
        let Some(request) = requests.get(n) else {
            return Ok(());
        };
        for line in request.lines().skip(1).filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(": ").unwrap();
            let sent = fields
                .iter()
                .any(|(theirs, said)| theirs.eq_ignore_ascii_case(name) && value.contains(said));
            let ours = OURS.contains(&name.to_ascii_lowercase().as_str());
            prop_assert!(sent || ours, "{}: {}", name, request);
            prop_assert!(!name.to_ascii_lowercase().contains("auth"), "{}", request);
            prop_assert!(!name.contains(['_', '.', '~']), "{}", request);
        }
        Ok(())
    });
    outcome.unwrap();
}
