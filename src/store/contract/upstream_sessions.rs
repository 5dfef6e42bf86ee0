//! What backends gave: sealed, renewed by one at a time, ended with the session it belongs to.

use std::time::Duration;

use super::{NOW, code, digest, later, new_store, session, settings_in};
use crate::model::{
    ApplicationPassword, GrantId, SessionId, Subject, Timestamp, UpstreamSession, UserProfile,
};
use crate::secret::Secret;
use crate::store::{Store, StoredUpstreamSession, UpstreamRotation};

const LEASE: Duration = Duration::from_secs(30);

fn id() -> SessionId {
    SessionId::new("session")
}

fn upstream(n: u32) -> UpstreamSession {
    UpstreamSession {
        access_token: Secret::new(format!("opaque-token-\"{n}\"")),
        token_expires_at: later(600),
        renewal: Secret::new(format!("cookie-{n}")),
        renewal_expires_at: later(3600),
    }
}

/// A store with a session, a grant in it, and what the backend gave.
async fn kept_in(store: Store) -> (Store, StoredUpstreamSession) {
    let cookie = digest("cookie");
    let browser = session("session");
    store.save_session(&cookie, &browser).await.unwrap();
    store.save_code(&digest("c"), &code("g")).await.unwrap();
    let kept = store
        .save_upstream_session(&id(), &upstream(0), later(60), NOW)
        .await;
    let kept = kept.unwrap();
    (store, kept)
}

async fn kept() -> (Store, StoredUpstreamSession) {
    kept_in(new_store().await).await
}

/// The renewal that is kept for the grant.
async fn found(store: &Store) -> Option<String> {
    let found = store.upstream_session_of(&GrantId::new("g")).await.unwrap();
    found?
        .1
        .map(|found| found.upstream.renewal.expose().to_owned())
}

async fn ended(store: &Store, at: Timestamp) -> Vec<String> {
    let ended = store.claim_ended_upstream_sessions(10, LEASE, at).await;
    let renewal = |(stored, _): (StoredUpstreamSession, i64)| {
        let renewal = stored.upstream.renewal;
        renewal.expose().to_owned()
    };
    ended.unwrap().into_iter().map(renewal).collect()
}

#[tokio::test]
async fn what_was_kept_is_found_by_a_grant_of_the_session_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let open = || async { Store::open(&settings_in(folder.path())).await.unwrap() };
    drop(kept_in(open().await).await);

    let store = open().await;
    let found = store.upstream_session_of(&GrantId::new("g")).await;

    let (session, stored) = found.unwrap().unwrap();
    let stored = stored.unwrap();
    assert_eq!((session, stored.session_id), (id(), id()));
    assert_eq!(stored.upstream.access_token.expose(), "opaque-token-\"0\"");
    assert_eq!(stored.upstream.renewal.expose(), "cookie-0");
    assert_eq!(stored.upstream.token_expires_at, later(600));
    assert_eq!(stored.upstream.renewal_expires_at, later(3600));
}

#[tokio::test]
async fn nothing_of_it_lies_in_the_file_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&settings_in(folder.path())).await.unwrap();
    let (store, kept) = kept_in(store).await;
    assert!(store.claim_renewal(&kept, LEASE, NOW).await.unwrap());
    let rotated = store
        .rotate_upstream_session(&kept, &upstream(1), later(60))
        .await;
    rotated.unwrap();

    let files: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();

    let holds = |file: &[u8], text: &str| {
        let text = text.as_bytes();
        file.windows(text.len()).any(|window| window == text)
    };
    assert!(files.iter().any(|file| holds(file, "upstream_sessions")));
    for text in ["cookie-0", "cookie-1", "opaque-token-"] {
        assert!(!files.iter().any(|file| holds(file, text)), "{text}");
    }
}

#[tokio::test]
async fn of_many_that_renew_one_does() {
    let (store, kept) = kept().await;

    let claims = (0..16).map(|_| {
        let (store, kept) = (store.clone(), kept.clone());
        tokio::spawn(async move { store.claim_renewal(&kept, LEASE, NOW).await.unwrap() })
    });
    let mut n_claimed = 0;
    for claim in claims.collect::<Vec<_>>() {
        n_claimed += usize::from(claim.await.unwrap());
    }

    assert_eq!(n_claimed, 1);
    assert!(!store.claim_renewal(&kept, LEASE, later(29)).await.unwrap());
    // Whoever had it may be gone.
    assert!(store.claim_renewal(&kept, LEASE, later(30)).await.unwrap());
}

#[tokio::test]
async fn a_renewal_takes_the_place_of_what_it_was_made_with_once() {
    let (store, kept) = kept().await;

    let rotate = |n| {
        let (store, kept) = (store.clone(), kept.clone());
        async move {
            let rotated = store
                .rotate_upstream_session(&kept, &upstream(n), later(120))
                .await;
            rotated.unwrap()
        }
    };
    assert_eq!(rotate(1).await, UpstreamRotation::Stored);
    assert_eq!(rotate(2).await, UpstreamRotation::Unwanted);

    assert_eq!(found(&store).await.unwrap(), "cookie-1");
    assert!(!store.claim_renewal(&kept, LEASE, NOW).await.unwrap());
}

