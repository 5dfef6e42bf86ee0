//! Sessions by the code flow of Cells (fact sheet A.6 and B.4, option C).

use super::*;
use crate::model::UpstreamSession;
use crate::users::cells::challenge;
use crate::users::{CellsClient, RenewalError, SignedIn};

/// One that every Cells has.
fn public() -> CellsClient {
    CellsClient {
        id: "cells-client".to_owned(),
        secret: None,
        redirect_uri: "http://localhost:3000/servers/callback".to_owned(),
    }
}

/// One that an administrator has registered.
fn confidential() -> CellsClient {
    CellsClient {
        id: "edge".to_owned(),
        secret: Some(Secret::new("cells-demo-client-secret")),
        redirect_uri: "https://edge.example/cells".to_owned(),
    }
}

fn directory_of(cells: &StandIn, client: CellsClient) -> CellsDirectory {
    let settings = CellsSettings {
        client: Some(Box::new(client)),
        ..settings(&cells.url(), PATIENT)
    };
    CellsDirectory::new(&settings).unwrap()
}

async fn sign_in_by(directory: &CellsDirectory, password: &str) -> Result<SignedIn, SignInError> {
    let login = Login::parse("alice").unwrap();
    directory
        .check_password(&login, &Secret::new(password), NOW)
        .await
}

/// A session of alice's at `cells`.
async fn signed_in(cells: &StandIn) -> (CellsDirectory, UpstreamSession) {
    let directory = directory_of(cells, public());
    let upstream = sign_in_by(&directory, PASSWORD).await.unwrap().upstream;
    (directory, upstream.unwrap())
}

async fn start() -> StandIn {
    StandIn::start(Switches::default()).await.unwrap()
}

#[tokio::test]
async fn a_password_brings_a_refresh_token_of_its_own() {
    for (version, client) in [
        (Version::V2, public()),
        (Version::V4, confidential()),
        (Version::V5, public()),
    ] {
        let cells = StandIn::start(super::version(version)).await.unwrap();
        let directory = directory_of(&cells, client);

        let signed_in = sign_in_by(&directory, PASSWORD).await.unwrap();

        assert_eq!(signed_in.user.login, "alice");
        assert_eq!(signed_in.user.roles, ["Administrators"], "{version:?}");
        let upstream = signed_in.upstream.unwrap();
        assert!(challenge::refresh_token(&upstream).is_some());
        assert_eq!(
            upstream.token_expires_at,
            NOW.after(Duration::from_secs(599))
        );
        assert_eq!((cells.n_refresh_tokens(), cells.n_sessions()), (1, 0));
        assert_eq!(cells.n_sign_ins(), 1, "one password is tried once");
    }
}

#[tokio::test]
async fn what_cells_says_of_the_password_is_said_as_without_a_challenge() {
    for (row, switches, password, expected) in [
        ("wrong", Switches::default(), "wrong", "denied"),
        (
            "a second factor",
            session(SessionSwitch::Trigger),
            PASSWORD,
            "step_up_required",
        ),
        (
            "an error",
            session(SessionSwitch::ErrorField),
            PASSWORD,
            "denied",
        ),
        ("nothing", session(SessionSwitch::Empty), PASSWORD, "denied"),
        (
            "a rate limit",
            session(SessionSwitch::RateLimited),
            PASSWORD,
            "throttled",
        ),
        (
            "down",
            session(SessionSwitch::Down),
            PASSWORD,
            "unavailable",
        ),
        (
            "not Cells",
            session(SessionSwitch::NotCells),
            PASSWORD,
            "unavailable",
        ),
        (
            "a new password",
            Switches {
                pass_change_users: vec!["alice".to_owned()],
                ..Switches::default()
            },
            PASSWORD,
            "new_password_required",
        ),
    ] {
        let cells = StandIn::start(switches).await.unwrap();
        let directory = directory_of(&cells, public());
        let error = sign_in_by(&directory, password).await.unwrap_err();
        assert_eq!(error.reason(), expected, "{row}");
    }
}

/// What is wrong with our client is no fault of the user, and no password is shown to a Cells that would
/// give nothing for it.
#[tokio::test]
async fn a_client_that_cells_does_not_know_is_never_a_wrong_password() {
    let cells = start().await;
    let forgotten = Switches {
        forgets_clients: true,
        ..Switches::default()
    };
    cells.set(forgotten);
    let unknown = sign_in_by(&directory_of(&cells, public()), PASSWORD).await;
    assert!(
        matches!(unknown, Err(SignInError::Unavailable(_))),
        "{unknown:?}"
    );
    assert_eq!(cells.n_sign_ins(), 0);

    cells.set(Switches::default());
    let wrong_secret = CellsClient {
        secret: Some(Secret::new("another")),
        ..confidential()
    };
    for client in [
        wrong_secret,
        CellsClient {
            secret: None,
            ..confidential()
        },
    ] {
        let refused = sign_in_by(&directory_of(&cells, client), PASSWORD).await;
        assert!(
            matches!(refused, Err(SignInError::Unavailable(_))),
            "{refused:?}"
        );
    }
    cells.set(Switches {
        token_endpoint_is_down: true,
        ..Switches::default()
    });
    let down = sign_in_by(&directory_of(&cells, public()), PASSWORD).await;
    assert!(matches!(down, Err(SignInError::Unavailable(_))), "{down:?}");
    assert_eq!(cells.failures("alice"), 0);
}

