//! The applications that Cells brings along, unmodified: what each of them sends, as section D of the
//! fact sheet has it, from the sign-in to a file; and what only they are let off.
//!
//! The real program stands in front of a stand-in for Cells, which takes no tokens but its own.

mod command_line;
mod mobile;
mod others;
mod sync;

use serde_json::Value;

use crate::cells::stand_in::{StandIn, Switches};
use crate::cells::yaml;
use crate::support::{Answer, Edge, SignIn};

const ROUTES: &str = "
routes:
  - { name: sign-in, path: /a/frontend/session, upstream: cells, authentication: anonymous, token: pass }
  - { name: api, path: /a/, upstream: cells, authentication: optional, token: swap, other_tokens: pass }
  - name: files
    path: /io/
    upstream: cells
    authentication: optional
    token: swap
    other_tokens: pass
    token_from: { header: X-Pydio-Bearer, query: pydio_jwt }
";

const LISTENER: &str = "http://localhost:3000/servers/callback";
const SYNC_UI: &str = "http://localhost:3640";
const SCOPE: &str = "openid email profile pydio offline";
/// 43 characters, and what RFC 7636 makes of them.
const VERIFIER: &str = "verifier-of-43-characters-that-says-nothing";

fn configuration(cells: &StandIn, clients: &str) -> String {
    let yaml = yaml(cells, "", ", timeout_s: 2");
    let (before, _) = yaml.split_once("\nroutes:").expect("it has routes");
    let before = before.replace(
        "\n  clients:\n",
        &format!("\n  cells_clients: [{clients}]\n  clients:\n"),
    );
    let server = cells.url();
    let server = server.trim_end_matches('/');
    format!("{before}\nupstreams: [{{ name: cells, servers: [\"{server}\"] }}]\n{ROUTES}")
}

async fn site_with(clients: &str) -> (StandIn, Edge) {
    let cells = StandIn::start(Switches::default()).await.expect("a port");
    let edge = Edge::start(&configuration(&cells, clients));
    (cells, edge)
}

async fn site() -> (StandIn, Edge) {
    site_with("sync, client, mobile").await
}

/// An authorization request with these parameters and no others.
fn authorize<'e>(edge: &'e Edge, parameters: &[(&str, &str)]) -> SignIn<'e> {
    let usual = [
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
    ];
    let bare = usual.iter().fold(edge.sign_in("alice"), |request, name| {
        request.parameter(name, "")
    });
    parameters.iter().fold(bare, |request, (name, value)| {
        request.parameter(name, value)
    })
}

/// What comes of signing in, which is a redirection to `expected` with the state that was sent.
async fn code(edge: &Edge, parameters: &[(&str, &str)], expected: &str) -> String {
    let answer = authorize(edge, parameters).submit().await;
    let answer = answer.assert_status(303);
    let location = answer.location().to_string();
    assert!(location.starts_with(&format!("{expected}?")), "{location}");
    let state = parameters.iter().find(|(name, _)| *name == "state");
    let state = state.map(|(_, state)| (*state).to_owned());
    assert_eq!(answer.location_parameter("state"), state, "{location}");
    answer.location_parameter("code").expect("a code")
}

/// A token response, in which all is there that these clients take over.
#[track_caller]
fn whole(answer: &Answer) -> Value {
    assert_eq!(answer.status.as_u16(), 200, "{answer:#?}");
    let tokens = answer.json();
    for name in ["access_token", "refresh_token", "id_token", "scope"] {
        let text = tokens[name].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{name}: {tokens}");
    }
    assert!(
        tokens["expires_in"].as_u64().is_some_and(|left| left > 60),
        "{tokens}"
    );
    tokens
}

fn text<'t>(tokens: &'t Value, name: &str) -> &'t str {
    tokens[name].as_str().expect("a text")
}

/// D.1, "Identity" and "Files": who Cells says it is, and a file by the older of the two ways.
async fn assert_reaches_cells(edge: &Edge, tokens: &Value) {
    let token = text(tokens, "access_token");
    let state = edge.get_with("/a/frontend/state", token).await;
    let state = state.assert_status(200);
    assert!(state.body.contains("<user id=\"alice\">"), "{}", state.body);
    let file = edge.http.get(edge.url("/io/a.txt"));
    let file = edge.send(file.header("X-Pydio-Bearer", token)).await;
    assert_eq!(file.assert_status(200).json()["user"], "alice");
}
