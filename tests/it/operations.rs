//! What an operator does: watch, reload, stop, crash.

use std::fs;
use std::process::Command;

use crate::support::{Edge, Recorder, Tokens, exchange};

const DEMO: &str = include_str!("../../config/demo.yaml");

#[tokio::test]
async fn the_admin_listener_tells_health_and_nothing_else() {
    let edge = Edge::demo();

    edge.admin("/healthz").await.assert_status(200);
    edge.admin("/readyz").await.assert_status(200);
    edge.admin("/").await.assert_status(404);
    edge.get("/metrics").await.assert_status(404);
}

#[tokio::test]
async fn the_metrics_count_what_happened() {
    let edge = Edge::demo();
    let tokens = edge.sign_in("alice").tokens().await;
    edge.sign_in("alice").password("wrong").submit().await;
    edge.get_with("/api/x", &tokens.access_token)
        .await
        .assert_status(200);
    edge.get_with("/api/x", "not-a-token")
        .await
        .assert_status(401);

    let metrics = edge.admin("/metrics").await.assert_status(200);

    assert!(
        metrics.header("content-type").starts_with("text/plain"),
        "{metrics:?}"
    );
    let sample = |wanted: &[&str]| -> f64 {
        metrics
            .body
            .lines()
            .filter(|line| !line.starts_with('#') && wanted.iter().all(|part| line.contains(part)))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    };
    assert!(
        (sample(&["cellgate_sign_ins_total", "success"]) - 1.0).abs() < 0.1,
        "{}",
        metrics.body
    );
    assert!(
        (sample(&["cellgate_sign_ins_total", "denied"]) - 1.0).abs() < 0.1,
        "{}",
        metrics.body
    );
    assert!(
        sample(&["cellgate_requests_total", "rejected"]) >= 1.0,
        "{}",
        metrics.body
    );
    assert!(
        sample(&["cellgate_grants_total", "authorization_code", "issued"]) >= 1.0,
        "{}",
        metrics.body
    );
    assert!(
        sample(&["cellgate_token_verifications_total", "hit"]) >= 1.0,
        "a token minted here is remembered"
    );
}

#[tokio::test]
async fn a_reload_takes_a_good_file_and_keeps_the_old_one_for_a_bad_one() {
    let edge = Edge::demo();
    let file = edge.folder.path().join("cellgate.yaml");
    let good = fs::read_to_string(&file).unwrap();
    edge.get("/more/x").await.assert_status(404);

    let more =
        "\n  - name: more\n    path: /more/\n    authentication: anonymous\n    whoami: true\n";
    fs::write(
        &file,
        good.replacen("\nroutes:", &format!("\nroutes:{}", more.trim_end()), 1),
    )
    .unwrap();
    edge.signal("HUP");
    edge.wait_for("configuration loaded");
    edge.get("/more/x").await.assert_status(200);

    fs::write(&file, "listeners: 7\n").unwrap();
    edge.signal("HUP");
    edge.wait_for("configuration refused");
    edge.get("/more/x").await.assert_status(200);
}

