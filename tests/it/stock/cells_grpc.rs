//! The stock library of gRPC reaches Cells over TLS and HTTP/2 with tokens of the edge, as `cells-sync` does
//! (fact sheet D.2 and E.1).

use std::path::Path;
use std::process::Command;

use super::application::{apps, said_by};
use crate::cells::stand_in::{StandIn, Switches};
use crate::cells_site::{configuration, own_token};
use crate::support::{Edge, Tokens, component_at, stock_component};

/// What the library says; `None` where it is not installed.
#[track_caller]
fn lines(edge: &Edge, tokens: &[&str]) -> Option<Vec<String>> {
    let python = stock_component("python/bin/python")?;
    let lib = python.ancestors().nth(2).expect("a folder").join("lib");
    let versions = std::fs::read_dir(lib).expect("it is readable");
    let folders = versions.map(|version| version.expect("it is readable").path());
    let library = |folder: &Path| folder.join("site-packages/grpc");
    let folder = folders.last().expect("a version");
    component_at(library(&folder))?;
    let mut program = Command::new(python);
    program
        .arg(apps().join("grpc_client.py"))
        .arg(edge.address.to_string())
        .arg(edge.folder.path().join("authority.pem"))
        .args(tokens);
    Some(said_by(&mut program))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_library_of_grpc_calls_with_a_token_of_the_edge_in_its_metadata() {
    let cells = StandIn::start(Switches::default()).await.expect("a port");
    let edge = Edge::start_with_tls(&configuration(&cells, ""));
    let Tokens { access_token, .. } = edge.sign_in("alice").tokens().await;
    let ended = edge.sign_in("bob").tokens().await.access_token;
    let form = [("client_id", "demo-app"), ("token", ended.as_str())];
    edge.post_form("/oidc/oauth2/revoke", &form)
        .await
        .assert_status(200);
    let own = own_token(&cells, &edge, "carol@example.com").await;

    let tokens = [access_token.as_str(), &own, &ended, "a.b.c", "no.such", ""];
    let Some(said) = lines(&edge, &tokens) else {
        return;
    };

    // Each message of five bytes more than its three, and fifty of them.
    let served = |login: &str| {
        [
            format!("{login} 0 8"),
            format!("{login} 0 8; {login} 1 8; {login} 2 8"),
            format!("{login} 0 400"),
        ]
    };
    assert_eq!(said[..3], served("alice"));
    assert_eq!(said[3..6], served("carol@example.com"));
    // Of another's token and of none Cells judges; of ours the edge, which does not wait for fifty
    // messages: the library may hear that they are not wanted before it looks at the answer.
    for refused in said[6..].chunks(3) {
        assert_eq!(refused[..2], ["UNAUTHENTICATED"; 2], "{said:?}");
        let of_upload = refused[2].as_str();
        assert!(
            ["UNAUTHENTICATED", "INTERNAL"].contains(&of_upload),
            "{said:?}"
        );
    }
    assert_eq!(said.len(), 3 * tokens.len());
}

/// What reaches Cells is its own token and nothing of the edge's.
#[tokio::test(flavor = "multi_thread")]
async fn metadata_of_grpc_has_one_token_on_the_way_to_cells() {
    let cells = StandIn::start(Switches::default()).await.expect("a port");
    let edge = Edge::start_with_tls(&configuration(&cells, ""));
    let Tokens { access_token, .. } = edge.sign_in("alice").tokens().await;

    if lines(&edge, &[&access_token]).is_none() {
        return;
    }

    let sent = cells.last_field("x-pydio-bearer");
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(cells.given().contains(&sent[0]), "a token of Cells");
    assert!(cells.last_field("authorization").is_empty());
}
