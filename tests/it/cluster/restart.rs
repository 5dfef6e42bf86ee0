//! Nodes that are restarted one after the other, and one that dies, while everybody works.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};

use super::{Cluster, N_NODES};
use crate::support::{Answer, Browser, Edge, Site, Tokens, exchange};

/// How long somebody who works tries again before giving up.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of the work of everybody.
#[derive(Debug, Default)]
struct Work {
    is_over: AtomicBool,
    /// Rounds of each worker.
    rounds: [AtomicUsize; 6],
    /// Requests that had to be sent again.
    n_again: AtomicUsize,
}

impl Work {
    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    /// Waits until everybody has done `n` rounds more.
    async fn for_rounds(&self, n: usize) {
        let before = self.rounds.each_ref().map(|it| it.load(Ordering::Relaxed));
        let start = Instant::now();
        let is_done = || {
            let pairs = self.rounds.iter().zip(&before);
            pairs.fold(true, |all, (now, before)| {
                all && now.load(Ordering::Relaxed) >= before + n
            })
        };
        while !is_done() {
            assert!(start.elapsed() < 4 * PATIENCE, "somebody stands still");
            tokio::task::yield_now().await;
        }
    }

    /// Sends until there is an answer that is one: not 502, 503 or 504, and not none.
    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let start = Instant::now();
        loop {
            let again = request.try_clone().expect("it has no stream");
            match again.send().await {
                Ok(answer) if !is_elsewhere(answer.status()) => return Answer::read(answer).await,
                Ok(_) | Err(_) => drop(self.n_again.fetch_add(1, Ordering::Relaxed)),
            }
            assert!(start.elapsed() < PATIENCE, "no answer");
        }
    }
}

fn is_elsewhere(status: StatusCode) -> bool {
    matches!(status.as_u16(), 502..=504)
}

/// Asks with its token, again and again: a request that may be repeated.
async fn ask(site: Site, work: Arc<Work>, me: usize) {
    let tokens = site.sign_in("alice").tokens().await;
    while work.goes_on() {
        let request = site.http.get(site.url("/api/x"));
        let answer = work.send(request.bearer_auth(&tokens.access_token)).await;
        answer.assert_status(200);
        work.rounds[me].fetch_add(1, Ordering::Relaxed);
    }
}

/// Refreshes, again and again: what was not answered is sent again, with the same token.
async fn refresh(site: Site, work: Arc<Work>, me: usize) {
    let mut tokens = site.sign_in("bob").tokens().await;
    while work.goes_on() {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens.refresh_token.as_deref().unwrap()),
            ("client_id", "demo-app"),
        ];
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = site
            .http
            .request(Method::POST, site.url("/oidc/oauth2/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        tokens = Tokens::read(&work.send(request).await.assert_status(200));
        work.rounds[me].fetch_add(1, Ordering::Relaxed);
    }
}

/// Signs in to the application, again and again, in a browser that is signed in at the provider; its
/// session must not end.
async fn sign_in(site: Site, work: Arc<Work>, me: usize) {
    let mut browser = Browser::default();
    let first = site.sign_in("alice").submit_in(&mut browser).await;
    first.assert_status(303);
    let url = site.sign_in("alice").url();
    while work.goes_on() {
        let cookies = browser.cookies().iter();
        let cookies: Vec<_> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = site.http.get(&url).header("cookie", cookies.join("; "));
        // No page: nobody has to type a password.
        let answer = work.send(request).await;
        let code = answer
            .assert_status(303)
            .location_parameter("code")
            .unwrap();
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(exchange(&code))
            .finish();
        let request = site
            .http
            .post(site.url("/oidc/oauth2/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        // Not repeated: a code may have been used up. Then it begins anew.
        match request.send().await {
            Ok(answer) if !is_elsewhere(answer.status()) => {
                Answer::read(answer).await.assert_status(200);
                work.rounds[me].fetch_add(1, Ordering::Relaxed);
            }
            Ok(_) | Err(_) => drop(work.n_again.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

/// Starts the node again in its place, and waits until requests come to it.
fn start_again(node: Edge) -> Edge {
    let folder = node.kill();
    let yaml = std::fs::read_to_string(folder.path().join("cellgate.yaml")).unwrap();
    Edge::start_again(folder, &yaml)
}

async fn takes_part(node: &Edge) {
    let start = Instant::now();
    while !node.log().contains("\"target\":\"access\"") {
        assert!(start.elapsed() < 2 * PATIENCE, "nobody asks it");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_and_nobody_signed_out_while_nodes_restart_and_die() {
    let Some(mut cluster) = Cluster::start("") else {
        return;
    };
    let work = Arc::<Work>::default();
    let mut workers = tokio::task::JoinSet::new();
    for me in 0..6 {
        let (site, work) = (cluster.site.clone(), Arc::clone(&work));
        match me {
            0..=1 => workers.spawn(ask(site, work, me)),
            2..=3 => workers.spawn(refresh(site, work, me)),
            _ => workers.spawn(sign_in(site, work, me)),
        };
    }
    work.for_rounds(3).await;

    for n in 0..N_NODES {
        let mut node = cluster.nodes.remove(n);
        node.signal("TERM");
        let ended = tokio::task::spawn_blocking(move || {
            let (log, code) = node.last_words();
            (node, log, code)
        });
        let (node, log, code) = ended.await.unwrap();
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("\"is_idle\":true"), "{log}");
        let started = tokio::task::spawn_blocking(move || start_again(node));
        cluster.nodes.insert(n, started.await.unwrap());
        takes_part(&cluster.nodes[n]).await;
        work.for_rounds(1).await;
    }
    let n_again_restarting = work.n_again.load(Ordering::Relaxed);

    let killed = cluster.nodes.remove(1);
    let killed = tokio::task::spawn_blocking(move || killed.kill());
    let folder = killed.await.unwrap();
    work.for_rounds(5).await;
    let started = tokio::task::spawn_blocking(move || {
        let yaml = std::fs::read_to_string(folder.path().join("cellgate.yaml")).unwrap();
        Edge::start_again(folder, &yaml)
    });
    cluster.nodes.insert(1, started.await.unwrap());
    takes_part(&cluster.nodes[1]).await;
    work.for_rounds(1).await;

    work.is_over.store(true, Ordering::Relaxed);
    while let Some(worker) = workers.join_next().await {
        worker.unwrap();
    }
    // The load balancer sends nothing to a node that is stopped in good order, so nothing is repeated.
    assert_eq!(n_again_restarting, 0);
    let n_again = work.n_again.load(Ordering::Relaxed);
    assert!(n_again < 100, "{n_again}");
}
