//! Tokens of another issuer, whose keys change and who is not always there. `stock/oidc_provider.rs`
//! has an issuer made by others; here the test says what it does, and what time it is.

use std::time::Duration;

use crate::support::{Clocked, Edge, ForeignIssuer};

fn yaml(issuer: &ForeignIssuer) -> String {
    format!(
        "listeners: [{{name: edge, address: '127.0.0.1:9480'}}]
admin: {{address: '127.0.0.1:9481'}}
trusted_issuers:
  - {{issuer: '{}', discovery: openid, algorithms: [ES256], audience: [api]}}
routes:
  - {{name: api, path: /api, whoami: true, token_from: {{header: X-Api-Token, query: t}}}}
",
        issuer.name
    )
}

/// I05, I06: a new key works when it is first used, whoever tries keys that nobody has.
#[tokio::test]
async fn a_new_key_of_an_issuer_works_without_anybodys_doing() {
    const DAY: u64 = 86_400;
    let (first, second) = (ForeignIssuer::key(), ForeignIssuer::key());
    let issuer = ForeignIssuer::with(&first).await;
    let edge = Clocked::start(&yaml(&issuer)).await;
    let by_first = issuer.token(&first, edge.now(), 2 * DAY);
    edge.get_with("/api", &by_first).await.assert_status(200);

    issuer.rotate_to(&second);
    edge.advance(Duration::from_secs(10));
    let n_before = issuer.n_key_sets();
    let by_second = issuer.token(&second, edge.now(), 2 * DAY);
    edge.get_with("/api", &by_second).await.assert_status(200);

    let withdrawn = edge.get_with("/api", &by_first).await;
    withdrawn.assert_challenged(401, Some("invalid_token"));
    let by_nobody = issuer.token(&ForeignIssuer::key(), edge.now(), DAY);
    edge.get_with("/api", &by_nobody)
        .await
        .assert_challenged(401, Some("invalid_token"));
    assert_eq!(issuer.n_key_sets(), n_before + 1);
}

/// I07: a night without the issuer harms nobody whose key is known; a second one does.
#[tokio::test]
async fn an_issuer_that_went_down_is_believed_for_a_day() {
    const DAY: u64 = 86_400;
    let key = ForeignIssuer::key();
    let issuer = ForeignIssuer::with(&key).await;
    let edge = Clocked::start(&yaml(&issuer)).await;
    let token = issuer.token(&key, edge.now(), 2 * DAY);
    edge.get_with("/api", &token).await.assert_status(200);
    issuer.go_down();

    edge.advance(Duration::from_secs(DAY - 60));
    edge.get_with("/api", &token).await.assert_status(200);
    edge.advance(Duration::from_secs(60));
    let answer = edge.get_with("/api", &token).await.assert_status(503);
    assert_eq!(answer.header("retry-after"), "10");
    assert_eq!(answer.header("www-authenticate"), "");
}

/// A reload leaves what was fetched in force, so that nobody waits for the issuer again.
#[tokio::test]
async fn a_reload_does_not_ask_the_issuer_again() {
    let key = ForeignIssuer::key();
    let issuer = ForeignIssuer::with(&key).await;
    let edge = Edge::start(&yaml(&issuer));
    let now = u64::try_from(chrono::Utc::now().timestamp()).unwrap();
    let token = issuer.token(&key, now, 600);
    edge.get_with("/api", &token).await.assert_status(200);
    issuer.go_down();

    edge.signal("HUP");
    edge.wait_for("configuration loaded");

    edge.get_with("/api", &token).await.assert_status(200);
}

/// D09, D13: wherever a token came from, no log has it.
#[tokio::test]
async fn no_log_has_a_token_wherever_it_came_from() {
    let key = ForeignIssuer::key();
    let issuer = ForeignIssuer::with(&key).await;
    let edge = Edge::start_in(
        tempfile::tempdir().expect("a temporary folder"),
        &yaml(&issuer),
        "trace",
    );
    let now = u64::try_from(chrono::Utc::now().timestamp()).unwrap();
    let token = issuer.token(&key, now, 600);

    let url = edge.url("/api");
    let by_header = edge.http.get(&url).header("X-Api-Token", &token);
    let shown = edge.send(by_header).await.assert_status(200);
    assert!(!shown.body.contains(&token), "{}", shown.body);
    let by_query = edge.http.get(format!("{url}?a=1&t={token}"));
    let shown = edge.send(by_query).await.assert_status(200);
    assert_eq!(shown.json()["query"], "a=1");

    edge.admin("/healthz").await.assert_status(200);
    edge.wait_for("\"target\":\"access\"");
    let log = edge.log();
    assert!(log.contains("\"http.path\":\"/api\""), "{log}");
    assert!(!log.contains(&token), "{log}");
}
