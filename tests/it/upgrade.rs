//! One process takes the place of another, and files are loaded anew, while clients ask without a
//! pause: nobody is to notice.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use crate::support::{Edge, Wire};

/// The demo with a socket to ask at.
fn yaml() -> String {
    let demo = include_str!("../../config/demo.yaml");
    format!("{demo}\nserver: {{control_socket: ./data/demo/control, drain_timeout_s: 20}}\n")
}

/// A running Cellgate whose process may be another one after a while.
struct Upgraded {
    edge: Edge,
    socket: PathBuf,
    /// The process that serves now, unless it is the first one.
    successor: Option<String>,
}

impl Upgraded {
    fn start() -> Self {
        let edge = Edge::start(&yaml());
        let socket = edge.folder.path().join("data/control");
        Self {
            edge,
            socket,
            successor: None,
        }
    }

    /// `cellgate upgrade`.
    async fn upgrade(&self) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cellgate"));
        command.args(["upgrade", "--socket"]).arg(&self.socket);
        let output = tokio::task::spawn_blocking(move || command.output());
        output.await.unwrap().unwrap()
    }

    /// The same, which has to go well.
    async fn must_upgrade(&mut self) {
        let output = self.upgrade().await;
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let pid = said.trim().strip_prefix("serving: process ");
        let pid = pid.unwrap_or_else(|| panic!("{said}\n{}", self.edge.log()));
        self.successor = Some(pid.to_owned());
    }

    /// Waits until the first process has ended.
    async fn first_has_ended(&mut self) -> Option<i32> {
        let pid = self.edge.pid();
        let stat = PathBuf::from(format!("/proc/{pid}/stat"));
        timeout(Duration::from_secs(60), async {
            // A zombie until it is waited for.
            let mut looks = interval(Duration::from_millis(20));
            while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
                looks.tick().await;
            }
        })
        .await
        .expect("it ends");
        self.edge.wait()
    }
}

impl Drop for Upgraded {
    fn drop(&mut self) {
        if let Some(pid) = &self.successor {
            drop(Command::new("kill").args(["-KILL", pid]).status());
        }
    }
}

/// Clients that ask without a pause.
struct Load {
    clients: JoinSet<()>,
    stops: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    failures: Arc<Mutex<Vec<String>>>,
}

impl Load {
    /// Some that keep their connections as long as they may, and some that never do.
    fn on(address: SocketAddr) -> Self {
        let mut load = Self {
            clients: JoinSet::new(),
            stops: Arc::default(),
            answered: Arc::default(),
            failures: Arc::default(),
        };
        for keeps in [true, true, false, false] {
            let stops = Arc::clone(&load.stops);
            let answered = Arc::clone(&load.answered);
            let failures = Arc::clone(&load.failures);
            load.clients.spawn(async move {
                let mut kept = None;
                while !stops.load(Ordering::Relaxed) {
                    let asked = ask(address, &mut kept, keeps);
                    match timeout(Duration::from_secs(30), asked).await {
                        Ok(Ok(())) => drop(answered.fetch_add(1, Ordering::Relaxed)),
                        failed => failures
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(format!("keeps {keeps}: {failed:?}")),
                    }
                }
            });
        }
        load
    }

    /// Waits until that many more have been answered.
    async fn goes_on(&self, requests: usize) {
        let until = self.answered.load(Ordering::Relaxed) + requests;
        let mut looks = interval(Duration::from_millis(20));
        while self.answered.load(Ordering::Relaxed) < until {
            looks.tick().await;
        }
    }

    async fn end(mut self) {
        self.stops.store(true, Ordering::Relaxed);
        while let Some(ended) = self.clients.join_next().await {
            ended.unwrap();
        }
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(failures.is_empty(), "{failures:#?}");
    }
}

