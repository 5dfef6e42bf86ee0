//! The session at Cells: what a sign-in brings, what a renewal does, how it ends.

use super::stand_in::{SessionSwitch, StandIn, Switches};
use super::{NOW, PASSWORD, PATIENT, session, settings};
use crate::model::{Login, UpstreamSession};
use crate::secret::Secret;
use crate::users::cells::CellsDirectory;
use crate::users::cells::user;
use crate::users::{RenewalError, UserDirectory as _};

async fn signed_in() -> (StandIn, CellsDirectory, UpstreamSession) {
    let cells = StandIn::start(Switches::default()).await.unwrap();
    let directory = CellsDirectory::new(&settings(&cells.url(), PATIENT)).unwrap();
    let alice = Login::parse("alice").unwrap();
    let password = Secret::new(PASSWORD);
    let signed_in = directory.check_password(&alice, &password, NOW).await;
    (cells, directory, signed_in.unwrap().upstream.unwrap())
}

/// Whether the API of Cells takes the token.
async fn is_good(directory: &CellsDirectory, upstream: &UpstreamSession) -> bool {
    let alice = Login::parse("alice").unwrap();
    let found = user::find(&directory.http, &alice, &upstream.access_token, None);
    found.await.is_ok()
}

#[tokio::test]
async fn a_sign_in_brings_a_session_that_can_be_renewed_again_and_again() {
    let (cells, directory, mut upstream) = signed_in().await;
    assert!(is_good(&directory, &upstream).await);

    for _ in 0..3 {
        let renewed = directory.renew(&upstream, NOW).await.unwrap();

        assert_ne!(
            renewed.access_token.expose(),
            upstream.access_token.expose()
        );
        assert_ne!(renewed.renewal.expose(), upstream.renewal.expose());
        assert!(is_good(&directory, &renewed).await);
        upstream = renewed;
    }
    assert_eq!((cells.n_renewals(), cells.n_sessions()), (3, 1));
    let last = [upstream.access_token, upstream.renewal];
    for (secret, prefix) in last.iter().zip(["", "pydio="]) {
        let secret = secret.expose().strip_prefix(prefix).unwrap();
        assert!(
            cells.given().iter().any(|given| given == secret),
            "{prefix}"
        );
    }
}

#[tokio::test]
async fn what_cells_took_back_is_not_renewed() {
    let (cells, directory, upstream) = signed_in().await;

    cells.revoke_everything();

    let refused = directory.renew(&upstream, NOW).await;
    assert!(matches!(refused, Err(RenewalError::Refused(_))));
}

#[tokio::test]
async fn no_token_is_taken_to_live_longer_than_ten_minutes() {
    let (_cells, directory, upstream) = signed_in().await;

    // The stand-in's clock is years ahead of the one of this test.
    assert_eq!(upstream.token_expires_at.since(NOW).as_secs(), 600);
    assert_eq!(upstream.renewal_expires_at.since(NOW).as_secs(), 3600);
    let renewed = directory.renew(&upstream, NOW).await.unwrap();
    assert_eq!(renewed.token_expires_at.since(NOW).as_secs(), 600);
}

#[tokio::test]
async fn what_a_renewal_is_made_with_is_good_once() {
    let (_cells, directory, upstream) = signed_in().await;
    directory.renew(&upstream, NOW).await.unwrap();

    let again = directory.renew(&upstream, NOW).await;

    assert!(matches!(again, Err(RenewalError::Refused(_))), "{again:?}");
}

#[tokio::test]
async fn a_session_that_is_ended_is_over_at_cells() {
    let (_cells, directory, upstream) = signed_in().await;

    directory.end(&upstream).await.unwrap();

    assert!(!is_good(&directory, &upstream).await);
    let refused = directory.renew(&upstream, NOW).await;
    assert!(matches!(refused, Err(RenewalError::Refused(_))));
}

/// "Away" is never "refused".
#[tokio::test]
async fn a_cells_that_cannot_answer_refuses_no_renewal() {
    for switch in [
        SessionSwitch::Down,
        SessionSwitch::Unavailable,
        SessionSwitch::RateLimited,
        SessionSwitch::Garbage,
        SessionSwitch::NotCells,
        SessionSwitch::Redirect,
        SessionSwitch::Endless,
    ] {
        let (cells, directory, upstream) = signed_in().await;
        cells.set(session(switch));

        let failed = directory.renew(&upstream, NOW).await.unwrap_err();
        let ended = directory.end(&upstream).await;

        assert!(
            !matches!(failed, RenewalError::Refused(_)),
            "{switch:?}: {failed:?}"
        );
        let is_told_again = matches!(
            switch,
            SessionSwitch::Down
                | SessionSwitch::Unavailable
                | SessionSwitch::RateLimited
                | SessionSwitch::Endless
        );
        assert_eq!(ended.is_err(), is_told_again, "{switch:?}");
    }
}

#[tokio::test]
async fn an_answer_without_a_token_renews_nothing() {
    for switch in [
        SessionSwitch::ErrorField,
        SessionSwitch::Empty,
        SessionSwitch::Trigger,
    ] {
        let (cells, directory, upstream) = signed_in().await;
        cells.set(session(switch));

        let refused = directory.renew(&upstream, NOW).await;

        assert!(
            matches!(refused, Err(RenewalError::Refused(_))),
            "{switch:?}"
        );
    }
}
