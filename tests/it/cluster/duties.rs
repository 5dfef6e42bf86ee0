//! What one node does for all, and that another one does it when that node is gone.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{Cluster, N_NODES, POLLED};
use crate::support::{Edge, Recorder, Tokens, claims};

/// Longer than anything takes here.
const DEADLINE: Duration = Duration::from_secs(60);

/// Whether the node does `duty` for all.
async fn has(node: &Edge, duty: &str) -> bool {
    let metrics = node.admin("/metrics").await.assert_status(200).body;
    metrics.contains(&format!("\ncellgate_duty_held{{duty=\"{duty}\"}} 1\n"))
}

/// Waits until exactly one of `nodes` does `duty`: its place among them.
async fn holder(nodes: &[Edge], duty: &str) -> usize {
    let start = Instant::now();
    loop {
        let mut held = Vec::new();
        for (place, node) in nodes.iter().enumerate() {
            if has(node, duty).await {
                held.push(place);
            }
        }
        assert!(held.len() <= 1, "{duty}: {held:?}");
        if let [place] = held[..] {
            return place;
        }
        assert!(start.elapsed() < DEADLINE, "nobody has {duty}");
    }
}

#[tokio::test]
async fn the_work_of_a_node_that_is_gone_is_done_by_another() {
    let Some(mut cluster) = Cluster::start("") else {
        return;
    };
    holder(&cluster.nodes, "keys").await;
    let first = holder(&cluster.nodes, "garbage").await;

    // It is heard of no more.
    drop(cluster.nodes.remove(first).kill());
    let second = holder(&cluster.nodes, "garbage").await;
    holder(&cluster.nodes, "keys").await;

    // It says so, and is followed at once.
    let mut node = cluster.nodes.remove(second);
    node.signal("TERM");
    let start = Instant::now();
    let (_, code) = node.last_words();
    assert_eq!(code, Some(0));
    holder(&cluster.nodes, "garbage").await;
    holder(&cluster.nodes, "keys").await;
    assert!(
        start.elapsed() < Duration::from_secs(13),
        "{:?}",
        start.elapsed()
    );
}

/// A key that signs at once, made by the command line while nothing is announced: the node that has
/// seen it issues under it, and no other one refuses what it issued.
#[tokio::test]
async fn no_token_is_refused_because_a_node_has_not_heard_of_its_key() {
    let Some(cluster) = Cluster::start("") else {
        return;
    };
    let mute = "ALTER TABLE signing_keys DISABLE TRIGGER signing_keys_announced";
    cluster.database.sql("cellgate", mute);
    let mut tokens = cluster.site.sign_in("alice").tokens().await;
    for round in 0..3 {
        let before = key_of(&tokens);
        let rotated = std::process::Command::new(env!("CARGO_BIN_EXE_cellgate"))
            .args(["keys", "rotate", "--compromised", "--config"])
            .arg(cluster.nodes[0].folder.path().join("cellgate.yaml"))
            .current_dir(cluster.nodes[0].folder.path())
            .status()
            .unwrap();
        assert!(rotated.success());

        let start = Instant::now();
        while key_of(&tokens) == before {
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", tokens.refresh_token.as_deref().unwrap()),
                ("client_id", "demo-app"),
            ];
            let answer = cluster.at(0, "POST", "/oidc/oauth2/token", &form).await;
            tokens = Tokens::read(&answer.assert_status(200));
            // Asking for the keys is one way to make a node look for them.
            let keys = "/oidc/.well-known/jwks.json";
            cluster.at(0, "GET", keys, &[]).await.assert_status(200);
            assert!(start.elapsed() < POLLED, "round {round}");
        }
        for node in (0..N_NODES).rev() {
            assert_eq!(cluster.status(node, &tokens).await, 200, "node {node}");
        }
    }
}

fn key_of(tokens: &Tokens) -> String {
    let (header, _) = tokens.access_token.split_once('.').unwrap();
    header.to_owned()
}

