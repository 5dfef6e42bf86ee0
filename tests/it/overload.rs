//! Ten times more sign-ins than the users' backend can check: nobody else waits for them.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
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

/// What a busy machine may add to twice the p99 of the one that is left alone; the check alone takes
/// many times it.
const NOISE: Duration = Duration::from_millis(if cfg!(debug_assertions) { 50 } else { 10 });

/// Users who come back: a refresh and a request to the API, one after the other.
struct Regular<'e> {
    edge: &'e Edge,
    tokens: Tokens,
}

/// How long each request of a kind took.
#[derive(Default)]
struct Took {
    refresh: Vec<Duration>,
    proxied: Vec<Duration>,
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

    /// One of each kind.
    async fn come_back(&mut self, took: &mut Took) {
        let begun = Instant::now();
        self.refresh().await;
        took.refresh.push(begun.elapsed());
        let begun = Instant::now();
        let answer = self.edge.get_with("/api/x", &self.tokens.access_token);
        answer.await.assert_status(200);
        took.proxied.push(begun.elapsed());
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

/// A server, and its users' backend.
struct Fixture {
    edge: Edge,
    cells: StandIn,
    _folder: TempDir,
}

impl Fixture {
    async fn start() -> Self {
        let cells = StandIn::start(Switches::default()).await.unwrap();
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
        Self {
            edge,
            cells,
            _folder: folder,
        }
    }

    async fn regular(&self) -> Regular<'_> {
        Regular {
            edge: &self.edge,
            tokens: self.edge.sign_in("alice").tokens().await,
        }
    }
}

/// Two servers are asked in turn, one of them flooded: whatever else this machine does in the
/// meantime, it does to both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refreshes_and_proxied_requests_do_not_wait_for_a_flood_of_sign_ins() {
    let (alone, flooded) = (Fixture::start().await, Fixture::start().await);
    let (mut at_ease, mut beside) = (alone.regular().await, flooded.regular().await);
    let begun = Instant::now();
    flooded.cells.set(Switches {
        session_delay_ms: u64::try_from(CHECK.as_millis()).unwrap(),
        ..Switches::default()
    });
    let n_before = flooded.cells.n_sign_ins();
    let n_checked = || flooded.cells.n_sign_ins() - n_before;
    let flooding = tokio::spawn(flood(Arc::new(Site::clone(&flooded.edge))));
    while n_checked() < CHECKS_AT_ONCE {
        beside.refresh().await;
    }
    let n_when_full = n_checked();

    let (mut without, mut during) = (Took::default(), Took::default());
    for _ in 0..N_MEASURED {
        at_ease.come_back(&mut without).await;
        beside.come_back(&mut during).await;
    }

    assert!(!flooding.is_finished(), "the flood lasts");
    flooding.abort();
    let n_checked = n_checked();
    let n_possible = usize::try_from(begun.elapsed().as_secs() + 1).unwrap() * CHECKS_AT_ONCE;
    assert!(
        n_when_full < n_checked,
        "the backend was asked all the time"
    );
    assert!(n_checked <= n_possible, "{n_checked} of {n_possible}");
    for (what, without, during) in [
        ("refresh", without.refresh, during.refresh),
        ("proxied", without.proxied, during.proxied),
    ] {
        let (without, during) = (p99(without), p99(during));
        drop(writeln!(
            std::io::stderr(),
            "{what}: p99 {without:?}, beside ten times the sign-ins {during:?}"
        ));
        assert!(
            during <= without * 2 + NOISE,
            "{what}: {without:?}, {during:?}"
        );
    }
}
