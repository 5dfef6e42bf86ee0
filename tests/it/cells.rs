//! Users of Pydio Cells sign in: the real program in front of a stand-in for Cells.

use serde_json::json;

use self::stand_in::{ProfileSwitch, SERVICE_TOKEN, SessionSwitch, StandIn, Switches, Version};
use crate::support::{Answer, Edge, Tokens};

#[path = "../../examples/cells_stand_in/stand_in.rs"]
#[expect(dead_code, reason = "other users of the file ask it for more")]
pub(crate) mod stand_in;

const ALICE: &str = "0d6f6b1e-6b0a-4f5e-9a53-0c2b8f7f1a01";
const VERSIONS: [Version; 3] = [Version::V2, Version::V4, Version::V5];

/// The demo, with users of `cells` instead of its own.
fn edge(cells: &StandIn, sign_in: &str) -> Edge {
    edge_with(cells, sign_in, "")
}

/// The same with more keys of `users.cells`.
fn edge_with(cells: &StandIn, sign_in: &str, more: &str) -> Edge {
    Edge::start(&yaml(cells, sign_in, &format!(", timeout_s: 1{more}")))
}

/// The configuration of [`edge_with`], with all keys of `users.cells` but the first.
pub(crate) fn yaml(cells: &StandIn, sign_in: &str, more: &str) -> String {
    let demo = include_str!("../../config/demo.yaml");
    let (before, rest) = demo.split_once("\nusers:").expect("it has users");
    let routes = rest.split_once("\nroutes:").expect("it has routes").1;
    let before = before.replace(
        "\n  display_name: Cellgate demo\n",
        &format!("\n  display_name: Cellgate demo\n  sign_in: {{ {sign_in} }}\n"),
    );
    let before = before.replace("scope: openid", "scope: roles openid");
    let url = cells.url();
    format!(
        "{before}\nusers:\n  cells: {{ url: \"{url}\", connect_timeout_s: 1{more} }}\n\nroutes:{routes}"
    )
}

async fn cells(version: Version) -> StandIn {
    let switches = Switches {
        version,
        ..Switches::default()
    };
    StandIn::start(switches).await.expect("a port is free")
}

fn failing(session: SessionSwitch) -> Switches {
    Switches {
        session,
        ..Switches::default()
    }
}

/// What the page says is wrong.
#[track_caller]
fn alert(page: &Answer) -> &str {
    let alert = page
        .body
        .split_once("role=\"alert\"")
        .unwrap_or_else(|| panic!("no alert in {page:#?}"))
        .1;
    alert
        .split_once('>')
        .and_then(|(_, rest)| rest.split_once("</"))
        .expect("it ends")
        .0
        .trim()
}

/// The page without what differs for each browser and login.
#[track_caller]
fn impersonal(page: &Answer, login: &str) -> String {
    let (_, fields) = crate::support::form_fields(&page.body);
    let ticket = &fields
        .iter()
        .find(|(name, _)| name == "ticket")
        .expect("a ticket")
        .1;
    page.body
        .replace(ticket.as_str(), "TICKET")
        .replace(&format!("value=\"{login}\""), "value=\"LOGIN\"")
}

/// Fails at Cells itself, past the edge, until Cells locks the user.
async fn lock_at_cells(edge: &Edge, cells: &StandIn, login: &str) {
    let body = json!({"AuthInfo": {"type": "credentials", "login": login, "password": "wrong"}});
    for _ in 0..10 {
        let request = edge
            .http
            .post(format!("{}a/frontend/session", cells.url()))
            .json(&body);
        edge.send(request).await;
    }
    assert!(cells.is_locked(login));
}

#[tokio::test]
async fn a_user_of_cells_signs_in_and_reaches_the_api() {
    for version in VERSIONS {
        let cells = cells(version).await;
        let edge = edge(&cells, "");

        let tokens = edge
            .sign_in("alice")
            .scope("openid profile email groups roles demo.read")
            .tokens()
            .await;

        let told = edge
            .get_with("/oidc/userinfo", &tokens.access_token)
            .await
            .assert_status(200)
            .json();
        assert_eq!(told["sub"], ALICE, "{version:?}: {told}");
        assert_eq!(told["preferred_username"], "alice");
        assert_eq!(told["name"], "Alice Ångström");
        assert_eq!(told["email"], "alice@example.com");
        assert_eq!(told["groups"], json!(["/staff", "/staff/ops"]));
        assert_eq!(told["roles"], json!(["Administrators"]));
        let seen = edge
            .get_with("/api/hello", &tokens.access_token)
            .await
            .assert_status(200)
            .json();
        assert_eq!(seen["principal"]["subject"], ALICE);
        assert_eq!(seen["headers"]["x-auth-request-user"], ALICE);
        assert_eq!(
            seen["headers"]["x-auth-request-preferred-username"],
            "alice"
        );
        assert_eq!(seen["headers"]["x-auth-request-email"], "alice@example.com");
    }
}

