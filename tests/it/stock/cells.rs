//! Stock clients of Pydio Cells' files, with tokens of the edge: boto3 for S3, webdav4 for DAV. What
//! they reach is the stand-in.

use std::process::Command;

use serde_json::{Value, json};

use super::application::{apps, said_by};
use crate::cells::stand_in::Switches;
use crate::cells_site::{own_token, site};
use crate::support::stock_component;

/// What a script says, line by line.
#[track_caller]
fn lines(script: &str, arguments: &[&str]) -> Option<Vec<String>> {
    let python = stock_component("python/bin/python")?;
    let mut program = Command::new(python);
    Some(said_by(program.arg(apps().join(script)).args(arguments)))
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_reads_and_writes_files_with_a_token_of_the_edge() {
    let (cells, edge) = site("").await;
    // The strictest of all versions: whatever was signed has to arrive as it was.
    cells.set(Switches {
        checks_signatures: true,
        ..Switches::default()
    });
    let tokens = edge.sign_in("alice").tokens().await;
    let own = own_token(&cells, &edge, "bob").await;

    let endpoint = edge.url("/");
    let endpoint = endpoint.trim_end_matches('/');
    let Some(said) = lines(
        "s3_client.py",
        &[endpoint, &tokens.access_token, "gatewaysecret"],
    ) else {
        return;
    };
    let said: Vec<Value> = said
        .iter()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(
        said,
        [
            json!({"user": "alice", "place": "Credential"}),
            json!({"user": "alice", "place": "X-Amz-Credential"}),
            json!({"status": 403}),
        ]
    );
    assert_eq!(cells.n_right_signatures(), 3, "one by PUT, two by GET");
    // Another secret is no secret: the edge passes the header on, and signs no URL that it does not find right.
    let wrong = lines("s3_refused.py", &[endpoint, &tokens.access_token, "other"]);
    assert_eq!(wrong.unwrap_or_default(), ["403", "403"]);
    assert_eq!(cells.n_right_signatures(), 3);
    cells.set(Switches::default());
    // A client that has a token of Cells goes on as it is; nobody signs for it.
    let passed = edge
        .http
        .get(edge.url(&format!("/io/x?X-Amz-Credential={own}%2Fs")));
    let passed = edge.send(passed).await.assert_status(200).json();
    assert_eq!(passed, json!({"user": "bob", "place": "X-Amz-Credential"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_dav_client_lists_files_with_a_token_or_a_password() {
    let (_cells, edge) = site("").await;
    let tokens = edge.sign_in("alice").tokens().await;

    let secrets = [
        &edge.url("/dav"),
        "alice",
        tokens.access_token.as_str(),
        "cells-demo-password",
        "wrong",
    ];
    let Some(said) = lines("dav_client.py", &secrets) else {
        return;
    };

    assert_eq!(said, ["listed alice", "listed alice", "refused 401"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_socket_library_subscribes_with_a_token_of_the_edge() {
    let (cells, edge) = site("").await;
    let tokens = edge.sign_in("alice").tokens().await;
    let ended = edge.sign_in("bob").tokens().await;
    let form = [
        ("client_id", "demo-app"),
        ("token", ended.access_token.as_str()),
    ];
    edge.post_form("/oidc/oauth2/revoke", &form)
        .await
        .assert_status(200);
    let own = own_token(&cells, &edge, "carol@example.com").await;

    let url = format!("ws://{}/ws/event", edge.address);
    let subscribed = [
        url.as_str(),
        &tokens.access_token,
        &own,
        &ended.access_token,
        "a.b.c",
        "",
    ];
    let Some(said) = lines("websocket_client.py", &subscribed) else {
        return;
    };

    let said: Vec<Value> = said
        .iter()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let refused = json!({"closed": 1008, "text": "invalid_token"});
    assert_eq!(
        said,
        [
            json!({"@type": "event", "user": "alice"}),
            json!({"@type": "event", "user": "carol@example.com"}),
            refused.clone(),
            refused,
            json!({"@type": "event"}),
        ]
    );
    assert!(edge.log().contains("\"subscription\""));
}
