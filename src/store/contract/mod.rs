//! What every store must do, whatever database is under it: written against [`Store`] alone.
//!
//! `store::testing` chooses the database; each test runs on every one.

mod application_passwords;
mod application_sessions;
mod assertions;
mod attempts;
mod clients;
mod configured_clients;
mod consents;
mod failure_counts;
mod garbage;
mod issuer_sessions;
mod keys;
mod leases;
mod logout_notices;
mod redemption;
mod revocation;
mod rotation;
mod sealed;
mod sessions;
mod upstream_sessions;

use std::path::Path;
use std::time::Duration;

pub(super) use self::sealed::seal_one_of_each;
use super::testing::{self, new_store};
use super::{RefreshTerms, Rotation, Settings, Store, Synchronous};
use crate::model::{
    AuthorizationCode, ClaimName, ClientId, CodeChallenge, Device, Grant, GrantId, RequestedClaims,
    Resource, Scope, Session, SessionId, Subject, Timestamp, UserDetails, UserProfile,
};
use crate::secret::{Digest, Secret};

pub(super) const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

pub(super) fn later(secs: u64) -> Timestamp {
    NOW.after(Duration::from_secs(secs))
}

pub(super) fn settings_in(folder: &Path) -> Settings {
    testing::settings_in(folder, Synchronous::Full)
}

pub(super) fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn user() -> UserProfile {
    UserProfile {
        subject: Subject::parse("6b2ff3f0-2b1c-4a0d-9d3c-0d8b8f1f5f00").unwrap(),
        login: "zoë".to_owned(),
        name: Some("Zoë \"Z\" O'Neil".to_owned()),
        email: None,
        email_verified: Some(false),
        groups: vec!["/staff/ops".to_owned(), String::new()],
        roles: vec![],
        details: UserDetails::default(),
    }
}

pub(super) fn grant(id: &str) -> Grant {
    Grant {
        id: GrantId::new(id),
        client_id: ClientId::parse("demo-app").unwrap(),
        user: user(),
        session_id: SessionId::new("session"),
        scope: Scope::parse("openid email").unwrap(),
        resources: ["https://api.example/", "urn:example:mail"]
            .map(|text| Resource::parse(text).unwrap())
            .to_vec(),
        claims: RequestedClaims {
            userinfo: [ClaimName::parse("name").unwrap()].into(),
            ..RequestedClaims::default()
        },
        authenticated_at: NOW,
        nonce: Some("n-0S6".to_owned()),
        granted_at: NOW,
    }
}

/// A code that stands for the grant of the same name and expires after a minute.
pub(super) fn code(id: &str) -> AuthorizationCode {
    AuthorizationCode {
        grant: grant(id),
        redirect_uri: "https://app.example/callback".to_owned(),
        code_challenge: CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        expires_at: later(60),
    }
}

fn session(id: &str) -> Session {
    Session {
        id: SessionId::new(id),
        user: user(),
        authenticated_at: NOW,
        idle_until: later(600),
        expires_at: later(3600),
        last_seen_at: NOW,
        device: Device::new(Some("Mozilla/5.0"), [192, 0, 2, 7].into()),
    }
}

/// A store with the grant `id` and one refresh token of that name, good for an hour.
async fn with_refresh_token(id: &str) -> Store {
    let store = new_store().await;
    store.save_code(&digest(id), &code(id)).await.unwrap();
    store
        .save_refresh_token(&digest(id), &GrantId::new(id), later(3600))
        .await
        .unwrap();
    store
}

/// Rotates the refresh token of this name at `at`; spent ones come again for 30 s.
pub(super) async fn rotate(store: &Store, token: &str, at: u64) -> Rotation {
    let terms = RefreshTerms {
        expires_at: later(at + 3600),
        reuse_window: Duration::from_secs(30),
        confirmed: None,
    };
    store
        .rotate_refresh_token(&Secret::new(token), &terms, later(at))
        .await
        .unwrap()
}

/// The token that a rotation brought.
#[track_caller]
pub(super) fn successor(rotation: &Rotation) -> &str {
    match rotation {
        Rotation::Fresh(token) | Rotation::Repeated(token) => token.expose(),
        Rotation::Replayed(_) | Rotation::Unknown => panic!("{rotation:?}"),
    }
}