/// The same, asked for by a command that tells what came of it.
#[tokio::test]
async fn a_reload_that_is_asked_for_says_what_came_of_it() {
    let demo = include_str!("../../config/demo.yaml");
    let edge = Edge::start(&format!(
        "{demo}\nserver: {{control_socket: ./data/demo/control}}\n"
    ));
    let file = edge.folder.path().join("cellgate.yaml");
    let good = fs::read_to_string(&file).unwrap();
    let reload = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cellgate"));
        let output = command.arg("reload").args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let config = file.to_str().unwrap();
    let socket = edge.folder.path().join("data/control");
    let socket = socket.to_str().unwrap();

    let more =
        "\nroutes:\n  - {name: more, path: /more/, authentication: anonymous, whoami: true}\n";
    let changed = good.replacen("\nroutes:\n", more, 1);
    fs::write(
        &file,
        changed.replace("log:\n  filter: info", "log:\n  filter: debug"),
    )
    .unwrap();
    let (code, out, err) = reload(&["--config", config]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains(&format!("in force: {config}")), "{out}");
    assert!(out.contains("not yet in force: log"), "{out}");
    edge.get("/more/x").await.assert_status(200);

    fs::write(&file, "listeners: 7\n").unwrap();
    let (code, out, err) = reload(&["--config", config]);
    assert_eq!(code, Some(2), "nobody is asked: {out}{err}");
    let (code, out, err) = reload(&["--socket", socket]);
    assert_eq!(code, Some(2), "{out}{err}");
    assert!(
        err.contains("the configuration before stays in force"),
        "{err}"
    );
    assert!(err.contains("listeners"), "{err}");
    edge.get("/more/x").await.assert_status(200);

    fs::write(&file, &good).unwrap();
    let folder = edge.kill();
    let (code, out, err) = reload(&["--socket", socket]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(err.contains("is cellgate running?"), "{err}");
    drop(folder);
}

/// Also when that happened while nothing ran; and it stays so when the client comes back.
#[tokio::test]
async fn the_tokens_of_a_client_that_was_taken_out_are_worth_nothing() {
    let edge = Edge::demo();
    let tokens = edge.sign_in("alice").tokens().await;
    let (token, refresh_token) = (tokens.access_token, tokens.refresh_token.unwrap());
    edge.get_with("/api/x", &token).await.assert_status(200);
    let with = fs::read_to_string(edge.folder.path().join("cellgate.yaml")).unwrap();
    let without = with.replacen("- id: demo-app\n", "- id: another-app\n", 1);

    let edge = Edge::start_again(edge.kill(), &without);
    assert!(
        edge.log()
            .contains("a client is not in the configuration any more")
    );
    edge.get_with("/api/x", &token)
        .await
        .assert_challenged(401, Some("invalid_token"));

    fs::write(edge.folder.path().join("cellgate.yaml"), with).unwrap();
    edge.signal("HUP");
    edge.wait_for("configuration loaded");
    edge.get_with("/api/x", &token)
        .await
        .assert_challenged(401, Some("invalid_token"));
    edge.token(&[
        ("grant_type", "refresh_token"),
        ("client_id", "demo-app"),
        ("refresh_token", &refresh_token),
    ])
    .await
    .assert_refused(400, "invalid_grant");
}

/// Beside the running server, and it follows.
#[tokio::test]
async fn an_operator_sees_who_is_signed_in_and_ends_it() {
    let edge = Edge::demo();
    let tokens = edge.sign_in("alice").tokens().await;
    let run = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_cellgate"))
            .arg("sessions")
            .args(words)
            .args(["--config", "cellgate.yaml"])
            .current_dir(edge.folder.path())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (String::from_utf8(said).unwrap(), output.status.code())
    };

    let (listed, _) = run(&["list"]);
    assert!(
        listed.contains("alice") && listed.contains("demo-app"),
        "{listed}"
    );
    let (said, code) = run(&["end", "alice"]);
    assert_eq!(code, Some(0), "{said}");

    // Introspection and refresh ask the store; the gateway follows within five seconds.
    edge.token(&[
        ("grant_type", "refresh_token"),
        ("client_id", "demo-app"),
        ("refresh_token", &tokens.refresh_token.unwrap()),
    ])
    .await
    .assert_refused(400, "invalid_grant");
    let (said, code) = run(&["end", "alice"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("nobody is signed in as"), "{said}");
}

/// Nothing in flight is cut off: an upload that began before SIGTERM is answered after it.
#[tokio::test]
async fn a_stop_waits_for_what_is_in_flight() {
    let upstream = Recorder::start().await;
    let yaml = DEMO.replacen(
        "\nroutes:",
        &format!(
            "\nupstreams:\n  - name: app\n    servers: [http://{}]\nroutes:\n  - name: app\n    path: /app/\n    authentication: anonymous\n    upstream: app",
            upstream.address
        ),
        1,
    );
    let mut edge = Edge::start(&yaml);
    let mut wire = edge.wire().await;
    wire.write(format!(
        "POST /app/x HTTP/1.1\r\nHost: {}\r\nContent-Length: 10\r\n\r\n01234",
        edge.address
    ))
    .await;
    // The head is through once another request on the same process has been answered after it.
    edge.get("/public/x").await.assert_status(200);

    edge.signal("TERM");
    edge.wait_for("draining");
    wire.write("56789").await;

    assert_eq!(wire.read().await.status, 200);
    assert_eq!(edge.wait(), Some(0));
    assert_eq!(upstream.heads().len(), 1);
}

#[tokio::test]
async fn an_idle_process_stops_at_once_with_success() {
    let mut edge = Edge::demo();

    edge.signal("TERM");

    assert_eq!(edge.wait(), Some(0));
}

/// Nothing acknowledged is lost, nothing redeemable twice: through `kill -9`.
#[tokio::test]
async fn state_survives_a_kill() {
    let edge = Edge::demo();
    let code = edge.sign_in("alice").code().await;
    let unused = edge.sign_in("bob").code().await;
    let tokens = Tokens::read(&edge.token(&exchange(&code)).await.assert_status(200));
    let revoked = edge.sign_in("alice").tokens().await;
    edge.post_form(
        "/oidc/oauth2/revoke",
        &[("client_id", "demo-app"), ("token", &revoked.access_token)],
    )
    .await
    .assert_status(200);
    let folder = edge.kill();

    // The issuer must stay the same for the tokens to stay good, so the port must too.
    let yaml = fs::read_to_string(folder.path().join("cellgate.yaml")).unwrap();
    let edge = Edge::start_again(folder, &yaml);

    edge.get_with("/api/x", &tokens.access_token)
        .await
        .assert_status(200);
    edge.get_with("/api/x", &revoked.access_token)
        .await
        .assert_challenged(401, Some("invalid_token"));
    edge.token(&exchange(&unused)).await.assert_status(200);
    edge.token(&exchange(&code))
        .await
        .assert_refused(400, "invalid_grant");
    edge.get_with("/api/x", &tokens.access_token)
        .await
        .assert_challenged(401, Some("invalid_token"));
}

/// Runs `cellgate keys rotate` on the state of `edge` and waits until the process has noticed.
fn rotate_keys(edge: &Edge, more: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_cellgate"))
        .args(["keys", "rotate"])
        .args(more)
        .arg("--config")
        .arg(edge.folder.path().join("cellgate.yaml"))
        .current_dir(edge.folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    // Two algorithms, two rotations: the process may notice the first one alone.
    edge.wait_for("\"n_keys\":4");
}

/// A new key is published before it signs, and tokens of the old one stay good.
#[tokio::test]
async fn keys_are_rotated_without_a_restart() {
    let edge = Edge::demo();
    let before = edge.sign_in("alice").tokens().await;
    let published = || async {
        let set = edge
            .get("/oidc/.well-known/jwks.json")
            .await
            .assert_status(200)
            .json();
        set["keys"].as_array().unwrap().len()
    };
    let n_keys = published().await;

    rotate_keys(&edge, &[]);

    assert_eq!(published().await, 2 * n_keys);
    edge.get_with("/api/x", &before.access_token)
        .await
        .assert_status(200);
    let after = edge.sign_in("alice").tokens().await;
    edge.get_with("/api/x", &after.access_token)
        .await
        .assert_status(200);
}

/// A key that somebody else may have is withdrawn at once, and with it what it signed.
#[tokio::test]
async fn a_compromised_key_is_withdrawn_at_once() {
    let edge = Edge::demo();
    let before = edge.sign_in("alice").tokens().await;

    rotate_keys(&edge, &["--compromised"]);

    edge.get_with("/api/x", &before.access_token)
        .await
        .assert_challenged(401, Some("invalid_token"));
    let after = edge.sign_in("alice").tokens().await;
    let header = |token: &str| token.split('.').next().unwrap().to_owned();
    assert_ne!(
        header(&before.access_token),
        header(&after.access_token),
        "the new key signs"
    );
    edge.get_with("/api/x", &after.access_token)
        .await
        .assert_status(200);
}

/// Too many wrong passwords are forgotten at an administrator's word, without a restart.
#[tokio::test]
async fn an_administrator_lets_a_user_sign_in_again() {
    let edge = Edge::demo();
    for _ in 0..5 {
        edge.sign_in("alice")
            .password("wrong")
            .submit()
            .await
            .assert_status(403);
    }
    edge.sign_in("alice").submit().await.assert_status(429);

    let output = Command::new(env!("CARGO_BIN_EXE_cellgate"))
        .args(["users", "unlock", "Alice", "--config"])
        .arg(edge.folder.path().join("cellgate.yaml"))
        .current_dir(edge.folder.path())
        .output()
        .unwrap();

    assert!(output.status.success(), "{output:?}");
    edge.sign_in("alice").code().await;
}

#[test]
fn a_wrong_configuration_is_explained_whole_with_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.yaml");
    fs::write(
        &file,
        "listeners:\n  - name: edge\n    adress: 127.0.0.1:1\nroutes:\n  - name: a\n    path: /a\n    upstream: nowhere\n    authentication: anonymous\n",
    )
    .unwrap();
    for arguments in [vec!["check"], vec!["run", "--config"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_cellgate"))
            .args(&arguments)
            .arg(&file)
            .output()
            .unwrap();

        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("adress") && said.to_lowercase().contains("did you mean"),
            "{said}"
        );
        assert!(
            said.contains("nowhere") && said.contains("routes[0].upstream"),
            "{said}"
        );
    }
}

#[test]
fn the_shipped_configurations_are_right() {
    for file in [
        "config/demo.yaml",
        "config/reference.yaml",
        "config/minimal.yaml",
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_cellgate"))
            .arg("check")
            .arg(file)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{file}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
