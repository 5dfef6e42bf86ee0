//! Which of several servers a request goes to, and which it does not.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::harness::{Answer, Protocol, TestGateway};
use super::played::{begin_events, played_with, until};
use super::recorder::Recorder;
use crate::gateway::settings::Settings;
use crate::gateway::{Balance, PassiveHealth, ToldBy, TrustedProxies, TrustedProxy};
use crate::outbound::testing::Dead;

/// Several servers, and the order in which they answer.
struct Pool {
    servers: Vec<Recorder>,
    gateway: TestGateway,
}

impl Pool {
    async fn start(size: usize, change: impl FnOnce(&mut Settings)) -> Self {
        let mut servers = Vec::new();
        for _ in 0..size {
            servers.push(Recorder::start().await);
        }
        let gateway = TestGateway::with(|settings| {
            let addresses = servers.iter().map(|server| server.address.to_string());
            settings.upstreams[0].servers = addresses.collect();
            settings.trusted_proxies = TrustedProxies::new(vec![TrustedProxy {
                networks: vec!["127.0.0.1/32".parse().unwrap()],
                told_by: ToldBy::ForwardedFields,
            }]);
            change(settings);
        })
        .await;
        Self { servers, gateway }
    }

    fn counts(&self) -> Vec<usize> {
        let servers = self.servers.iter();
        servers.map(|server| server.requests().len()).collect()
    }

    /// The answer, and which server it is from.
    async fn get(&self, target: &str, fields: &[(&str, &str)]) -> (Answer, Option<usize>) {
        let before = self.counts();
        let answer = self.gateway.get(target, fields).await;
        let after = self.counts();
        let server = (0..after.len()).find(|n| after[*n] > before[*n]);
        (answer, server)
    }

    async fn server_of(&self, address: &str) -> usize {
        let fields = [("X-Forwarded-For", address)];
        self.get("/public/x", &fields).await.1.unwrap()
    }
}

#[tokio::test]
async fn an_address_keeps_its_server_and_addresses_are_spread() {
    let pool = Pool::start(3, |settings| {
        settings.upstreams[0].balance = Balance::Address;
    })
    .await;
    let mut used = [false; 3];
    for n in 0..32 {
        let address = format!("192.0.2.{n}");
        let server = pool.server_of(&address).await;
        assert_eq!(pool.server_of(&address).await, server, "{address}");
        used[server] = true;
    }
    assert_eq!(used, [true; 3]);
    let network = pool.server_of("2001:db8::1").await;
    for host in 2..10 {
        let address = format!("2001:db8::{host}");
        assert_eq!(pool.server_of(&address).await, network, "one /64");
    }
}

#[tokio::test]
async fn a_subject_keeps_its_server_wherever_it_is() {
    let pool = Pool::start(3, |settings| {
        settings.upstreams[0].balance = Balance::Subject;
    })
    .await;
    let mut used = [false; 3];
    for n in 0..24 {
        let token = pool
            .gateway
            .token(|claims| claims["sub"] = format!("user-{n}").into());
        let bearer = format!("Bearer {token}");
        let mut servers = Vec::new();
        for address in ["192.0.2.1", "198.51.100.7"] {
            let fields = [("X-Forwarded-For", address), ("Authorization", &bearer)];
            servers.push(pool.get("/api/x", &fields).await.1.unwrap());
        }
        assert_eq!(servers[0], servers[1], "user-{n}");
        used[servers[0]] = true;
    }
    assert_eq!(used, [true; 3]);
}

/// The value of the cookie that an answer sets, and its attributes.
fn cookie(answer: &Answer) -> Option<(&str, &str)> {
    answer.field("set-cookie")?.split_once("; ")
}

#[tokio::test]
async fn a_browser_keeps_its_server_by_a_cookie_that_says_nothing() {
    let pool = Pool::start(3, |settings| {
        settings.upstreams[0].balance = Balance::Cookie;
    })
    .await;
    let https = ("X-Forwarded-Proto", "https");
    let mut used = [false; 3];
    for _ in 0..24 {
        let (first, server) = pool.get("/public/x", &[https]).await;
        let (pair, attributes) = cookie(&first).unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        assert_eq!(name, "__Host-cellgate-server");
        assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Lax");
        assert!(value.len() >= 16 && !value.contains("127"), "{value}");
        for _ in 0..3 {
            let fields = [https, ("Cookie", pair)];
            let (again, kept) = pool.get("/public/x", &fields).await;
            assert_eq!(kept, server);
            assert_eq!(cookie(&again), None, "it is there already");
        }
        used[server.unwrap()] = true;
    }
    assert_eq!(used, [true; 3]);
    for server in &pool.servers {
        let requests = server.requests().concat();
        assert!(!requests.contains("cellgate-server"), "{requests}");
    }
}

/// Without TLS browsers refuse a cookie of that name; and what is none of ours is replaced.
#[tokio::test]
async fn a_cookie_that_we_did_not_make_is_replaced() {
    let pool = Pool::start(2, |settings| {
        settings.upstreams[0].balance = Balance::Cookie;
    })
    .await;
    for sent in [
        "a=1",
        "cellgate-server=",
        "cellgate-server=short",
        "cellgate-server=0123456789abcdef!",
        "__Host-cellgate-server=0123456789abcdef",
        "xcellgate-server=0123456789abcdef",
    ] {
        let (answer, _) = pool.get("/public/x", &[("Cookie", sent)]).await;
        let (pair, attributes) = cookie(&answer).unwrap();
        assert!(pair.starts_with("cellgate-server="), "{sent}: {pair}");
        assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Lax", "{sent}");
    }
}