#[tokio::test]
async fn a_session_is_due_at_its_time_unless_somebody_renews_it() {
    let (store, kept) = kept().await;
    let n_due = |at| {
        let store = store.clone();
        async move { store.due_renewals(10, at).await.unwrap().len() }
    };

    assert_eq!(n_due(later(59)).await, 0);
    assert_eq!(n_due(later(60)).await, 1);
    store.claim_renewal(&kept, LEASE, later(60)).await.unwrap();
    assert_eq!(n_due(later(60)).await, 0);
    store.postpone_renewal(&kept, later(70)).await.unwrap();
    assert_eq!(n_due(later(69)).await, 0);
    assert_eq!(n_due(later(70)).await, 1);
}

#[tokio::test]
async fn it_ends_with_its_session_and_is_told_of_until_somebody_did() {
    let (store, kept) = kept().await;

    store.end_session(&id(), later(1)).await.unwrap();

    assert_eq!(found(&store).await, None);
    assert!(!store.claim_renewal(&kept, LEASE, later(1)).await.unwrap());
    assert_eq!(ended(&store, later(2)).await, ["cookie-0"]);
    assert!(ended(&store, later(3)).await.is_empty(), "claimed");
    assert_eq!(ended(&store, later(32)).await, ["cookie-0"]);
    store.delete_upstream_session(&kept).await.unwrap();
    assert!(ended(&store, later(100)).await.is_empty());
}

/// A renewal that was under way when its session ended is what the backend is told of.
#[tokio::test]
async fn what_a_late_renewal_brought_ends_too() {
    let (store, kept) = kept().await;
    store.claim_renewal(&kept, LEASE, NOW).await.unwrap();
    store.end_session(&id(), later(1)).await.unwrap();

    let rotated = store
        .rotate_upstream_session(&kept, &upstream(1), later(60))
        .await;

    assert_eq!(rotated.unwrap(), UpstreamRotation::Unwanted);
    assert_eq!(found(&store).await, None);
    assert_eq!(ended(&store, later(2)).await, ["cookie-1"]);
    // What was told of is the older one: the newer one stays to be told of.
    store.delete_upstream_session(&kept).await.unwrap();
    assert_eq!(ended(&store, later(40)).await, ["cookie-1"]);
}

#[tokio::test]
async fn another_sign_in_in_a_session_ends_what_the_one_before_brought() {
    let (store, _) = kept().await;

    let again = store
        .save_upstream_session(&id(), &upstream(1), later(60), later(1))
        .await;
    again.unwrap();

    assert_eq!(found(&store).await.unwrap(), "cookie-1");
    assert_eq!(ended(&store, later(2)).await, ["cookie-0"]);
}

#[tokio::test]
async fn it_goes_on_for_as_long_as_session_or_refresh_token_do() {
    for (has_refresh_token, at, n_expected) in [
        (false, 599, 0),
        (false, 600, 1),
        (true, 600, 0),
        (true, 999, 0),
        (true, 1000, 1),
    ] {
        let (store, _) = kept().await;
        if has_refresh_token {
            let saved = store
                .save_refresh_token(&digest("r"), &GrantId::new("g"), later(1000))
                .await;
            saved.unwrap();
        }

        let n_ended = store.end_orphaned_upstream_sessions(10, later(at)).await;

        assert_eq!(n_ended.unwrap(), n_expected, "{has_refresh_token} {at}");
        assert_eq!(found(&store).await.is_none(), n_expected == 1);
    }
}

#[tokio::test]
async fn a_grant_that_is_revoked_or_unknown_leads_nowhere() {
    let (store, _) = kept().await;
    store.revoke_grant(&GrantId::new("g"), NOW).await.unwrap();

    for grant in ["g", "unknown"] {
        let found = store.upstream_session_of(&GrantId::new(grant)).await;

        assert!(found.unwrap().is_none(), "{grant}");
    }
}

/// An application password opens nothing at a backend, so it goes with a session of its user.
#[tokio::test]
async fn a_session_of_the_user_is_found_for_an_application_password() {
    let (store, _) = kept().await;
    let id = GrantId::new("password");
    let password = super::application_passwords::password("password", NOW);
    let of_another = ApplicationPassword {
        id: GrantId::new("other"),
        user: UserProfile {
            subject: Subject::parse("somebody-else").unwrap(),
            ..password.user.clone()
        },
        ..password.clone()
    };
    for password in [&password, &of_another] {
        let secret = digest(password.id.as_str());
        let saved = store.save_application_password(&secret, password, 5);
        saved.await.unwrap();
    }
    let found = |id: GrantId| {
        let store = store.clone();
        async move { store.upstream_session_of_password(&id).await.unwrap() }
    };

    let session = found(id.clone()).await.unwrap().session_id;
    assert_eq!(session.as_str(), "session");
    assert!(found(of_another.id).await.is_none());
    assert!(found(GrantId::new("g")).await.is_none(), "no password");

    store.end_session(&session, NOW).await.unwrap();
    assert!(found(id).await.is_none());
}
