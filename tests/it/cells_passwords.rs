//! Every way by which a password of Cells can be tried meets the same counts: the real program in front
//! of a stand-in for Cells, which locks its users for good at the tenth (fact sheet B.1 and F).

use serde_json::{Value, json};

use crate::cells::stand_in::{SessionSwitch, StandIn, Switches};
use crate::cells_site::{configuration, own_token, site};
use crate::support::{Answer, Edge, Tokens};

const PASSWORD: &str = "cells-demo-password";

/// What Cells' own interface sends when somebody signs in (D.3).
async fn session(edge: &Edge, auth_info: Value) -> Answer {
    let body = json!({"AuthInfo": auth_info});
    let request = edge.http.post(edge.url("/a/frontend/session"));
    edge.send(request.json(&body)).await
}

async fn sign_in(edge: &Edge, login: &str, password: &str) -> Answer {
    let info = json!({"type": "credentials", "login": login, "password": password});
    session(edge, info).await
}

async fn dav(edge: &Edge, login: &str, password: &str) -> Answer {
    let request = edge
        .http
        .get(edge.url("/dav/x"))
        .basic_auth(login, Some(password));
    edge.send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interface_of_cells_signs_in_renews_and_signs_out_through_the_edge() {
    let (cells, edge) = site("").await;

    let answer = sign_in(&edge, "bob", PASSWORD).await.assert_status(200);
    let token = answer.json()["Token"]["AccessToken"].clone();
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.starts_with("pydio="), "{cookie}");
    let seen = edge
        .get_with("/a/user/bob", token.as_str().expect("a token"))
        .await;
    assert_eq!(seen.assert_status(200).json()["Login"], "bob");

    let cookie = cookie.split(';').next().expect("a pair");
    for (kind, n_sessions) in [("refresh", 1), ("logout", 0)] {
        let request = edge
            .http
            .post(edge.url("/a/frontend/session"))
            .header("cookie", cells_cookie(&cells, cookie, kind))
            .json(&json!({"AuthInfo": {"type": kind}, "ClientTime": 1_700_000_000}));
        edge.send(request).await.assert_status(200);
        assert_eq!(cells.n_sessions(), n_sessions, "{kind}");
    }
    // Where it came from, and by which name, Cells is told as by any other request.
    assert_eq!(cells.last_field("x-forwarded-for"), ["127.0.0.1"]);
    assert!(edge.url("/").contains(&cells.last_field("host")[0]));
}

/// The cookie in force: each renewal gives another.
fn cells_cookie(cells: &StandIn, first: &str, kind: &str) -> String {
    match kind {
        "logout" => format!("pydio={}", cells.given().last().expect("a cookie")),
        _ => first.to_owned(),
    }
}

/// Ten wrong passwords lock for good; all that come through the edge together are fewer.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_locked_by_whatever_way_passwords_are_tried() {
    let (cells, edge) = site("").await;
    let attempts = |n: usize| {
        let edge = &edge;
        async move {
            let wrong = format!("wrong-{n}");
            let login = ["alice", "ALICE", " alice", "Alice ", "\u{ff21}lice"][n % 5];
            match n % 3 {
                0 => drop(sign_in(edge, login, &wrong).await),
                1 => drop(dav(edge, login, &wrong).await),
                _ => drop(edge.sign_in(login).password(&wrong).submit().await),
            }
        }
    };

    futures_util::future::join_all((0..24).map(attempts)).await;
    for n in 0..24 {
        attempts(n + 24).await;
    }

    assert!(!cells.is_locked("alice"));
    assert!(cells.n_sign_ins() <= 8, "{}", cells.n_sign_ins());
    assert_eq!(cells.n_dav_passwords(), 0);
    let throttled = sign_in(&edge, "alice", PASSWORD).await.assert_status(429);
    assert!(!throttled.header("retry-after").is_empty());
    assert!(
        throttled.json()["Title"].is_string(),
        "for Cells' interface"
    );
    dav(&edge, "alice", PASSWORD).await.assert_status(429);
    edge.wait_for("\"reason\":\"throttled\"");
    // Others go on.
    sign_in(&edge, "bob", PASSWORD).await.assert_status(200);
    dav(&edge, "bob", PASSWORD).await.assert_status(200);
}

