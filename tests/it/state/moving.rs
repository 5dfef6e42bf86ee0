//! `cellgate copy-state` and `cellgate keys rekey`.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{begin, cellgate, is_signed_in, refresh, start_again};
use crate::support::{Browser, Edge, Tokens, component, postgres};

/// Every sealed column of the demo's state.
const SEALED: &str = "SELECT sealed FROM secrets UNION ALL SELECT sealed FROM signing_keys";

const DEMO: &str = include_str!("../../../config/demo.yaml");

/// The demo, with an application that browsers sign in to.
fn yaml() -> String {
    let application = "\nroutes:\n  - {name: docs, host: 127.0.0.1, path: /docs/, authentication: \
                       sign_in, whoami: true}\n";
    DEMO.replacen("\nroutes:\n", application, 1)
}

/// PostgreSQL's programs, or a word that they are missing.
fn programs() -> Option<std::path::PathBuf> {
    match postgres::programs() {
        Some(programs) => Some(programs),
        None => component("initdb").map(|file| file.parent().unwrap().to_owned()),
    }
}

/// The same configuration over a database of `server`, with another key file.
fn on(server: &postgres::PostgresServer, yaml: &str) -> String {
    let (head, rest) = yaml.split_once("state:\n").unwrap();
    let (_, rest) = rest.split_once("\nprovider:").unwrap();
    let socket = server.socket().display();
    format!(
        "{head}state:\n  key_file: ./data/other.key\n  postgres: {{servers: ['{socket}']}}\n\
         \nprovider:{rest}"
    )
}

/// What a browser gets of the application: itself, or the way to sign in.
async fn visit(edge: &Edge, browser: &mut Browser) -> u16 {
    let request = edge.http.get(edge.url("/docs/x"));
    let request = request
        .header("accept", "text/html")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document");
    browser.send(edge, request).await.status.as_u16()
}

/// Signs in to the application, in a browser that is signed in at the provider.
async fn enter(edge: &Edge, browser: &mut Browser) {
    let request = edge.http.get(edge.url("/docs/x"));
    let mut answer = browser
        .send(edge, request.header("accept", "text/html"))
        .await;
    while answer.status.is_redirection() {
        let next = url::Url::parse(&edge.url("/docs/x"))
            .unwrap()
            .join(answer.header("location"))
            .unwrap();
        answer = browser.get(edge, next.as_str()).await;
    }
    answer.assert_status(200);
}

/// Signed in at one, signed in at the other: sessions, tokens, applications, consents.
#[tokio::test]
async fn nobody_signs_in_again_when_the_state_moves_to_a_server_and_back() {
    let Some(programs) = programs() else { return };
    let server = postgres::PostgresServer::start(&programs, None);
    let edge = Edge::start(&yaml());
    let mut browser = Browser::default();
    edge.sign_in("alice").submit_in(&mut browser).await;
    enter(&edge, &mut browser).await;
    assert_eq!(visit(&edge, &mut browser).await, 200);
    let tokens = edge.sign_in("bob").tokens().await;
    let revoked = edge.sign_in("bob").tokens().await;
    edge.revoke(&revoked.access_token).await.assert_status(200);
    let root = edge.folder.path().to_owned();
    let there = fs::read_to_string(root.join("cellgate.yaml")).unwrap();
    fs::write(root.join("server.yaml"), on(&server, &there)).unwrap();
    let copy = [
        "copy-state",
        "--from",
        "cellgate.yaml",
        "--to",
        "server.yaml",
    ];
    cellgate(&root, &copy).refused(&["a process uses the database"]);
    let folder = edge.kill();

    let said = cellgate(&root, &copy).done();
    assert!(
        said.contains("grants: ") && said.contains("sessions: "),
        "{said}"
    );
    cellgate(&root, &copy).refused(&["holds state already"]);
    let edge = Edge::start_again(folder, &on(&server, &there));
    assert_is_as_before(&edge, &mut browser, &revoked).await;
    let tokens = Tokens::read(&edge.token(&refresh(&tokens)).await.assert_status(200));

    // And to a file again, while no node uses the server.
    let back = there.replace("cellgate.db", "back.db");
    fs::write(root.join("back.yaml"), &back).unwrap();
    let copy = ["copy-state", "--from", "server.yaml", "--to", "back.yaml"];
    cellgate(&root, &copy).refused(&["a process uses the database"]);
    let rekey = [
        "keys",
        "rekey",
        "--config",
        "server.yaml",
        "--new-key-file",
        "data/new.key",
    ];
    cellgate(&root, &rekey).refused(&["a process uses the database"]);
    let folder = edge.kill();
    when_alone(&root, &copy);
    let edge = Edge::start_again(folder, &back);
    assert_is_as_before(&edge, &mut browser, &revoked).await;
    edge.token(&refresh(&tokens)).await.assert_status(200);
}