#[tokio::test]
async fn a_wrong_password_an_unknown_and_a_locked_user_are_answered_alike() {
    for version in VERSIONS {
        let cells = cells(version).await;
        let edge = edge(&cells, "");
        lock_at_cells(&edge, &cells, "bob").await;

        let wrong = edge.sign_in("alice").password("wrong").submit().await;
        let unknown = edge.sign_in("nobody").password("wrong").submit().await;
        let locked = edge.sign_in("bob").submit().await;

        let wrong = wrong.assert_status(403);
        assert!(alert(&wrong).contains("wrong"), "{}", alert(&wrong));
        for (answer, login) in [(unknown, "nobody"), (locked, "bob")] {
            let answer = answer.assert_status(403);
            assert_eq!(
                impersonal(&answer, login),
                impersonal(&wrong, "alice"),
                "{version:?} {login}"
            );
        }
    }
}

#[tokio::test]
async fn a_second_factor_is_named_and_gives_no_code() {
    let cells = cells(Version::V4).await;
    let edge = edge(&cells, "");
    cells.set(failing(SessionSwitch::Trigger));

    let page = edge.sign_in("alice").submit().await.assert_status(403);

    assert!(alert(&page).contains("second factor"), "{}", alert(&page));
    assert_eq!(page.header("location"), "");
}

/// "Down" is never "wrong password", and never counts as one.
#[tokio::test]
async fn a_cells_that_is_down_is_said_to_be_and_no_attempt_is_counted() {
    for session in [
        SessionSwitch::Down,
        SessionSwitch::Unavailable,
        SessionSwitch::Garbage,
        SessionSwitch::NotCells,
        SessionSwitch::Redirect,
    ] {
        let cells = cells(Version::V4).await;
        // One attempt more would be refused with 429.
        let edge = edge(&cells, "failures_before_pause: 2");
        let typo = edge.sign_in("alice").password("wrong").submit().await;
        typo.assert_status(403);
        cells.set(failing(session));

        for _ in 0..3 {
            let page = edge.sign_in("alice").submit().await.assert_status(503);
            assert!(!page.header("retry-after").is_empty(), "{session:?}");
            let text = alert(&page);
            assert!(!text.contains("wrong"), "{session:?}: {text}");
            assert!(text.contains("not possible"), "{session:?}: {text}");
        }

        cells.set(Switches::default());
        edge.sign_in("alice").code().await;
    }
}

/// Cells may have counted a wrong password before it fell silent: so we count it too, and what
/// the page says is still not "wrong".
#[tokio::test]
async fn a_cells_that_does_not_answer_is_down_and_the_attempt_is_counted() {
    for session in [SessionSwitch::Hang, SessionSwitch::Endless] {
        let cells = cells(Version::V4).await;
        let edge = edge(&cells, "failures_before_pause: 2");
        cells.set(failing(session));
        for _ in 0..2 {
            let page = edge.sign_in("alice").submit().await.assert_status(503);
            assert!(!alert(&page).contains("wrong"), "{session:?}");
        }

        cells.set(Switches::default());
        edge.sign_in("alice").submit().await.assert_status(429);
    }
}

/// Only the profile tells that a user must choose a new password, so without it nobody is in; the
/// page does not say that the password was wrong, and it does not count as wrong.
#[tokio::test]
async fn without_a_profile_nobody_is_signed_in() {
    let cells = cells(Version::V4).await;
    let edge = edge(&cells, "failures_before_pause: 1");
    for profile in [
        ProfileSwitch::Down,
        ProfileSwitch::Garbage,
        ProfileSwitch::Hang,
    ] {
        cells.set(Switches {
            profile,
            pass_change_users: vec!["alice".to_owned()],
            ..Switches::default()
        });

        let page = edge.sign_in("alice").submit().await.assert_status(503);

        assert!(!alert(&page).contains("wrong"), "{profile:?}");
    }
}

#[tokio::test]
async fn the_profile_of_another_user_signs_nobody_in() {
    let cells = cells(Version::V4).await;
    let edge = edge(&cells, "");
    cells.set(Switches {
        profile: ProfileSwitch::Another,
        ..Switches::default()
    });

    let page = edge.sign_in("alice").submit().await.assert_status(503);

    assert_eq!(page.header("location"), "");
    assert!(!alert(&page).contains("wrong"), "{}", alert(&page));
}

#[tokio::test]
async fn a_cells_that_nobody_reaches_is_down() {
    let cells = cells(Version::V4).await;
    let edge = edge(&cells, "");
    drop(cells);

    let page = edge.sign_in("alice").submit().await.assert_status(503);

    assert!(!alert(&page).contains("wrong"));
}

