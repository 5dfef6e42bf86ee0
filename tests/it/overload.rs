//! Ten times more sign-ins than the users' backend can check: nobody else waits for them.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::cells::stand_in::{SERVICE_TOKEN, StandIn, Switches};
use crate::cells::yaml;
use crate::support::{Edge, Site, Tokens};

/// What one password check takes at the backend, and how many run at once: four a second.
const CHECK: Duration = Duration::from_secs(1);
const CHECKS_AT_ONCE: usize = 4;

/// Ten times as many come.
const EVERY: Duration = Duration::from_millis(25);

/// Requests of each kind that are measured.
const N_MEASURED: usize = 200;

/// What a busy machine may add to twice the p99 of before; the check alone takes four times it.
const NOISE: Duration = Duration::from_millis(if cfg!(debug_assertions) { 250 } else { 10 });

/// Users who come back: a refresh and a request to the API, one after the other.
struct Regular<'e> {
    edge: &'e Edge,
    tokens: Tokens,
}

/// How long the slowest of a hundred took.
#[derive(Debug)]
struct P99 {
    refresh: Duration,
    proxied: Duration,
}

impl Regular<'_> {
    async fn refresh(&mut self) {
        let token = self.tokens.refresh_token.take().expect("it is rotated");
        let answer = self
            .edge
            .token(&[
                ("grant_type", "refresh_token"),
                ("client_id", "demo-app"),
                ("refresh_token", &token),
            ])
            .await;
        self.tokens = Tokens::read(&answer.assert_status(200));
    }

    async fn measure(&mut self) -> P99 {
        let (mut refresh, mut proxied) = (Vec::new(), Vec::new());
        for _ in 0..N_MEASURED {
            let begun = Instant::now();
            self.refresh().await;
            refresh.push(begun.elapsed());
            let begun = Instant::now();
            let answer = self.edge.get_with("/api/x", &self.tokens.access_token);
            answer.await.assert_status(200);
            proxied.push(begun.elapsed());
        }
        P99 {
            refresh: p99(refresh),
            proxied: p99(proxied),
        }
    }
}

fn p99(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    took[took.len() * 99 / 100 - 1]
}

/// Signs in for ever, each time as another user and with a wrong password.
async fn flood(site: Arc<Site>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    // Those that still wait end with the flood.
    let mut attempts = JoinSet::new();
    for n in 0_u64.. {
        ticks.tick().await;
        let site = Arc::clone(&site);
        attempts.spawn(async move {
            let login = format!("user-{n}");
            site.sign_in(&login).password("wrong").submit().await
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refreshes_and_proxied_requests_do_not_wait_for_a_flood_of_sign_ins() {
    let switches = Switches {
        session_delay_ms: 0,
        ..Switches::default()
    };
    let cells = StandIn::start(switches.clone()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("service.token");
    std::fs::write(&token, SERVICE_TOKEN).unwrap();
    let sign_in = format!("checks_at_once: {CHECKS_AT_ONCE}, failures_per_address: 100000");
    let more = format!(
        ", timeout_s: 10, service_token_file: \"{}\"",
        token.display()
    );
    let edge = Edge::start(&format!(
        "limits: {{ connections_per_address: 4096 }}\n{}",
        yaml(&cells, &sign_in, &more)
    ));
    let tokens = edge.sign_in("alice").tokens().await;
    let mut regular = Regular {
        edge: &edge,
        tokens,
    };

    let before = regular.measure().await;
    cells.set(Switches {
        session_delay_ms: u64::try_from(CHECK.as_millis()).unwrap(),
        ..switches
    });
    let n_checked = cells.n_sign_ins();
    let flooding = tokio::spawn(flood(Arc::new(Site::clone(&edge))));
    let begun = Instant::now();
    while cells.n_sign_ins() < n_checked + CHECKS_AT_ONCE {
        regular.refresh().await;
    }
    let during = regular.measure().await;
    flooding.abort();

    drop(writeln!(
        std::io::stderr(),
        "p99 before {before:?}, under ten times the sign-ins {during:?}"
    ));
    let n_possible = usize::try_from(begun.elapsed().as_secs() + 1).unwrap() * CHECKS_AT_ONCE;
    let n_checked = cells.n_sign_ins() - n_checked;
    assert!(n_checked <= n_possible, "{n_checked} of {n_possible}");
    for (what, before, during) in [
        ("refresh", before.refresh, during.refresh),
        ("proxied", before.proxied, during.proxied),
    ] {
        assert!(
            during <= before * 2 + NOISE,
            "{what}: {before:?}, {during:?}"
        );
    }
}