async fn assert_is_as_before(edge: &Edge, browser: &mut Browser, revoked: &Tokens) {
    assert!(is_signed_in(edge, browser).await);
    assert_eq!(visit(edge, browser).await, 200);
    edge.get_with("/api/x", &revoked.access_token)
        .await
        .assert_challenged(401, Some("invalid_token"));
}

/// A server needs a moment to notice that a process which was killed is gone.
fn when_alone(folder: &Path, words: &[&str]) -> String {
    let start = Instant::now();
    loop {
        let said = cellgate(folder, words);
        let is_used = said.text.contains("a process uses the database");
        if !is_used || start.elapsed() > Duration::from_secs(30) {
            return said.done();
        }
    }
}

fn sealed(folder: &Path) -> Vec<Vec<u8>> {
    let state = Connection::open(folder.join("data/cellgate.db")).unwrap();
    let mut select = state.prepare(SEALED).unwrap();
    let rows = select.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Which key the state opens with is asked of a command that has to open it.
fn opens(folder: &Path, config: &str) -> bool {
    let said = cellgate(folder, &["keys", "list", "--config", config]);
    assert!(
        said.code == Some(0) || said.text.contains("the key file is not the one"),
        "{}",
        said.text
    );
    said.code == Some(0)
}

/// Killed at whatever moment, one of the keys opens everything; everybody stays signed in.
#[tokio::test]
async fn a_change_of_the_key_survives_being_killed() {
    let edge = Edge::start(&yaml());
    let mut browser = Browser::default();
    edge.sign_in("alice").submit_in(&mut browser).await;
    enter(&edge, &mut browser).await;
    let tokens = edge.sign_in("bob").tokens().await;
    let folder = edge.kill();
    let root = folder.path();
    let old = fs::read_to_string(root.join("cellgate.yaml")).unwrap();
    let new = old.replace("cellgate.key", "new.key");
    fs::write(root.join("new.yaml"), &new).unwrap();
    let before = sealed(root);
    let rekey = [
        "keys",
        "rekey",
        "--config",
        "cellgate.yaml",
        "--new-key-file",
        "data/new.key",
    ];

    let (mut n_killed, mut is_done) = (0, false);
    // Each try is killed later than the one before, until one gets to its end.
    while !is_done {
        let mut process = begin(root, &rekey);
        let (start, patience) = (Instant::now(), Duration::from_millis(n_killed * 5));
        is_done = loop {
            match process.try_wait().unwrap() {
                None if start.elapsed() < patience => std::thread::yield_now(),
                None => {
                    process.kill().unwrap();
                    process.wait().unwrap();
                    break false;
                }
                Some(status) => break status.success(),
            }
        };
        n_killed += u64::from(!is_done);
        let is_new = root.join("data/new.key").exists() && opens(root, "new.yaml");
        assert_ne!(opens(root, "cellgate.yaml"), is_new, "one of them");
        is_done |= is_new;
    }
    assert!(n_killed > 3, "{n_killed}");

    let said = cellgate(root, &rekey).done();
    assert!(said.contains("already"), "{said}");
    let after = sealed(root);
    assert_eq!(after.len(), before.len());
    assert!(after.iter().all(|value| !before.contains(value)));
    fs::remove_file(root.join("data/cellgate.key")).unwrap();
    fs::write(root.join("cellgate.yaml"), &new).unwrap();
    let edge = start_again(folder);
    assert!(is_signed_in(&edge, &mut browser).await);
    assert_eq!(visit(&edge, &mut browser).await, 200);
    edge.token(&refresh(&tokens)).await.assert_status(200);
}
