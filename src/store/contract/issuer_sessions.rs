//! Sessions by other issuers: seen and ended by operators, and refreshed by one of any number of
//! processes.

use std::time::Duration;

use super::{NOW, digest, later, new_store, settings_in};
use crate::secret::Secret;
use crate::store::{Begun, IssuerSession, IssuerTokens, Store};

const LEASE: Duration = Duration::from_secs(30);

/// Alice's at `app.example`, by one issuer.
fn session(id: &str) -> IssuerSession {
    let claims = serde_json::json!({"sub": "alice", "preferred_username": "Alice"});
    IssuerSession {
        id: id.to_owned(),
        host: "app.example".to_owned(),
        issuer: "https://issuer.example/".to_owned(),
        client_id: "us".to_owned(),
        subject: "alice".to_owned(),
        sid: None,
        tokens: IssuerTokens {
            refresh_token: Some(Secret::new("rt-0")),
            id_token: Secret::new("id"),
            nonce: "n".to_owned(),
            scope: "openid".to_owned(),
            claims: claims.as_object().unwrap().clone(),
            good_until: later(60),
        },
        version: 0,
        refresh_at: Some(later(45)),
        begun_at: NOW,
        last_seen_at: NOW,
        idle_until: later(600),
        expires_at: later(3600),
    }
}

async fn begin(store: &Store, session: &IssuerSession) {
    let begun = Begun {
        state: &digest(&format!("state of {}", session.id)),
        state_expires_at: later(60),
        previous: None,
    };
    let cookie = digest(&session.id);
    let begun = store.begin_issuer_session(&cookie, session, &begun).await;
    assert!(begun.unwrap());
}

async fn found(store: &Store, id: &str, secs: u64) -> Option<IssuerSession> {
    let found = store.find_issuer_session(&digest(id), later(secs)).await;
    found.unwrap()
}

/// Ids of those that are listed.
async fn open(store: &Store, secs: u64) -> Vec<String> {
    let open = store.open_issuer_sessions(later(secs)).await.unwrap();
    open.into_iter().map(|session| session.id).collect()
}

async fn claims(store: &Store, session: &IssuerSession, secs: u64) -> bool {
    let claim = store.claim_issuer_refresh(session, LEASE, later(secs));
    claim.await.unwrap()
}

/// Whether what a refresh brought takes the place of what it was made with.
async fn renews(store: &Store, session: &IssuerSession, n: u32) -> bool {
    let tokens = IssuerTokens {
        refresh_token: Some(Secret::new(format!("rt-{n}"))),
        ..session.tokens.clone()
    };
    let renewed = store.renew_issuer_session(session, &tokens, later(90));
    renewed.await.unwrap()
}

#[tokio::test]
async fn those_that_go_on_are_listed_by_issuer_user_and_use() {
    let store = new_store().await;
    assert!(open(&store, 0).await.is_empty());
    for session in [
        IssuerSession {
            issuer: "https://other.example/".to_owned(),
            ..session("by another")
        },
        IssuerSession {
            subject: "bob".to_owned(),
            ..session("bob's")
        },
        IssuerSession {
            begun_at: later(0),
            ..session("used first")
        },
        IssuerSession {
            begun_at: later(10),
            idle_until: later(700),
            ..session("used last")
        },
        IssuerSession {
            idle_until: later(20),
            ..session("idle")
        },
        IssuerSession {
            expires_at: later(20),
            ..session("old")
        },
    ] {
        begin(&store, &session).await;
    }

    assert_eq!(open(&store, 19).await.len(), 6);
    let listed = store.open_issuer_sessions(later(20)).await.unwrap();

    let ids: Vec<&str> = listed.iter().map(|session| session.id.as_str()).collect();
    assert_eq!(ids, ["used last", "used first", "bob's", "by another"]);
    let last = &listed[0];
    assert_eq!(last.tokens.claims["preferred_username"], "Alice");
    assert_eq!((last.begun_at, last.idle_until), (later(10), later(700)));
    assert_eq!(open(&store, 3600).await, Vec::<String>::new());
}

/// What an operator ends is refused from then on, and so is what is the same session at the issuer.
#[tokio::test]
async fn one_ends_with_those_of_the_same_session_at_its_issuer() {
    let store = new_store().await;
    let at = |id: &str, host: &str, sid: Option<&str>| IssuerSession {
        host: host.to_owned(),
        sid: sid.map(str::to_owned),
        ..session(id)
    };
    for session in [
        at("wiki", "wiki.example", Some("sid-1")),
        at("mail", "mail.example", Some("sid-1")),
        at("phone", "wiki.example", Some("sid-2")),
        at("unnamed", "wiki.example", None),
        IssuerSession {
            issuer: "https://other.example/".to_owned(),
            ..at("by another", "wiki.example", Some("sid-1"))
        },
    ] {
        begin(&store, &session).await;
    }
    let wiki = found(&store, "wiki", 1).await.unwrap();

    let n_ended = store.end_issuer_session(&wiki, later(1)).await.unwrap();

    assert_eq!(n_ended, 2);
    let mut left = open(&store, 1).await;
    left.sort();
    assert_eq!(left, ["by another", "phone", "unnamed"]);
    for (id, is_over) in [("wiki", true), ("mail", true), ("phone", false)] {
        assert_eq!(store.revocations().covers_grant(id), is_over, "{id}");
    }
    let unnamed = found(&store, "unnamed", 1).await.unwrap();
    assert_eq!(store.end_issuer_session(&unnamed, NOW).await.unwrap(), 1);
    assert_eq!(store.end_issuer_session(&unnamed, NOW).await.unwrap(), 0);
}