/// `demo-app` is told of sign-outs at `address`, and has a second to answer.
fn told_at(yaml: &str, address: std::net::SocketAddr) -> String {
    let anchor = "      post_logout_redirect_uris: [\"http://127.0.0.1:9482/\"]\n";
    let uri = format!("{anchor}      backchannel_logout_uri: http://{address}/logout\n");
    yaml.replacen(anchor, &uri, 1).replacen(
        "\nprovider:\n",
        "\nprovider:\n  back_channel_logout: {timeout_s: 1}\n",
        1,
    )
}

impl Cluster {
    async fn sign_out_at(&self, node: usize, tokens: &Tokens) {
        let hint = tokens.id_token.as_deref().unwrap();
        let path = format!("/oidc/oauth2/sessions/logout?id_token_hint={hint}");
        self.at(node, "GET", &path, &[]).await.assert_status(200);
    }

    /// How often all nodes together told somebody of a sign-out.
    async fn n_told(&self) -> u64 {
        let line = "cellgate_logout_tokens_total{outcome=\"delivered\"} ";
        let mut n_told = 0;
        for node in &self.nodes {
            let metrics = node.admin("/metrics").await.body;
            let value = metrics.lines().find_map(|it| it.strip_prefix(line));
            n_told += value.map_or(0, |value| value.parse::<u64>().unwrap());
        }
        n_told
    }
}

/// Every node looks into the outbox at once and again.
#[tokio::test]
async fn an_application_is_told_of_a_sign_out_by_one_node() {
    let client = Recorder::start().await;
    let address = client.address;
    let Some(cluster) = Cluster::start_with(|yaml| told_at(yaml, address)) else {
        return;
    };
    let mut expected = Vec::new();
    for n in 0..9 {
        let tokens = cluster.site.sign_in("alice").tokens().await;
        let sid = claims(tokens.id_token.as_deref().unwrap())["sid"].clone();
        expected.push(sid.as_str().unwrap().to_owned());
        cluster.sign_out_at(n % N_NODES, &tokens).await;
    }

    let mut told = Vec::new();
    while told.len() < expected.len() {
        let form = client.next_body().await;
        let token = form.strip_prefix("logout_token=").unwrap().to_owned();
        told.push(claims(&token)["sid"].as_str().unwrap().to_owned());
    }
    let outbox = "SELECT count(*) FROM logout_notices";
    let start = Instant::now();
    while cluster.database.sql("cellgate", outbox) != "0" {
        assert!(start.elapsed() < DEADLINE);
    }
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    assert_eq!(
        client.heads().len(),
        expected.len(),
        "somebody was told twice"
    );
    assert_eq!(cluster.n_told().await, 9);
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut buffer = [0; 4096];
        let n = stream.read(&mut buffer).await.unwrap();
        assert!(n > 0, "it hung up");
        bytes.extend_from_slice(&buffer[..n]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The node that was telling is killed before it had an answer.
#[tokio::test]
async fn a_sign_out_is_told_by_another_node_when_the_one_that_told_it_dies() {
    let client = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = client.local_addr().unwrap();
    let Some(mut cluster) = Cluster::start_with(|yaml| told_at(yaml, address)) else {
        return;
    };
    let tokens = cluster.site.sign_in("alice").tokens().await;
    cluster.sign_out_at(0, &tokens).await;
    let (mut first, _) = timeout(DEADLINE, client.accept()).await.unwrap().unwrap();
    assert!(read_head(&mut first).await.starts_with("POST /logout "));

    // Whoever ended the session tells of it first.
    drop(cluster.nodes.remove(0).kill());

    let (mut second, _) = timeout(DEADLINE, client.accept()).await.unwrap().unwrap();
    assert!(read_head(&mut second).await.starts_with("POST /logout "));
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    second.write_all(answer).await.unwrap();
    let start = Instant::now();
    while cluster.n_told().await == 0 {
        assert!(start.elapsed() < DEADLINE);
    }
    assert_eq!(cluster.n_told().await, 1);
}
