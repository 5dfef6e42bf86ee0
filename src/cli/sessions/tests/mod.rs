//! The commands over a state on disk, as an operator types them.

mod elsewhere;

use std::time::Duration;

use clap::Parser;
use serde_json::Value;

use super::{SessionsCommand, sessions};
use crate::cli::desk::Desk;
use crate::cli::error::CliError;
use crate::clock::{Clock as _, SystemClock};
use crate::entropy;
use crate::model::{
    AuthorizationCode, ClientId, Device, Grant, GrantId, RequestedClaims, Scope, Session,
    SessionId, Timestamp, UserProfile,
};
use crate::store::Store;

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: SessionsCommand,
}

fn type_in(desk: &Desk, line: &[&str]) -> Result<String, CliError> {
    let config = ["--config", desk.config.to_str().unwrap()];
    let words = ["sessions"].iter().chain(line).chain(&config);
    let line = Line::try_parse_from(words).unwrap();
    let mut out = Vec::new();
    sessions(&line.command, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn user(login: &str) -> UserProfile {
    UserProfile::named(&format!("uuid-of-{login}"), login)
}

/// What a session is seeded with.
struct Seed {
    id: &'static str,
    login: &'static str,
    /// Whether the browser is still signed in.
    is_live: bool,
}

/// Stores a session that signed in to `app`, which got a refresh token named after it.
async fn sign_in(store: &Store, seed: &Seed, now: Timestamp) {
    let begun = now.before(Duration::from_secs(3600));
    let end = if seed.is_live {
        now.after(Duration::from_secs(600))
    } else {
        now.before(Duration::from_secs(1))
    };
    let session = Session {
        id: SessionId::new(seed.id),
        user: user(seed.login),
        authenticated_at: begun,
        idle_until: end,
        expires_at: end,
        last_seen_at: begun,
        device: Device::new(Some("Mozilla/5.0"), [192, 0, 2, 7].into()),
    };
    let cookie = entropy::opaque_token().unwrap().digest();
    store.save_session(&cookie, &session).await.unwrap();
    let code = code(seed.id, seed.login, begun);
    let digest = entropy::opaque_token().unwrap().digest();
    store.save_code(&digest, &code).await.unwrap();
    let until = now.after(Duration::from_secs(86_400));
    let token = entropy::opaque_token().unwrap().digest();
    let grant = GrantId::new(seed.id);
    store
        .save_refresh_token(&token, &grant, until)
        .await
        .unwrap();
}

/// A code that was given at `granted_at` in the session, to a grant of the same name.
fn code(session: &str, login: &str, granted_at: Timestamp) -> AuthorizationCode {
    AuthorizationCode {
        grant: Grant {
            id: GrantId::new(session),
            client_id: ClientId::parse("app").unwrap(),
            user: user(login),
            session_id: SessionId::new(session),
            scope: Scope::parse("openid offline_access").unwrap(),
            resources: vec![],
            claims: RequestedClaims::default(),
            authenticated_at: granted_at,
            nonce: None,
            granted_at,
        },
        redirect_uri: "https://app.example/cb".to_owned(),
        code_challenge: None,
        expires_at: granted_at.after(Duration::from_secs(60)),
    }
}

/// Zoë in two browsers and in an application that outlived a third, and Bob in one.
fn desk() -> Desk {
    let desk = Desk::new();
    let now = SystemClock.now();
    desk.with_store(async |store| {
        for (id, login, is_live) in [
            ("s-laptop", "zoe", true),
            ("s-phone", "zoe", true),
            ("s-old", "zoe", false),
            ("s-bob", "bob", true),
        ] {
            sign_in(&store, &Seed { id, login, is_live }, now).await;
        }
    });
    desk
}

/// Ids of the sessions that go on, as `list --json` says.
fn open(desk: &Desk) -> Vec<String> {
    let listed: Value = serde_json::from_str(&type_in(desk, &["list", "--json"]).unwrap()).unwrap();
    let listed = listed.as_array().unwrap().iter();
    let mut ids: Vec<_> = listed
        .map(|session| session["session_id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

#[test]
fn each_session_is_a_line_with_user_place_and_applications() {
    let desk = desk();

    let all = type_in(&desk, &["list"]).unwrap();
    let of_bob = type_in(&desk, &["list", "BOB"]).unwrap();

    assert_eq!(all.lines().count(), 5, "{all}");
    let line = |id: &str| all.lines().find(|line| line.starts_with(id)).unwrap();
    for part in ["bob", "60 min", "192.0.2.7", "app"] {
        assert!(line("s-bob").contains(part), "{part}: {all}");
    }
    assert!(!line("s-old").contains("192.0.2.7"), "no browser: {all}");
    assert_eq!(of_bob.lines().count(), 2, "{of_bob}");
    assert!(of_bob.contains("s-bob"));
}

#[test]
fn programs_read_json() {
    let desk = desk();

    let json = type_in(&desk, &["list", "uuid-of-bob", "--json"]).unwrap();

    let listed: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(listed[0]["subject"], "uuid-of-bob");
    assert_eq!(listed[0]["browser"]["user_agent"], "Mozilla/5.0");
    assert_eq!(listed[0]["clients"][0], "app");
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[test]
fn a_user_is_out_everywhere_and_applications_will_be_told() {
    let desk = desk();

    let said = type_in(&desk, &["end", "Zoe"]).unwrap();

    assert!(said.contains("3 sessions of Zoe ended"), "{said}");
    assert_eq!(open(&desk), ["s-bob"]);
    desk.with_store(async |store| {
        assert_eq!(store.count_logout_notices().await.unwrap(), 3);
        for grant in ["s-laptop", "s-phone", "s-old"] {
            assert!(store.revocations().covers_grant(grant), "{grant}");
        }
        assert!(!store.revocations().covers_grant("s-bob"));
    });
}

/// Codes live for a minute, and tokens that come of them for ten.
#[test]
fn what_is_listed_is_what_can_be_ended() {
    for (row, minutes, goes_on) in [("young", 9, true), ("old", 12, false)] {
        let desk = Desk::new();
        let now = SystemClock.now();
        desk.with_store(async |store| {
            let code = code(
                "s-idle",
                "zoe",
                now.before(Duration::from_secs(60 * minutes)),
            );
            let digest = entropy::opaque_token().unwrap().digest();
            store.save_code(&digest, &code).await.unwrap();
        });

        let listed = type_in(&desk, &["list"]).unwrap();
        let ended = type_in(&desk, &["end", "zoe"]);

        if goes_on {
            assert!(listed.contains("s-idle"), "{row}: {listed}");
            assert!(
                ended.unwrap().starts_with("1 session of zoe ended"),
                "{row}"
            );
        } else {
            assert_eq!(listed, "Nobody is signed in.\n", "{row}");
            let error = ended.unwrap_err().to_string();
            assert!(error.contains("nobody is signed in as"), "{row}: {error}");
        }
        desk.with_store(async |store| {
            let is_revoked = store.revocations().covers_grant("s-idle");
            assert_eq!(is_revoked, goes_on, "{row}");
            let n_told = store.count_logout_notices().await.unwrap();
            assert_eq!(n_told, usize::from(goes_on), "{row}");
        });
    }
}

/// The lifetime may have been longer when a token was made; its application is not told again.
#[test]
fn grants_that_are_not_listed_end_with_their_user_too() {
    let desk = desk();
    let old = SystemClock.now().before(Duration::from_secs(7200));
    desk.with_store(async |store| {
        let digest = entropy::opaque_token().unwrap().digest();
        let code = code("s-yesterday", "zoe", old);
        store.save_code(&digest, &code).await.unwrap();
    });

    let said = type_in(&desk, &["end", "zoe"]).unwrap();

    assert!(said.starts_with("3 sessions of zoe ended"), "{said}");
    desk.with_store(async |store| {
        assert!(store.revocations().covers_grant("s-yesterday"));
        assert_eq!(store.count_logout_notices().await.unwrap(), 3);
    });
}

#[test]
fn a_list_of_nobody_says_so() {
    let desk = desk();

    let said = type_in(&desk, &["list", "mallory"]).unwrap();

    assert_eq!(said, "Nobody is signed in as \"mallory\".\n");
    assert_eq!(
        type_in(&desk, &["list", "mallory", "--json"]).unwrap(),
        "[]\n"
    );
}

#[test]
fn one_session_ends_and_the_others_go_on() {
    let desk = desk();

    type_in(&desk, &["end", "--session", "s-phone"]).unwrap();

    assert_eq!(open(&desk), ["s-bob", "s-laptop", "s-old"]);
}

#[test]
fn what_is_not_there_cannot_be_ended() {
    let desk = desk();
    type_in(&desk, &["end", "--session", "s-bob"]).unwrap();

    for (line, expected) in [
        (&["end", "nobody"][..], "nobody is signed in as"),
        (&["end", "bob"], "nobody is signed in as"),
        (
            &["end", "--session", "s-bob"],
            "no session \"s-bob\" goes on",
        ),
    ] {
        let error = type_in(&desk, line).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn an_end_names_a_user_or_a_session_and_not_both() {
    let parse = |words: &[&str]| Line::try_parse_from(words).is_ok();

    assert!(parse(&["sessions", "end", "zoe", "--config", "c"]));
    // Ids are random, and one of 64 begins like this.
    assert!(parse(&[
        "sessions",
        "end",
        "--session",
        "-s",
        "--config",
        "c"
    ]));
    assert!(!parse(&["sessions", "end", "--config", "c"]));
    assert!(!parse(&[
        "sessions",
        "end",
        "zoe",
        "--session",
        "s",
        "--config",
        "c"
    ]));
}