/// One request. Whoever is told that the connection ends opens another one; nothing is tried twice.
async fn ask(
    address: SocketAddr,
    kept: &mut Option<TcpStream>,
    keeps: bool,
) -> std::io::Result<()> {
    let mut stream = match kept.take() {
        Some(stream) => stream,
        None => TcpStream::connect(address).await?,
    };
    let connection = if keeps { "keep-alive" } else { "close" };
    let request =
        format!("GET /public/x HTTP/1.1\r\nHost: {address}\r\nConnection: {connection}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    let (head, body_from) = loop {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(std::io::Error::other("closed before an answer"));
        }
        if let Some(end) = answer.windows(4).position(|end| end == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
            break (head, end + 4);
        }
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.and_then(|length| length.parse().ok()).unwrap();
    while answer.len() < body_from + length {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(std::io::Error::other("closed within an answer"));
        }
    }
    if !head.starts_with("http/1.1 200 ") {
        return Err(std::io::Error::other(head));
    }
    if keeps && !head.contains("connection: close") {
        *kept = Some(stream);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_upgrades_under_load_fail_no_request_and_keep_every_session() {
    let mut served = Upgraded::start();
    let tokens = served.edge.sign_in("alice").tokens().await;
    let revoked = served.edge.sign_in("alice").tokens().await;
    let answer = served.edge.revoke(&revoked.access_token).await;
    answer.assert_status(200);
    let load = Load::on(served.edge.address);

    for _ in 0..5 {
        load.goes_on(50).await;
        served.must_upgrade().await;
        let (good, ended) = (&tokens.access_token, &revoked.access_token);
        served
            .edge
            .get_with("/api/x", good)
            .await
            .assert_status(200);
        served
            .edge
            .get_with("/api/x", ended)
            .await
            .assert_status(401);
    }
    load.goes_on(50).await;
    load.end().await;

    assert_eq!(served.first_has_ended().await, Some(0));
    served.edge.get("/public/x").await.assert_status(200);
    served.edge.admin("/readyz").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_reloads_under_load_fail_no_request() {
    let edge = Edge::start(&yaml());
    let load = Load::on(edge.address);

    for _ in 0..100 {
        edge.signal("HUP");
        edge.wait_for("configuration loaded");
    }
    load.goes_on(50).await;

    load.end().await;
}

/// The one that leaves says so where it is still asked, and answers once more where it may be.
#[tokio::test]
async fn who_leaves_is_not_ready_and_answers_what_comes_on_connections_it_has() {
    let mut served = Upgraded::start();
    let mut kept = Wire::connect(served.edge.address).await;
    let request = format!(
        "GET /public/x HTTP/1.1\r\nHost: {}\r\n\r\n",
        served.edge.address
    );
    kept.write(&request).await;
    let first = kept.read().await.head.to_ascii_lowercase();
    assert!(!first.contains("connection: close"), "{first}");
    let mut probe = Wire::connect(served.edge.admin).await;
    // Whoever comes after it is answered after it was accepted.
    served.edge.admin("/readyz").await.assert_status(200);

    served.must_upgrade().await;
    served.edge.wait_for("a successor serves; leaving");

    probe.write("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(probe.read().await.status, 503);
    served.edge.admin("/readyz").await.assert_status(200);
    kept.write(&request).await;
    let last = kept.read().await;
    assert_eq!(last.status, 200);
    assert!(
        last.head.to_ascii_lowercase().contains("connection: close"),
        "{last:?}"
    );
    assert!(kept.is_closed().await);
    assert_eq!(served.first_has_ended().await, Some(0));
}

/// A revocation by the successor counts at once where the other one still answers.
#[tokio::test]
async fn a_sign_out_at_the_successor_counts_at_the_one_that_leaves() {
    let mut served = Upgraded::start();
    let tokens = served.edge.sign_in("alice").tokens().await;
    let request = format!(
        "GET /api/x HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        served.edge.address, tokens.access_token
    );
    let mut kept = Vec::new();
    for _ in 0..2 {
        let mut wire = Wire::connect(served.edge.address).await;
        wire.write(&request).await;
        assert_eq!(wire.read().await.status, 200);
        kept.push(wire);
    }
    served.must_upgrade().await;
    served.edge.wait_for("a successor serves; leaving");

    // Over a connection of its own, so that the successor gets it.
    let mut fresh = Wire::connect(served.edge.address).await;
    let form = format!("client_id=demo-app&token={}", tokens.access_token);
    fresh
        .write(format!(
            "POST /oidc/oauth2/revoke HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}",
            served.edge.address,
            form.len(),
        ))
        .await;
    assert_eq!(fresh.read().await.status, 200);
    // Told by the log of the process that leaves.
    served
        .edge
        .wait_for("what another process revoked is refused here too");

    for mut wire in kept {
        wire.write(&request).await;
        assert_eq!(wire.read().await.status, 401);
    }
}

#[tokio::test]
async fn a_successor_that_cannot_start_changes_nothing() {
    let mut served = Upgraded::start();
    let file = served.edge.folder.path().join("cellgate.yaml");
    let good = fs::read_to_string(&file).unwrap();
    // Well-formed, so that it comes as far as the sockets, one of which is taken.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let another = format!(
        "\nlisteners:\n  - {{name: taken, address: '{}'}}\n",
        taken.local_addr().unwrap()
    );
    for broken in [
        "listeners: 7\n".to_owned(),
        good.replacen("\nlisteners:\n", &another, 1),
    ] {
        fs::write(&file, broken).unwrap();

        let output = served.upgrade().await;

        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("the old one goes on"), "{said}");
        served.edge.get("/public/x").await.assert_status(200);
        served.edge.admin("/readyz").await.assert_status(200);
    }
    fs::write(&file, good).unwrap();
    served.must_upgrade().await;
    served.edge.get("/public/x").await.assert_status(200);
    assert_eq!(served.first_has_ended().await, Some(0));
}

#[test]
fn there_must_be_somebody_to_take_over_from() {
    let folder = tempfile::tempdir().unwrap();
    let run = |yaml: &str| {
        let file = folder.path().join("cellgate.yaml");
        fs::write(&file, yaml).unwrap();
        started(folder.path(), &file)
    };
    let routes = "routes: [{name: r, path: /, whoami: true, authentication: anonymous}]\n";
    let listeners = "listeners: [{name: e, address: '127.0.0.1:0'}]\n";

    let (code, said) = run(&format!("{listeners}{routes}"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no `server.control_socket`"), "{said}");
    let with = format!("{listeners}{routes}server: {{control_socket: ./control}}\n");
    let (code, said) = run(&with);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("start without it if none runs"), "{said}");
}

/// Exit code and words of `cellgate run --upgrade`.
fn started(folder: &Path, file: &Path) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cellgate"))
        .args(["run", "--upgrade", "--config"])
        .arg(file)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    // Long lines are broken for the terminal.
    let said = String::from_utf8(said).unwrap();
    (
        output.status.code(),
        said.split_whitespace().collect::<Vec<_>>().join(" "),
    )
}
