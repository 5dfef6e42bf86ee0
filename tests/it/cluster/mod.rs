//! Several nodes over one PostgreSQL behind one load balancer: nobody can tell which one answered.

mod duties;
mod figures;
mod limits;
mod restart;

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{
    Answer, Browser, Edge, Site, Tokens, component, exchange, free_port, postgres,
};

const N_NODES: usize = 3;

/// A key file, the same for every node.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";

/// Longer than what other nodes revoked takes to be looked for without being announced.
const POLLED: Duration = Duration::from_secs(15);

struct Cluster {
    nodes: Vec<Edge>,
    /// The load balancer.
    site: Site,
    balancer: Child,
    database: postgres::PostgresServer,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.balancer.kill());
        drop(self.balancer.wait());
    }
}

/// PostgreSQL's programs, or a word that they are missing.
fn programs() -> Option<std::path::PathBuf> {
    match postgres::programs() {
        Some(programs) => Some(programs),
        // Says aloud where it would be, or fails where it has to be.
        None => component("initdb").map(|file| file.parent().unwrap().to_owned()),
    }
}

impl Cluster {
    /// Three nodes behind HAProxy, configured as `examples/cluster` says.
    fn start(more_state: &str) -> Option<Self> {
        Self::start_with(|yaml| yaml.replacen("\nstate:\n", &format!("\nstate:\n{more_state}"), 1))
    }

    /// The same with what `change` makes of the configuration.
    fn start_with(change: impl FnOnce(&str) -> String) -> Option<Self> {
        let (programs, haproxy) = (programs()?, component("haproxy")?);
        let database = postgres::PostgresServer::start(&programs, None);
        let port = free_port();
        let example = fs::read_to_string(example("cellgate.yaml")).unwrap();
        let (proxies, _) = example.split_once("\nstate:").unwrap();
        let (_, proxies) = proxies.split_once("trusted_proxies:").unwrap();
        let demo = include_str!("../../../config/demo.yaml");
        let (head, rest) = demo.split_once("state:\n").unwrap();
        let (_, rest) = rest.split_once("\nprovider:").unwrap();
        let yaml = format!(
            "{head}trusted_proxies:{proxies}\nstate:\n  key_file: ./data/demo/cellgate.key\n  \
             postgres: {{servers: ['{}']}}\n\nprovider:{rest}",
            database.socket().display()
        );
        let yaml = yaml.replace(
            "issuer: http://127.0.0.1:9480/",
            &format!("issuer: http://127.0.0.1:{port}/"),
        );
        let yaml = change(&yaml);
        let nodes: Vec<_> = (0..N_NODES).map(|_| node(&yaml)).collect();
        let balancer = balance(&haproxy, port, &nodes);
        Some(Self {
            site: Site::behind(SocketAddr::from(([127, 0, 0, 1], port))),
            nodes,
            balancer,
            database,
        })
    }

    /// A request of this browser's to one node, as the load balancer sends it.
    async fn at(&self, node: usize, method: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let node = &self.nodes[node];
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = node
            .http
            .request(method.parse().unwrap(), node.url(path))
            .header("host", self.site.address.to_string())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        node.send(request).await
    }

    /// What one node answers to a request with this token.
    async fn status(&self, node: usize, tokens: &Tokens) -> u16 {
        let answer = self.nodes[node].get_with("/api/x", &tokens.access_token);
        answer.await.status.as_u16()
    }

    /// Signs in, and out at the first node, and says how long the last one goes on letting the token in.
    async fn until_refused(&self) -> Duration {
        let tokens = self.site.sign_in("alice").tokens().await;
        self.until_known(&tokens).await
    }

    /// The same of a sign-in that brought `tokens`.
    async fn until_known(&self, tokens: &Tokens) -> Duration {
        assert_eq!(self.status(2, tokens).await, 200);
        let hint = tokens.id_token.as_deref().unwrap();
        let path = format!("/oidc/oauth2/sessions/logout?id_token_hint={hint}");
        self.at(0, "GET", &path, &[]).await.assert_status(200);
        let start = Instant::now();
        assert_eq!(
            self.status(0, tokens).await,
            401,
            "where it was signed out, at once"
        );
        while self.status(2, tokens).await == 200 {
            assert!(start.elapsed() < POLLED, "never");
        }
        start.elapsed()
    }
}