#[tokio::test]
async fn all_of_a_user_end_at_one_issuer_and_another_process_knows() {
    let folder = tempfile::tempdir().unwrap();
    let open_one = async || Store::open(&settings_in(folder.path())).await.unwrap();
    let (here, there) = (open_one().await, open_one().await);
    for session in [
        session("laptop"),
        session("phone"),
        IssuerSession {
            subject: "bob".to_owned(),
            ..session("bob's")
        },
        IssuerSession {
            client_id: "we elsewhere".to_owned(),
            ..session("by another client")
        },
    ] {
        begin(&here, &session).await;
    }

    let of = ("https://issuer.example/", "us");
    let ended = there.end_sessions_by_issuer(of, (Some("alice"), None), later(1));

    assert_eq!(ended.await.unwrap(), 2);
    assert!(found(&here, "laptop", 1).await.is_none());
    assert!(!here.revocations().covers_grant("laptop"), "not told yet");
    let mut told: Vec<String> = here
        .refresh_revocations()
        .await
        .unwrap()
        .into_iter()
        .map(|revoked| revoked.id)
        .collect();
    told.sort();
    assert_eq!(told, ["laptop", "phone"]);
    assert!(here.revocations().covers_grant("laptop"));
    assert_eq!(open(&here, 1).await.len(), 2);
}

/// A refresh token is good once: of all processes that find it due, one asks the issuer.
#[tokio::test]
async fn of_many_processes_that_find_a_refresh_due_one_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let open_one = async || Store::open(&settings_in(folder.path())).await.unwrap();
    let processes = [open_one().await, open_one().await, open_one().await];
    begin(&processes[0], &session("s")).await;

    let asking: Vec<_> = (0..12)
        .map(|n: usize| {
            let store = processes[n % 3].clone();
            tokio::spawn(async move {
                let due = found(&store, "s", 45).await.unwrap();
                claims(&store, &due, 45).await.then_some((n % 3, due))
            })
        })
        .collect();
    let mut claimed = Vec::new();
    for asked in asking {
        claimed.extend(asked.await.unwrap());
    }

    assert_eq!(claimed.len(), 1);
    let (one, due) = claimed.remove(0);
    assert!(renews(&processes[one], &due, 1).await);
    for store in &processes {
        assert!(!claims(store, &due, 46).await, "it was made");
        let now = found(store, "s", 46).await.unwrap();
        let token = now.tokens.refresh_token.unwrap();
        assert_eq!((now.version, token.expose()), (1, "rt-1"));
    }
}

#[tokio::test]
async fn a_claim_whose_holder_died_runs_out_and_the_dead_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let open_one = async || Store::open(&settings_in(folder.path())).await.unwrap();
    let (first, second) = (open_one().await, open_one().await);
    begin(&first, &session("s")).await;
    let due = found(&first, "s", 45).await.unwrap();
    assert!(claims(&first, &due, 45).await);

    assert!(!claims(&second, &due, 74).await, "it may be at work");
    assert!(claims(&second, &due, 75).await);
    assert!(renews(&second, &due, 1).await);

    // Whoever was thought dead comes back with what the issuer gave before.
    assert!(!renews(&first, &due, 2).await);
    let now = found(&second, "s", 76).await.unwrap();
    assert_eq!(now.tokens.refresh_token.unwrap().expose(), "rt-1");
}

/// The issuer did not answer: somebody else need not wait for the claim to run out.
#[tokio::test]
async fn a_claim_that_is_given_back_is_to_be_had_when_the_refresh_is_due_again() {
    let store = new_store().await;
    begin(&store, &session("s")).await;
    let due = found(&store, "s", 45).await.unwrap();
    assert!(claims(&store, &due, 45).await);

    store
        .postpone_issuer_refresh(&due, later(50))
        .await
        .unwrap();

    let postponed = found(&store, "s", 46).await.unwrap();
    assert_eq!(postponed.refresh_at, Some(later(50)));
    assert!(claims(&store, &postponed, 50).await);
}

#[tokio::test]
async fn a_session_that_ended_meanwhile_is_not_refreshed() {
    let store = new_store().await;
    begin(&store, &session("s")).await;
    let due = found(&store, "s", 45).await.unwrap();
    assert!(claims(&store, &due, 45).await);

    store.end_issuer_session(&due, later(46)).await.unwrap();

    assert!(!renews(&store, &due, 1).await);
    assert!(found(&store, "s", 47).await.is_none());
    assert!(!claims(&store, &due, 80).await);
}
