//! The way out, from either side.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{call, open, signed_in, token};
use crate::cells::stand_in::{SessionSwitch, StandIn, Switches};
use crate::cells_site::site;
use crate::support::{Browser, Edge, Tokens, exchange, form_fields};

/// Waits until Cells has heard that the session is over.
async fn assert_over_at_cells(cells: &StandIn, edge: &Edge) {
    let until = Instant::now() + Duration::from_secs(30);
    while cells.n_sessions() > 0 {
        assert!(Instant::now() < until, "Cells is never told");
        edge.admin("/metrics").await;
    }
}

/// Whether the browser would have to sign in.
async fn is_nobody(browser: &mut Browser, edge: &Edge) -> bool {
    let silent = edge.sign_in("alice").parameter("prompt", "none").url();
    let answer = browser.get(edge, &silent).await;
    answer.location_parameter("error").as_deref() == Some("login_required")
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_of_the_interface_ends_the_session_here_and_everything_in_it() {
    let (cells, edge) = site("").await;
    let (mut browser, token) = signed_in(&edge).await;
    // Another application, in the same session.
    let answer = edge.sign_in("alice").submit_in(&mut browser).await;
    let elsewhere = answer.location_parameter("code").expect("a code");
    let elsewhere = Tokens::read(&edge.token(&exchange(&elsewhere)).await);
    assert!(!is_nobody(&mut browser, &edge).await);

    let answer = call(&mut browser, &edge, json!({"type": "logout"})).await;

    assert_eq!(answer.assert_status(200).json(), json!({}));
    assert!(!browser.cookies().contains_key("cellgate-interface"));
    for token in [&token, &elsewhere.access_token] {
        edge.get_with("/a/user/alice", token)
            .await
            .assert_challenged(401, Some("invalid_token"));
    }
    assert!(is_nobody(&mut browser, &edge).await);
    assert_over_at_cells(&cells, &edge).await;
    // Once more, as pages do that are told 401, changes nothing.
    let again = call(&mut browser, &edge, json!({"type": "logout"})).await;
    again.assert_status(200);
    // And whoever opens it then is asked.
    let page = super::follow(&mut browser, &edge, "/login").await;
    assert!(page.assert_status(200).body.contains("name=\"password\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_here_ends_the_interface() {
    let (cells, edge) = site("").await;
    let (mut browser, token) = signed_in(&edge).await;
    edge.get_with("/a/user/alice", &token)
        .await
        .assert_status(200);

    let page = browser
        .get(&edge, &edge.url("/oidc/oauth2/sessions/logout"))
        .await;
    let (_, fields) = form_fields(&page.assert_status(200).body);
    assert!(!fields.is_empty(), "it asks");
    let page = browser
        .get(&edge, &edge.url("/oidc/oauth2/sessions/logout"))
        .await;
    browser.submit(&edge, &page, &[]).await.assert_status(200);

    edge.get_with("/a/user/alice", &token)
        .await
        .assert_challenged(401, Some("invalid_token"));
    let refused = call(&mut browser, &edge, json!({"type": "refresh"})).await;
    let refused = refused.assert_status(401);
    assert!(refused.json()["Title"].is_string(), "in the form of Cells");
    assert!(!browser.cookies().contains_key("cellgate-interface"));
    assert_over_at_cells(&cells, &edge).await;
}

/// A session of Cells' own beside ours, from before: both end.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_cells_own_in_the_same_browser_ends_too() {
    let (cells, edge) = site("").await;
    let mut browser = Browser::default();
    let own = json!({"type": "credentials", "login": "bob", "password": super::PASSWORD});
    call(&mut browser, &edge, own).await.assert_status(200);
    assert!(browser.cookies().contains_key("pydio"));
    let answer = super::sign_in(&mut browser, &edge, "/login").await;
    let info = json!({"type": "authorization_code", "code": super::code(&answer)});
    token(&call(&mut browser, &edge, info).await);
    assert_eq!(cells.n_sessions(), 2);

    call(&mut browser, &edge, json!({"type": "logout"}))
        .await
        .assert_status(200);

    for name in ["pydio", "cellgate-interface"] {
        assert!(!browser.cookies().contains_key(name), "{name}");
    }
    assert_over_at_cells(&cells, &edge).await;
}

/// A session that Cells does not renew, as of a user who is locked there, is over in the interface too.
#[tokio::test(flavor = "multi_thread")]
async fn what_cells_ends_is_over_in_the_interface() {
    let (cells, edge) = site("").await;
    cells.set(Switches {
        token_lifetime_s: 1,
        ..Switches::default()
    });
    let (mut browser, token) = signed_in(&edge).await;
    cells.set(Switches {
        session: SessionSwitch::RefusesRenewal,
        ..Switches::default()
    });

    let until = Instant::now() + Duration::from_secs(30);
    while edge.get_with("/a/user/alice", &token).await.status.as_u16() == 200 {
        assert!(Instant::now() < until, "it is never renewed");
    }
    edge.wait_for("upstream_session_ended");
    edge.get_with("/a/user/alice", &token)
        .await
        .assert_challenged(401, Some("invalid_token"));
    let refused = call(&mut browser, &edge, json!({"type": "refresh"})).await;
    refused.assert_status(401);
    let page = open(&mut browser, &edge, "/login").await.assert_status(303);
    assert!(page.location().path().starts_with("/oidc/"), "{page:#?}");
}