fn example(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/cluster")
        .join(name)
}

fn node(yaml: &str) -> Edge {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let key = data.join("cellgate.key");
    fs::write(&key, KEY).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&key, mode).unwrap();
    Edge::start_in(folder, yaml, "info")
}

/// HAProxy with `examples/cluster/haproxy.cfg`, between ports of this test.
fn balance(haproxy: &Path, port: u16, nodes: &[Edge]) -> Child {
    let mut config = fs::read_to_string(example("haproxy.cfg")).unwrap();
    config = config.replace("127.0.0.1:8000", &format!("127.0.0.1:{port}"));
    for (number, node) in (1..).zip(nodes) {
        config = config
            .replace(&format!("127.0.0.1:800{number}"), &node.address.to_string())
            .replace(
                &format!("port 900{number}"),
                &format!("port {}", node.admin.port()),
            );
    }
    let file = nodes[0].folder.path().join("haproxy.cfg");
    fs::write(&file, config).unwrap();
    let process = Command::new(haproxy)
        .args(["-db", "-f"])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "haproxy does not listen"
        );
        std::thread::yield_now();
    }
    process
}

/// Page, password, code, tokens, userinfo, refresh: each step at another node than the one before.
#[tokio::test]
async fn a_sign_in_with_each_request_at_another_node() {
    let Some(cluster) = Cluster::start("") else {
        return;
    };

    let tokens = cluster.site.sign_in("alice").tokens().await;
    for _ in 0..N_NODES {
        let answer = cluster.site.get_with("/api/x", &tokens.access_token).await;
        answer.assert_status(200);
        let answer = cluster
            .site
            .get_with("/oidc/userinfo", &tokens.access_token)
            .await;
        answer.assert_status(200);
    }
    let mut tokens = tokens;
    for _ in 0..4 {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens.refresh_token.as_deref().unwrap()),
            ("client_id", "demo-app"),
        ];
        tokens = Tokens::read(&cluster.site.token(&form).await.assert_status(200));
    }
    for node in 0..N_NODES {
        assert_eq!(cluster.status(node, &tokens).await, 200);
        let log = cluster.nodes[node].log();
        let n_requests = log.matches("\"target\":\"access\"").count();
        assert!(
            n_requests > 2,
            "node {node} was asked {n_requests} times:\n{log}"
        );
    }
}

#[tokio::test]
async fn one_code_is_redeemed_by_one_of_a_hundred_at_three_nodes() {
    let Some(cluster) = Cluster::start("") else {
        return;
    };
    let code = cluster.site.sign_in("alice").code().await;
    let form = exchange(&code);

    let attempts = (0..100).map(|n| cluster.at(n % N_NODES, "POST", "/oidc/oauth2/token", &form));
    let answers = futures_util::future::join_all(attempts).await;

    let n_with = |status| answers.iter().filter(|it| it.status == status).count();
    assert_eq!(n_with(200), 1, "{answers:#?}");
    // Whoever could not be told in time may ask again.
    assert_eq!(n_with(400) + n_with(503), 99, "{answers:#?}");
    assert!(n_with(400) > 0, "{answers:#?}");
}

#[tokio::test]
async fn a_sign_out_at_one_node_is_known_at_the_others() {
    let Some(cluster) = Cluster::start("") else {
        return;
    };

    let announced: Vec<_> = [
        cluster.until_refused().await,
        cluster.until_refused().await,
        cluster.until_refused().await,
        cluster.until_refused().await,
    ]
    .into();
    // Each alone could be a lucky look; four are none.
    let longest = announced.iter().max().unwrap();
    assert!(*longest < Duration::from_secs(2), "{announced:?}");

    let mute = "ALTER TABLE revocations DISABLE TRIGGER revocations_announced";
    cluster.database.sql("cellgate", mute);
    cluster.until_refused().await;
}