#[tokio::test]
async fn a_refresh_token_is_used_once_and_brings_the_next() {
    let cells = start().await;
    let (directory, first) = signed_in(&cells).await;

    let second = directory.renew(&first, NOW).await.unwrap();
    let third = directory.renew(&second, NOW).await.unwrap();

    assert_eq!(cells.n_renewals(), 2);
    let renewals = [&first, &second, &third].map(|it| it.renewal.expose());
    assert!(renewals[0] != renewals[1] && renewals[1] != renewals[2]);
    assert_eq!(cells.n_refresh_tokens(), 1);
    let replayed = directory.renew(&first, NOW).await;
    assert!(
        matches!(replayed, Err(RenewalError::Refused(_))),
        "{replayed:?}"
    );
}

/// A.4: its provider does not look at the user when it refreshes.
#[tokio::test]
async fn a_user_who_is_locked_gone_or_to_change_the_password_is_refused_at_a_renewal() {
    let alice = || vec!["alice".to_owned()];
    for (row, switches, is_locked, expected) in [
        (
            "locked",
            Switches::default(),
            true,
            "Cells has locked the user",
        ),
        (
            "gone",
            Switches {
                removed_users: alice(),
                ..Switches::default()
            },
            false,
            "Cells has no such user any more",
        ),
        (
            "a new password",
            Switches {
                pass_change_users: alice(),
                ..Switches::default()
            },
            false,
            "Cells asks the user for a new password",
        ),
    ] {
        let cells = start().await;
        let (directory, upstream) = signed_in(&cells).await;
        cells.set(switches);
        if is_locked {
            cells.lock_out("alice");
        }

        let renewed = directory.renew(&upstream, NOW).await;

        assert_eq!(
            renewed.unwrap_err(),
            RenewalError::Refused(expected),
            "{row}"
        );
        assert_eq!(cells.n_refresh_tokens(), 0, "{row}: nothing is left behind");
    }
}

/// "Away" is never "refused", and a fault of our client's ends nobody's session.
#[tokio::test]
async fn a_cells_that_cannot_answer_refuses_no_renewal() {
    let cells = start().await;
    let (directory, upstream) = signed_in(&cells).await;
    for switches in [
        Switches {
            token_endpoint_is_down: true,
            ..Switches::default()
        },
        Switches {
            forgets_clients: true,
            ..Switches::default()
        },
    ] {
        cells.set(switches);
        let error = directory.renew(&upstream, NOW).await.unwrap_err();
        assert!(matches!(error, RenewalError::Unavailable(_)), "{error:?}");
    }
    // Without a profile nothing is known against the user, and the token before is spent.
    cells.set(profile(ProfileSwitch::Down));
    let renewed = directory.renew(&upstream, NOW).await.unwrap();
    cells.revoke_everything();
    cells.set(Switches::default());
    let error = directory.renew(&renewed, NOW).await.unwrap_err();
    assert_eq!(error, RenewalError::Refused("Cells refused to renew it"));
}

#[tokio::test]
async fn the_end_of_a_session_takes_its_tokens_back() {
    for client in [public(), confidential()] {
        let cells = start().await;
        let directory = directory_of(&cells, client);
        let upstream = sign_in_by(&directory, PASSWORD).await.unwrap().upstream;

        directory.end(&upstream.unwrap()).await.unwrap();

        assert_eq!(cells.n_refresh_tokens(), 0);
    }
}

/// A change of the configuration signs nobody out.
#[tokio::test]
async fn a_session_is_renewed_as_it_was_opened() {
    let cells = start().await;
    let login = Login::parse("alice").unwrap();
    let by_cookie = CellsDirectory::new(&settings(&cells.url(), PATIENT)).unwrap();
    let by_client = directory_of(&cells, public());
    let opened = by_cookie
        .check_password(&login, &Secret::new(PASSWORD), NOW)
        .await;
    let opened = opened.unwrap().upstream.unwrap();

    let renewed = by_client.renew(&opened, NOW).await.unwrap();
    by_client.end(&renewed).await.unwrap();

    assert_eq!(cells.n_sessions(), 0);
    let (_, upstream) = signed_in(&cells).await;
    let orphan = by_cookie.renew(&upstream, NOW).await.unwrap_err();
    assert!(matches!(orphan, RenewalError::Refused(reason) if reason.contains("configured")));
}