/// A body that another reader takes for another login is sent on by nobody.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_counted_is_what_goes_on() {
    let (cells, edge) = site("").await;

    for (path, body) in [
        (
            "/a/frontend/session",
            r#"{"authInfo":{"type":"credentials","login":"alice","password":"x"}}"#,
        ),
        (
            "/a/frontend/session",
            r#"{"AuthInfo":{"type":"refresh"},"authinfo":{"type":"credentials"}}"#,
        ),
        ("/a/frontend/session", "no json"),
        ("/a/frontend/session?x=1", "[]"),
        ("/a/frontend/%73ession/", "{}{}"),
    ] {
        let request = edge.http.post(edge.url(path)).body(body);
        let answer = edge.send(request).await;
        assert_eq!(answer.status.as_u16(), 400, "{body}: {answer:?}");
    }
    let beside = edge.http.post(edge.url("/a/frontend/session/x")).body("{}");
    edge.send(beside).await.assert_status(404);
    let put = edge.http.put(edge.url("/a/frontend/session")).body("{}");
    edge.send(put).await.assert_status(405);
    assert_eq!(cells.n_sign_ins(), 0);
    // A token of ours brings none of Cells.
    let Tokens { access_token, .. } = edge.sign_in("alice").tokens().await;
    let request = edge.http.post(edge.url("/a/frontend/session"));
    let request = request
        .bearer_auth(&access_token)
        .json(&json!({"AuthInfo": {}}));
    edge.send(request).await.assert_status(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cells_that_is_down_is_no_wrong_password() {
    let (cells, edge) = site("").await;
    cells.set(Switches {
        session: SessionSwitch::Unavailable,
        ..Switches::default()
    });

    for n in 0..12 {
        let answer = sign_in(&edge, "alice", &format!("x{n}")).await;
        answer.assert_status(503);
        let answer = dav(&edge, "alice", &format!("y{n}"))
            .await
            .assert_status(503);
        assert!(!answer.header("retry-after").is_empty());
    }

    cells.set(Switches::default());
    sign_in(&edge, "alice", PASSWORD).await.assert_status(200);
    dav(&edge, "alice", PASSWORD).await.assert_status(200);
}

/// RFC 7617, and fact sheet E.1: a password, a token of the edge, or one of Cells.
#[tokio::test(flavor = "multi_thread")]
async fn web_dav_goes_on_with_a_token_of_cells_whatever_came() {
    let (cells, edge) = site("").await;
    let Tokens { access_token, .. } = edge.sign_in("alice").tokens().await;
    let own = own_token(&cells, &edge, "bob").await;
    let before = cells.n_sign_ins();

    for (login, secret) in [
        ("alice", access_token.as_str()),
        ("bob", &own),
        ("bob", PASSWORD),
    ] {
        for _ in 0..5 {
            let seen = dav(&edge, login, secret).await.assert_status(200);
            assert_eq!(seen.json(), json!({"user": login, "by_token": true}));
        }
    }
    assert_eq!(cells.n_sign_ins(), before + 1, "a password is tried once");
    assert_eq!(cells.n_dav_passwords(), 0);

    // The token of somebody else opens nothing, and counts as nothing.
    dav(&edge, "alice", &own).await.assert_status(401);
    assert_eq!(cells.n_sign_ins(), before + 1);
    let refused = dav(&edge, "bob", "wrong").await.assert_status(401);
    assert!(
        refused
            .header("www-authenticate")
            .starts_with("Basic realm=")
    );
    for _ in 0..20 {
        dav(&edge, "bob", "wrong").await.assert_status(401);
    }
    assert_eq!(cells.failures("bob"), 1, "the same guess again is none");
    // Without a password Cells asks for one itself.
    let asked = edge.get("/dav/x").await.assert_status(401);
    assert!(
        asked
            .header("www-authenticate")
            .starts_with("Basic realm=\"Pydio\"")
    );
}

/// `passwords` belongs to routes to Cells.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_tried_without_the_route_that_says_so() {
    let cells = StandIn::start(Switches::default()).await.expect("a port");
    let edge = Edge::start(&configuration(
        &cells,
        "routes:
  - { name: own, host: 127.0.0.1, path: /dav, upstream: cells, authentication: optional, token: swap, other_tokens: pass }
",
    ));

    dav(&edge, "alice", PASSWORD).await.assert_status(401);

    assert_eq!(cells.n_sign_ins() + cells.n_dav_passwords(), 0);
}