/// A new key comes to every node, whoever made it.
#[tokio::test]
async fn a_key_made_by_the_command_line_is_published_by_every_node() {
    let Some(cluster) = Cluster::start("") else {
        return;
    };
    let config = cluster.nodes[0].folder.path().join("cellgate.yaml");
    let published = async |node: usize| {
        let keys = cluster
            .at(node, "GET", "/oidc/.well-known/jwks.json", &[])
            .await;
        let keys: serde_json::Value = serde_json::from_str(&keys.assert_status(200).body).unwrap();
        keys["keys"].as_array().unwrap().len()
    };
    let before = published(2).await;

    let rotated = Command::new(env!("CARGO_BIN_EXE_cellgate"))
        .args(["keys", "rotate", "--config"])
        .arg(&config)
        .current_dir(cluster.nodes[0].folder.path())
        .status()
        .unwrap();
    assert!(rotated.success());

    for node in 0..N_NODES {
        let start = Instant::now();
        while published(node).await == before {
            assert!(start.elapsed() < POLLED, "node {node}");
        }
    }
}

/// What was issued goes on; what would have to be written down is asked to come back.
#[tokio::test]
async fn a_database_that_is_away_ends_no_session_and_lets_nobody_in_twice() {
    let Some(mut cluster) = Cluster::start("") else {
        return;
    };
    let tokens = cluster.site.sign_in("alice").tokens().await;
    let code = cluster.site.sign_in("alice").code().await;
    let form = exchange(&code);

    cluster.database.crash();
    for node in 0..N_NODES {
        assert_eq!(cluster.status(node, &tokens).await, 200);
        cluster.nodes[node]
            .admin("/readyz")
            .await
            .assert_status(200);
        let refused = cluster.at(node, "POST", "/oidc/oauth2/token", &form).await;
        refused.assert_status(503).header("retry-after");
    }
    let url = cluster.site.sign_in("alice").url();
    let page = Browser::default().get(&cluster.site, &url).await;
    page.assert_status(503).header("retry-after");
    let metrics = cluster.nodes[0].admin("/metrics").await.body;
    assert!(
        metrics.contains("\ncellgate_state_age_seconds "),
        "{metrics}"
    );

    cluster.database.start_again();
    let first = once_it_is_back(&cluster, 0, &form).await;
    first.assert_status(200);
    for node in 0..N_NODES {
        let again = once_it_is_back(&cluster, node, &form).await;
        again.assert_status(400);
    }
    let mut browser = Browser::default();
    let answer = cluster.site.sign_in("bob").submit_in(&mut browser).await;
    answer.assert_status(303);
}

/// What a node says of a token request when it has noticed that its database is back: each for itself,
/// since none asks again in the moment after it found nobody.
async fn once_it_is_back(cluster: &Cluster, node: usize, form: &[(&str, &str)]) -> Answer {
    let start = Instant::now();
    loop {
        let answer = cluster.at(node, "POST", "/oidc/oauth2/token", form).await;
        if answer.status != 503 {
            return answer;
        }
        assert!(start.elapsed() < POLLED, "{answer:#?}");
    }
}

/// For how long, the operator says.
#[tokio::test]
async fn nobody_is_let_in_by_what_was_known_too_long_ago() {
    let Some(mut cluster) = Cluster::start("  stale_after_s: 10\n") else {
        return;
    };
    let tokens = cluster.site.sign_in("alice").tokens().await;

    cluster.database.crash();
    let start = Instant::now();
    assert_eq!(cluster.status(1, &tokens).await, 200);
    while cluster.status(1, &tokens).await == 200 {
        assert!(start.elapsed() < Duration::from_secs(40));
    }
    assert!(
        start.elapsed() > Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(cluster.status(1, &tokens).await, 503);
    cluster.nodes[1].admin("/readyz").await.assert_status(503);

    cluster.database.start_again();
    let start = Instant::now();
    while cluster.status(1, &tokens).await != 200 {
        assert!(start.elapsed() < Duration::from_secs(40));
    }
}
