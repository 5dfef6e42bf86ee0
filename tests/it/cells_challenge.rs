//! Sessions at Cells by its code flow (`users.cells.sessions: challenge`): the real program, and a
//! stand-in for Cells with the flow of fact sheet A.6.

use std::io::Write as _;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use crate::cells::stand_in::{StandIn, Switches};
use crate::cells::yaml;
use crate::support::{Answer, Browser, Edge, Tokens, exchange};

/// The whole site of Cells behind an edge that is a client there.
async fn site(switches: Switches, more: &str) -> (StandIn, Edge) {
    let cells = StandIn::start(switches).await.expect("a port");
    let keys = format!(", timeout_s: 2, sessions: challenge{more}");
    let yaml = yaml(&cells, "", &keys);
    let (before, _) = yaml.split_once("\nroutes:").expect("it has routes");
    let edge = Edge::start(&format!("{before}\ncells: {{}}\n"));
    (cells, edge)
}

fn short_tokens() -> Switches {
    Switches {
        // One second less is what Cells says.
        token_lifetime_s: 2,
        ..Switches::default()
    }
}

async fn profile(edge: &Edge, tokens: &Tokens) -> Answer {
    edge.get_with("/a/user/alice", &tokens.access_token).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_by_the_code_flow_is_renewed_and_ended_at_cells() {
    let (cells, edge) = site(short_tokens(), "").await;
    let mut browser = Browser::default();
    let answer = edge.sign_in("alice").submit_in(&mut browser).await;
    let code = answer.location_parameter("code").expect("a code");
    let tokens = Tokens::read(&edge.token(&exchange(&code)).await);
    assert_eq!((cells.n_refresh_tokens(), cells.n_sessions()), (1, 0));

    let until = Instant::now() + Duration::from_secs(30);
    while cells.n_renewals() < 2 {
        let seen = profile(&edge, &tokens).await.assert_status(200);
        assert_eq!(seen.json()["Login"], "alice");
        for secret in cells.given() {
            assert!(!format!("{seen:?}").contains(&secret));
        }
        assert!(Instant::now() < until, "it is never renewed");
    }
    assert_eq!(
        cells.n_refresh_tokens(),
        1,
        "each one was spent for the next"
    );

    let hint = tokens.id_token.as_deref().expect("it was asked for");
    let path = format!("/oidc/oauth2/sessions/logout?id_token_hint={hint}");
    let url = edge.url(&path);
    browser.get(&edge, &url).await.assert_status(200);
    while cells.n_refresh_tokens() > 0 {
        assert!(Instant::now() < until, "Cells is never told");
        edge.admin("/metrics").await;
    }
    for secret in cells.given() {
        assert!(!edge.log().contains(&secret));
    }
}

/// B.4: the refresh of Cells looks at no user, so the edge does.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_is_locked_in_cells_is_out_at_the_next_renewal() {
    let (cells, edge) = site(short_tokens(), "").await;
    let tokens = edge.sign_in("alice").tokens().await;

    cells.lock_out("alice");

    let until = Instant::now() + Duration::from_secs(30);
    let refused = loop {
        // The token of Cells is good for another moment.
        let answer = profile(&edge, &tokens).await;
        if answer.status == 401 {
            break answer;
        }
        assert!(Instant::now() < until, "nobody asks: {answer:?}");
    };
    refused.assert_challenged(401, Some("invalid_token"));
    let line = edge.wait_for("upstream_session_ended");
    assert!(line.contains("Cells has locked the user"), "{line}");
    while cells.n_refresh_tokens() > 0 {
        assert!(
            Instant::now() < until,
            "Cells keeps a token that nobody needs"
        );
        edge.admin("/metrics").await;
    }
}

/// A.3: a client with a secret says it by Basic, and one that is not registered is our fault.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_its_own_signs_in_and_one_that_is_gone_blames_nobody() {
    let mut secret = NamedTempFile::new().expect("a file");
    secret
        .write_all(b"cells-demo-client-secret\n")
        .expect("written");
    let client = format!(
        ", client: {{ id: edge, redirect_uri: \"https://edge.example/cells\", secret_file: \"{}\" }}",
        secret.path().display()
    );
    let (cells, edge) = site(Switches::default(), &client).await;
    let tokens = edge.sign_in("alice").tokens().await;
    profile(&edge, &tokens).await.assert_status(200);

    cells.set(Switches {
        forgets_clients: true,
        ..Switches::default()
    });
    let page = edge.sign_in("bob").submit().await.assert_status(503);
    assert!(page.body.contains("not possible at the moment"), "{page:?}");
    assert_eq!(cells.failures("bob"), 0);
    edge.wait_for("Cells refuses our client");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_must_choose_a_new_password_is_sent_to_cells_own_page() {
    let switches = Switches {
        pass_change_users: vec!["alice".to_owned()],
        ..Switches::default()
    };
    let (cells, edge) = site(switches, "").await;

    let page = edge.sign_in("alice").submit().await.assert_status(403);

    assert!(page.body.contains("Your password is right"), "{page:?}");
    // Not the one that leads back here.
    let link = format!("href=\"{}\"", edge.url("/login?form"));
    let body = page.body.replace("&#x2f;", "/").replace("&#x3f;", "?");
    assert!(body.contains(&link), "{body}");
    assert_eq!(cells.failures("alice"), 0);
}
