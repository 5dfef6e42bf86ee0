//! Acknowledged is acknowledged, whatever is killed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{refresh, start_again};
use crate::support::{Browser, Edge, Tokens, component, exchange, postgres};

const DEMO: &str = include_str!("../../../config/demo.yaml");

/// The demo, with a client that asks its users, and with registration for anybody.
fn yaml() -> String {
    DEMO.replacen(
        "      name: Demo service\n",
        "      name: Demo service\n      consent: remembered\n",
        1,
    )
    .replacen(
        "provider:\n",
        "provider:\n  registration: {mode: open}\n",
        1,
    )
}

/// Something that was acknowledged.
enum Acknowledged {
    Redemption(String),
    Rotation(Tokens, Tokens),
    Consent(Browser),
    Revocation(Tokens),
    Registration(Value),
}

const N_KINDS: usize = 5;

impl Acknowledged {
    /// Has something done by a user, and waits for the answer.
    async fn next(edge: &Edge, login: &str, kind: usize) -> Self {
        match kind {
            0 => {
                let code = edge.sign_in(login).code().await;
                edge.token(&exchange(&code)).await.assert_status(200);
                Self::Redemption(code)
            }
            1 => {
                let old = edge.sign_in(login).tokens().await;
                let new = edge.token(&refresh(&old)).await.assert_status(200);
                Self::Rotation(old, Tokens::read(&new))
            }
            2 => {
                let mut browser = Browser::default();
                let page = ask_for_service(edge, login, &mut browser).await;
                let page = page.assert_status(200);
                let answer = browser.submit(edge, &page, &[("decision", "allow")]).await;
                answer
                    .assert_status(303)
                    .location_parameter("code")
                    .unwrap();
                Self::Consent(browser)
            }
            3 => {
                let tokens = edge.sign_in(login).tokens().await;
                edge.revoke(&tokens.access_token).await.assert_status(200);
                Self::Revocation(tokens)
            }
            _ => {
                let discovery = edge
                    .get("/oidc/.well-known/openid-configuration")
                    .await
                    .json();
                let endpoint = discovery["registration_endpoint"].as_str().unwrap();
                let metadata = json!({ "redirect_uris": ["https://app.example/cb"] });
                let request = edge.http.post(endpoint).json(&metadata);
                let answer = edge.send(request).await.assert_status(201);
                Self::Registration(answer.json())
            }
        }
    }

    /// Asserts that it still holds.
    async fn holds(self, edge: &Edge) {
        match self {
            Self::Redemption(code) => {
                let again = edge.token(&exchange(&code)).await;
                again.assert_refused(400, "invalid_grant");
            }
            Self::Rotation(old, new) => {
                edge.token(&refresh(&new)).await.assert_status(200);
                let again = edge.token(&refresh(&old)).await;
                again.assert_refused(400, "invalid_grant");
            }
            Self::Consent(mut browser) => {
                let url = edge
                    .sign_in("alice")
                    .parameter("client_id", "demo-service")
                    .url();
                let answer = browser.get(edge, &url).await.assert_status(303);
                assert!(answer.location_parameter("code").is_some(), "{answer:?}");
            }
            Self::Revocation(tokens) => {
                edge.get_with("/api/x", &tokens.access_token)
                    .await
                    .assert_challenged(401, Some("invalid_token"));
            }
            Self::Registration(client) => {
                let member = |name: &str| client[name].as_str().unwrap().to_owned();
                let request = edge.http.get(member("registration_client_uri"));
                let token = member("registration_access_token");
                edge.send(request.bearer_auth(token))
                    .await
                    .assert_status(200);
            }
        }
    }
}

/// What a user gets who signs in to the client that asks.
async fn ask_for_service(
    edge: &Edge,
    login: &str,
    browser: &mut Browser,
) -> crate::support::Answer {
    let answer = edge
        .sign_in(login)
        .parameter("client_id", "demo-service")
        .submit_in(browser)
        .await;
    if answer.status != 303 {
        return answer;
    }
    let next = answer.location();
    browser.get(edge, next.as_str()).await
}

/// Each kind right before `kill -9` of the process.
#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_of_the_process() {
    let mut edge = Edge::start(&yaml());
    for kind in 0..N_KINDS {
        let done = Acknowledged::next(&edge, "alice", kind).await;
        edge = start_again(edge.kill());
        done.holds(&edge).await;
    }
}

/// The same over PostgreSQL, whose processes are killed: those of the sessions, then all.
#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_of_the_server() {
    let programs = match postgres::programs() {
        Some(programs) => programs,
        None => match component("initdb") {
            Some(file) => file.parent().unwrap().to_owned(),
            None => return,
        },
    };
    let mut server = postgres::PostgresServer::start(&programs, None);
    let yaml = yaml();
    let (head, rest) = yaml.split_once("state:\n").unwrap();
    let (_, rest) = rest.split_once("\nprovider:").unwrap();
    let socket = server.socket().display();
    let mut edge = Edge::start(&format!(
        "{head}state:\n  key_file: ./data/demo/cellgate.key\n  postgres: {{servers: ['{socket}']}}\n\
         \nprovider:{rest}"
    ));
    for kind in 0..N_KINDS {
        let done = Acknowledged::next(&edge, "alice", kind).await;
        kill_sessions(&server);
        until_it_answers(&edge).await;
        done.holds(&edge).await;

        let done = Acknowledged::next(&edge, "bob", kind).await;
        kill_all(&mut server);
        server.start_again();
        until_it_answers(&edge).await;
        done.holds(&edge).await;
    }
    let done = Acknowledged::next(&edge, "alice", 0).await;
    edge = start_again(edge.kill());
    done.holds(&edge).await;
}

/// Waits until the state can be asked again: a token that nobody has is unknown, not unknowable.
async fn until_it_answers(edge: &Edge) {
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "demo-app"),
        ("refresh_token", "nobody-has-it"),
    ];
    let mut n_tries = 0;
    while edge.token(&form).await.status != 400 {
        n_tries += 1;
        assert!(n_tries < 100_000, "it does not come back");
    }
}

fn kill(pid: &str) {
    drop(
        Command::new("kill")
            .args(["-9", pid])
            .stderr(Stdio::null())
            .status(),
    );
}

fn kill_sessions(server: &postgres::PostgresServer) {
    let ours = "SELECT pid FROM pg_stat_activity WHERE application_name = 'cellgate'";
    let sessions = server.sql("cellgate", ours);
    assert!(!sessions.is_empty());
    sessions.lines().for_each(kill);
}

/// Kills every process of the server, and waits until they are gone.
fn kill_all(server: &mut postgres::PostgresServer) {
    let file = server.socket().join("data/postmaster.pid");
    let file = fs::read_to_string(file).unwrap();
    let parent = file.lines().next().unwrap();
    let children = children_of(parent);
    assert!(children.len() > 3, "{children:?}");
    // Stopped first, so that none can tidy up when another one is gone.
    server.signal_all("STOP");
    server.signal_all("KILL");
    server.crash();
    for child in children {
        let stat = Path::new("/proc").join(child).join("stat");
        while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            std::thread::yield_now();
        }
    }
}

fn children_of(parent: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|name| {
            let stat = fs::read_to_string(format!("/proc/{name}/stat")).unwrap_or_default();
            let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
            after_name.split_whitespace().nth(1) == Some(parent)
        })
        .collect()
}