fn passive(settings: &mut Settings) {
    settings.upstreams[0].passive_health = Some(PassiveHealth {
        failures: 2,
        pause: Duration::from_secs(10),
    });
}

const BROKEN: &[u8] = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";
const WELL: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

#[tokio::test]
async fn a_server_that_fails_in_a_row_is_left_out_for_a_while() {
    let pool = Pool::start(2, passive).await;
    let (bad, good) = (&pool.servers[0], &pool.servers[1]);
    bad.answers(BROKEN);
    for _ in 0..4 {
        pool.get("/public/x", &[]).await;
    }
    assert_eq!(bad.requests().len(), 2, "until it failed twice");

    for _ in 0..4 {
        assert_eq!(pool.get("/public/x", &[]).await.0.status, 200);
    }
    assert_eq!((bad.requests().len(), good.requests().len()), (2, 6));
    let metrics = pool.gateway.gateway.metrics().render();
    let series = r#"cellgate_upstream_servers_left_out_total{upstream="u"} 1"#;
    assert!(metrics.contains(series), "{metrics}");

    bad.answers(WELL);
    pool.gateway.clock.advance(Duration::from_secs(10));
    for _ in 0..4 {
        pool.get("/public/x", &[]).await;
    }
    assert_eq!(bad.requests().len(), 4, "it has its turn again");
}

#[tokio::test]
async fn a_server_that_answers_in_between_stays() {
    let pool = Pool::start(1, passive).await;
    for answer in [BROKEN, WELL, BROKEN, WELL, BROKEN] {
        pool.servers[0].answers(answer);
        pool.get("/public/x", &[]).await;
    }
    let metrics = pool.gateway.gateway.metrics().render();
    assert!(!metrics.contains("left_out_total{"), "{metrics}");
}

#[tokio::test]
async fn the_last_server_is_never_left_out() {
    let pool = Pool::start(2, passive).await;
    for server in &pool.servers {
        server.answers(BROKEN);
    }
    for _ in 0..12 {
        let (answer, server) = pool.get("/public/x", &[]).await;
        assert_eq!((answer.status, server.is_some()), (500, true));
    }
}

/// A client's fault is not the server's.
#[tokio::test]
async fn answers_of_4xx_leave_nobody_out() {
    let pool = Pool::start(2, passive).await;
    pool.servers[0].answers(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    for _ in 0..8 {
        pool.get("/public/x", &[]).await;
    }
    assert_eq!(pool.counts(), [4, 4]);
}

#[tokio::test]
async fn a_server_that_takes_no_connections_is_not_tried_every_time() {
    let dead = Dead::hold();
    let gateway = TestGateway::with(|settings| {
        settings.upstreams[0].servers.push(dead.address.to_string());
        passive(settings);
    })
    .await;
    for _ in 0..20 {
        assert_eq!(gateway.get("/public/x", &[]).await.status, 200);
    }
    let metrics = gateway.gateway.metrics().render();
    let tries = r#"cellgate_upstream_requests_total{outcome="connect_error",upstream="u"} 2"#;
    assert!(metrics.contains(tries), "{metrics}");
}

#[tokio::test]
async fn a_key_goes_to_another_server_while_its_own_is_left_out() {
    let pool = Pool::start(2, |settings| {
        settings.upstreams[0].balance = Balance::Address;
        passive(settings);
    })
    .await;
    let own = pool.server_of("192.0.2.1").await;
    pool.servers[own].answers(BROKEN);
    for _ in 0..2 {
        assert_eq!(pool.server_of("192.0.2.1").await, own);
    }

    assert_eq!(pool.server_of("192.0.2.1").await, 1 - own);
    pool.servers[own].answers(WELL);
    pool.gateway.clock.advance(Duration::from_secs(10));
    assert_eq!(pool.server_of("192.0.2.1").await, own, "and comes back");
}

#[tokio::test]
async fn an_upstream_serves_no_more_at_once_than_it_may() {
    let bounded = |settings: &mut Settings| settings.upstreams[0].max_in_flight = Some(1);
    let (mut gateway, listener) = played_with(Protocol::Http1, bounded).await;
    let mut client = gateway.connect().await;
    let request = "GET /public/x HTTP/1.1\r\nHost: a.test\r\n\r\n";
    client.write(request).await;
    let mut upstream = begin_events(&listener).await;
    client.head().await;

    let full = gateway.get("/opt/x", &[]).await;
    assert_eq!(full.status, 503, "over all routes");
    assert_eq!(full.field("retry-after"), Some("1"));
    assert_eq!(full.json()["status"], 503);
    assert_eq!(gateway.get("/whoami", &[]).await.status, 200, "not its own");
    // A new configuration has other upstreams, but the server is as busy as before.
    gateway.reload_upstreams();
    assert_eq!(gateway.get("/public/x", &[]).await.status, 503);

    upstream.write_all(b"0\r\n\r\n").await.unwrap();
    client.until(b"0\r\n\r\n").await;
    let mut other = gateway.connect().await;
    other.write(request).await;
    until(&mut upstream, "\r\n\r\n").await;
    upstream.write_all(WELL).await.unwrap();
    assert_eq!(other.answer().await.status, 200);
}
