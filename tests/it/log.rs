//! What the log says, and never says.

use serde_json::Value;

use crate::support::{Browser, Edge, Tokens, exchange};

fn lines(log: &str) -> Vec<Value> {
    log.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

#[tokio::test]
async fn each_request_has_one_access_line() {
    let edge = Edge::demo();
    edge.get("/public/seen?secret=1").await.assert_status(200);
    edge.get("/api/refused").await.assert_status(401);
    edge.wait_for("/api/refused");

    let lines = lines(&edge.log());
    let of = |path: &str| -> Vec<&Value> {
        lines
            .iter()
            .filter(|line| line["target"] == "access" && line["http.path"] == path)
            .collect()
    };
    let (seen, refused) = (of("/public/seen"), of("/api/refused"));
    assert_eq!((seen.len(), refused.len()), (1, 1));
    assert_eq!(seen[0]["http.status"], 200);
    assert_eq!(refused[0]["http.status"], 401);
    assert!(refused[0]["reason"].is_string(), "{}", refused[0]);
}

#[tokio::test]
async fn what_matters_has_an_audit_line() {
    let edge = Edge::demo();
    edge.sign_in("alice").password("wrong").submit().await;
    let tokens = edge.sign_in("alice").tokens().await;
    edge.post_form(
        "/oidc/oauth2/revoke",
        &[("client_id", "demo-app"), ("token", &tokens.access_token)],
    )
    .await;
    edge.get("/public/last").await;
    edge.wait_for("/public/last");

    let lines = lines(&edge.log());
    let audit: Vec<&Value> = lines
        .iter()
        .filter(|line| line["target"] == "audit")
        .collect();
    assert!(
        audit.len() >= 4,
        "sign-in refused, sign-in, tokens issued, revocation: {audit:#?}"
    );
    assert!(
        audit
            .iter()
            .any(|line| line["client.id"] == "demo-app" && line["user.subject"].is_string()),
        "{audit:#?}"
    );
}

/// Sends credentials of every kind to where they are refused.
async fn send_wrong_credentials(edge: &Edge) {
    edge.sign_in("alice")
        .password("Wr0ng-Passw0rd")
        .submit()
        .await;
    edge.get_with("/api/x", "S3CR3T-T0K3N")
        .await
        .assert_status(401);
    edge.get("/public/x?access_token=S3CR3T-QU3RY&code=S3CR3T-C0D3")
        .await;
    edge.get("/api/x?access_token=S3CR3T-QU3RY").await;
    let basic = edge.http.get(edge.url("/api/x"));
    edge.send(basic.basic_auth("alice", Some("B4S1C-S3CR3T")))
        .await;
    let client = edge.http.post(edge.url("/oidc/oauth2/token"));
    let client = client.basic_auth("demo-service", Some("CL13NT-S3CR3T"));
    let client = client.header("content-type", "application/x-www-form-urlencoded");
    edge.send(client.body("grant_type=refresh_token&refresh_token=R3FR3SH"))
        .await;
}

/// Every secret that passes through is looked for in the whole log at the noisiest level.
#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    let folder = tempfile::tempdir().unwrap();
    let edge = Edge::start_in(folder, include_str!("../../config/demo.yaml"), "trace");
    let mut browser = Browser::default();
    let answer = edge
        .sign_in("alice")
        .submit_in(&mut browser)
        .await
        .assert_status(303);
    let code = answer.location_parameter("code").unwrap();
    let tokens = Tokens::read(&edge.token(&exchange(&code)).await.assert_status(200));
    edge.get_with("/api/x", &tokens.access_token)
        .await
        .assert_status(200);
    send_wrong_credentials(&edge).await;
    let hint = tokens.id_token.unwrap();
    edge.get(&format!(
        "/oidc/oauth2/sessions/logout?id_token_hint={hint}"
    ))
    .await;
    edge.get("/public/last").await;
    edge.wait_for("/public/last");

    let log = edge.log();
    let refresh_token = tokens.refresh_token.unwrap();
    let issued = [&code, &tokens.access_token, &refresh_token, &hint];
    let typed = [
        "cells-demo-password",
        "Wr0ng-Passw0rd",
        "S3CR3T",
        "R3FR3SH",
        "verifier-of-43-characters",
    ];
    let secrets = issued
        .into_iter()
        .chain(browser.cookies().values())
        .map(String::as_str)
        .chain(typed);
    for secret in secrets {
        let found = log.lines().find(|line| line.contains(secret));
        assert!(found.is_none(), "{secret} is in the log: {found:?}");
    }
}

/// How many lines of access there are with `text` in their path.
fn n_access(log: &str, text: &str) -> usize {
    let lines = lines(log);
    let access = lines.iter().filter(|line| line["target"] == "access");
    access
        .filter(|line| {
            line["http.path"]
                .as_str()
                .is_some_and(|path| path.contains(text))
        })
        .count()
}

/// Whoever reads the log can hold up the log, and nothing else.
#[tokio::test]
async fn traffic_goes_on_while_nobody_reads_the_log() {
    let edge = Edge::demo();
    let unread = edge.leave_log_unread();
    // Six megabytes of lines: more than the pipe and the queue take.
    let long = "x".repeat(4000);
    for _ in 0..1500 {
        edge.get(&format!("/public/{long}"))
            .await
            .assert_status(200);
    }
    edge.sign_in("alice").password("wrong").submit().await;

    let metrics = edge.admin("/metrics").await.assert_status(200);
    let dropped = metrics
        .body
        .lines()
        .find_map(|line| {
            line.strip_prefix("cellgate_log_lines_dropped_total{reason=\"queue_full\"} ")
        })
        .and_then(|count| count.parse::<usize>().ok());
    assert!(dropped.is_some_and(|count| count > 0), "{}", metrics.body);
    drop(unread);
    edge.wait_for("standard output is read too slowly");
    edge.get("/public/read-again").await.assert_status(200);
    edge.wait_for("/public/read-again");

    let log = edge.log();
    let n_written = n_access(&log, &long);
    assert!(n_written < 1500, "some were dropped");
    assert!(
        n_written > 500,
        "what was in the queue was written: {n_written}"
    );
    let audit = lines(&log);
    assert!(
        audit.iter().any(|line| line["target"] == "audit"),
        "the refused sign-in came through"
    );
}

/// What waits when the end comes is written before it.
#[tokio::test]
async fn a_stop_writes_what_waits_to_be_written() {
    let mut edge = Edge::demo();
    let unread = edge.leave_log_unread();
    let long = "x".repeat(4000);
    for _ in 0..100 {
        edge.get(&format!("/public/{long}"))
            .await
            .assert_status(200);
    }

    edge.signal("TERM");
    drop(unread);
    let (log, code) = edge.last_words();

    assert_eq!(code, Some(0));
    assert_eq!(n_access(&log, &long), 100);
    assert!(log.contains("\"message\":\"drained\""), "{log}");
}
