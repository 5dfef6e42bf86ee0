//! Sessions of users of other issuers.

use super::*;
use crate::secret::Secret;
use crate::store::{Begun, IssuerSession, IssuerTokens};

const ISSUER: &str = "https://login.example/";

/// A session at `host` of the session `sid` there.
fn session(id: &str, subject: &str, (host, sid): (&str, &str), now: Timestamp) -> IssuerSession {
    let begun_at = now.before(Duration::from_secs(3600));
    let claims = serde_json::json!({"preferred_username": format!("{subject}@corp")});
    IssuerSession {
        id: id.to_owned(),
        host: host.to_owned(),
        issuer: ISSUER.to_owned(),
        client_id: "cellgate".to_owned(),
        subject: subject.to_owned(),
        sid: Some(sid.to_owned()),
        tokens: IssuerTokens {
            refresh_token: Some(Secret::new("the-refresh-token")),
            id_token: Secret::new("the-id-token"),
            nonce: "n".to_owned(),
            scope: "openid profile".to_owned(),
            claims: claims.as_object().unwrap().clone(),
            good_until: now,
        },
        version: 0,
        refresh_at: Some(now.after(Duration::from_secs(300))),
        begun_at,
        last_seen_at: begun_at,
        idle_until: now.after(Duration::from_secs(600)),
        expires_at: now.after(Duration::from_secs(3600)),
    }
}

async fn begin(store: &Store, session: &IssuerSession) {
    let digest = || entropy::opaque_token().unwrap().digest();
    let begun = Begun {
        state: &digest(),
        state_expires_at: session.expires_at,
        previous: None,
    };
    let begun = store.begin_issuer_session(&digest(), session, &begun).await;
    assert!(begun.unwrap());
}

/// Zoë of our own in a browser; of the issuer Carol at two applications of one session and at a third
/// of another, and Dan, whose name no terminal should see.
fn desk() -> Desk {
    let desk = Desk::new();
    let now = SystemClock.now();
    desk.with_store(async |store| {
        let zoe = Seed {
            id: "s-zoe",
            login: "zoe",
            is_live: true,
        };
        sign_in(&store, &zoe, now).await;
        for (id, subject, place) in [
            ("i-wiki", "carol", ("wiki.example", "sid-1")),
            ("i-mail", "carol", ("mail.example", "sid-1")),
            ("i-phone", "carol", ("wiki.example", "sid-2")),
        ] {
            begin(&store, &session(id, subject, place, now)).await;
        }
        let mut dan = session("i-dan", "dan", ("wiki.example", "sid-\u{1b}[2J"), now);
        dan.tokens.claims["preferred_username"] = "dan\u{1b}[2J".into();
        dan.refresh_at = None;
        begin(&store, &dan).await;
    });
    desk
}

#[test]
fn they_are_listed_with_application_and_issuer() {
    let desk = desk();

    let all = type_in(&desk, &["list"]).unwrap();

    let line = |id: &str| all.lines().find(|line| line.starts_with(id)).unwrap();
    for part in ["carol@corp", "60 min", "wiki.example", ISSUER] {
        assert!(line("i-wiki").contains(part), "{part}: {all}");
    }
    assert!(line("i-dan").contains("dan") && !all.contains('\u{1b}'));
    assert!(line("s-zoe").contains("192.0.2.7"), "{all}");
    for name in ["CAROL@corp", "carol"] {
        let of_carol = type_in(&desk, &["list", name]).unwrap();
        assert_eq!(of_carol.lines().count(), 4, "{name}: {of_carol}");
    }
}

#[test]
fn programs_read_who_signed_them_in() {
    let desk = desk();

    let json = type_in(&desk, &["list", "dan", "--json"]).unwrap();
    let own = type_in(&desk, &["list", "zoe", "--json"]).unwrap();

    let listed: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(listed[0]["session_id"], "i-dan");
    assert_eq!(listed[0]["login"], "dan");
    assert_eq!(listed[0]["elsewhere"]["issuer"], ISSUER);
    assert_eq!(listed[0]["elsewhere"]["application"], "wiki.example");
    let own: Value = serde_json::from_str(&own).unwrap();
    assert_eq!(own[0]["elsewhere"], Value::Null);
    assert!(!json.contains("the-"), "no secret: {json}");
}

#[test]
fn one_is_shown_whole_and_without_secrets() {
    let desk = desk();

    let carol = type_in(&desk, &["show", "i-mail"]).unwrap();
    let dan = type_in(&desk, &["show", "i-dan"]).unwrap();
    let zoe = type_in(&desk, &["show", "s-zoe"]).unwrap();
    let json = type_in(&desk, &["show", "s-zoe", "--json"]).unwrap();

    for part in [
        "user             carol@corp",
        "subject          carol",
        "application      mail.example",
        "session there    sid-1",
        "signed in        60 min ago",
        "issuer is asked  in 5 min",
        "scope            openid profile",
    ] {
        assert!(carol.contains(part), "{part}: {carol}");
    }
    assert!(dan.contains("never") && !dan.contains('\u{1b}'), "{dan}");
    assert!(zoe.contains("browser          Mozilla/5.0"), "{zoe}");
    assert!(!carol.contains("the-"), "no secret: {carol}");
    let shown: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(shown["session_id"], "s-zoe");
    let error = type_in(&desk, &["show", "i-none"]).unwrap_err();
    assert!(error.to_string().contains("no session \"i-none\" goes on"));
}

#[test]
fn a_user_of_another_issuer_is_out_at_every_application() {
    let desk = desk();

    let said = type_in(&desk, &["end", "carol@corp"]).unwrap();

    assert!(said.contains("3 sessions of carol@corp ended"), "{said}");
    assert!(said.contains("issuer is not told"), "{said}");
    assert_eq!(open(&desk), ["i-dan", "s-zoe"]);
    desk.with_store(async |store| {
        for (id, is_over) in [("i-wiki", true), ("i-phone", true), ("i-dan", false)] {
            assert_eq!(store.revocations().covers_grant(id), is_over, "{id}");
        }
    });
    let own = type_in(&desk, &["end", "zoe"]).unwrap();
    assert!(!own.contains("issuer is not told"), "{own}");
}

#[test]
fn one_ends_with_what_is_the_same_session_at_its_issuer() {
    let desk = desk();

    let said = type_in(&desk, &["end", "--session", "i-wiki"]).unwrap();

    assert!(
        said.contains("carol@corp at wiki.example ended, and 1 more of the same session"),
        "{said}"
    );
    assert_eq!(open(&desk), ["i-dan", "i-phone", "s-zoe"]);
}

/// A gateway whose users are all of other issuers has no provider, and sessions all the same.
#[test]
fn no_provider_is_needed() {
    let desk = desk();
    let secret = desk.file("secret", "s3cret");
    let state = desk.folder.path().display();
    let text = format!(
        "listeners: [{{name: edge, address: '127.0.0.1:0'}}]
state: {{path: '{state}/c.db', key_file: '{state}/c.key'}}
trusted_issuers:
  - issuer: {ISSUER}
    discovery: openid
    algorithms: [ES256]
    sign_in_clients: [{{name: i, client_id: cellgate, client_secret_file: {secret}}}]
routes: [{{name: r, host: wiki.example, path: /, whoami: true, authentication: sign_in, sign_in_client: i}}]"
    );
    std::fs::write(&desk.config, text).unwrap();

    let said = type_in(&desk, &["list", "carol"]).unwrap();

    assert_eq!(said.lines().count(), 4, "{said}");
}