#[tokio::test]
async fn a_cells_that_throttles_is_passed_on_as_429() {
    let cells = cells(Version::V5).await;
    let edge = edge(&cells, "failures_before_pause: 1");
    cells.set(failing(SessionSwitch::RateLimited));

    let page = edge.sign_in("alice").submit().await.assert_status(429);

    let wait: u64 = page.header("retry-after").parse().expect("seconds");
    assert!((1..=7).contains(&wait), "{wait}");
    assert!(!alert(&page).contains("wrong"), "{}", alert(&page));
    cells.set(Switches::default());
    edge.sign_in("alice").code().await;
}

#[tokio::test]
async fn after_the_limit_no_attempt_reaches_cells() {
    let cells = cells(Version::V4).await;
    let edge = edge(&cells, "failures_before_pause: 3");
    for _ in 0..3 {
        let wrong = edge.sign_in("alice").password("wrong").submit().await;
        wrong.assert_status(403);
    }
    assert_eq!(cells.n_sign_ins(), 3);

    let page = edge.sign_in("alice").submit().await.assert_status(429);

    assert!(!page.header("retry-after").is_empty());
    assert_eq!(cells.n_sign_ins(), 3, "even the right password is not sent");
    edge.sign_in("bob").code().await;
}

/// Cells locks for good at ten: whoever types whatever, the edge stops before.
#[tokio::test]
async fn spellings_of_a_login_share_a_counter_that_ends_before_cells_locks() {
    for version in VERSIONS {
        let cells = cells(version).await;
        let edge = edge(&cells, "failures_before_pause: 8");

        for _ in 0..4 {
            for login in [
                "alice",
                "ALICE",
                " alice",
                "alice ",
                "Alice",
                "\u{2003}aLiCe",
            ] {
                let answer = edge.sign_in(login).password("wrong").submit().await;
                assert!(matches!(answer.status.as_u16(), 403 | 429), "{answer:#?}");
            }
        }

        // Of the ceiling of eight, two are left to browsers that signed in before.
        assert_eq!(cells.n_sign_ins(), 6, "{version:?}");
        assert!(cells.failures("alice") < 10);
        assert!(!cells.is_locked("alice"));
    }
}

#[tokio::test]
async fn a_success_clears_the_count() {
    let cells = cells(Version::V4).await;
    let edge = edge(&cells, "failures_before_pause: 3");
    for _ in 0..3 {
        for _ in 0..2 {
            let wrong = edge.sign_in("alice").password("wrong").submit().await;
            wrong.assert_status(403);
        }
        edge.sign_in("alice").code().await;
    }
    assert_eq!(cells.failures("alice"), 0);
}

#[tokio::test]
async fn logins_with_any_characters_find_their_user() {
    let cells = cells(Version::V4).await;
    let edge = edge(&cells, "");
    for (login, subject) in [
        ("carol@example.com", "0d6f6b1e-6b0a-4f5e-9a53-0c2b8f7f1a03"),
        ("dept/dave", "0d6f6b1e-6b0a-4f5e-9a53-0c2b8f7f1a04"),
        ("zoë müller", "0d6f6b1e-6b0a-4f5e-9a53-0c2b8f7f1a05"),
    ] {
        let tokens = edge.sign_in(login).tokens().await;

        let told = edge.get_with("/oidc/userinfo", &tokens.access_token).await;

        let told = told.json();
        assert_eq!(told["sub"], subject);
        assert_eq!(told["preferred_username"], login);
    }
}

#[tokio::test]
async fn the_password_is_in_no_log() {
    let cells = cells(Version::V4).await;
    let edge = edge(&cells, "");
    edge.sign_in("alice").code().await;
    let wrong = edge
        .sign_in("alice")
        .password("hunter2-typed")
        .submit()
        .await;
    wrong.assert_status(403);
    edge.wait_for("denied");

    let log = edge.log();
    assert!(!log.contains("hunter2-typed") && !log.contains("cells-demo-password"));
}

/// At a refresh the user is looked up with the administrator's token: the profile is that of
/// today, and who is gone or locked is signed out on the next request.
#[tokio::test]
async fn a_user_deleted_in_cells_is_signed_out_at_the_next_refresh() {
    let cells = cells(Version::V4).await;
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("service.token");
    std::fs::write(&file, format!("{SERVICE_TOKEN}\n")).expect("the folder is writable");
    let edge = edge_with(
        &cells,
        "",
        &format!(", service_token_file: \"{}\"", file.display()),
    );
    let tokens = edge.sign_in("alice").tokens().await;
    let token = tokens.refresh_token.expect("it was asked for");
    let refresh = async |token: &str| {
        edge.token(&[
            ("grant_type", "refresh_token"),
            ("client_id", "demo-app"),
            ("refresh_token", token),
        ])
        .await
    };
    let next = Tokens::read(&refresh(&token).await.assert_status(200));

    cells.set(Switches {
        removed_users: vec!["alice".to_owned()],
        ..Switches::default()
    });
    let refused = refresh(&next.refresh_token.expect("it is rotated")).await;

    refused.assert_refused(400, "invalid_grant");
    edge.get_with("/api/hello", &next.access_token)
        .await
        .assert_challenged(401, Some("invalid_token"));
}
