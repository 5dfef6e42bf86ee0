//! What Cells says of a user who signed in before.

use super::stand_in::{ProfileSwitch, SERVICE_TOKEN, StandIn, Switches};
use super::{CellsDirectory, PASSWORD, PATIENT, check, profile, settings};
use crate::model::{Subject, UserProfile};
use crate::secret::Secret;
use crate::users::{BackendError, Standing, UserDirectory as _};

async fn standing_of(
    cells: &StandIn,
    user: &UserProfile,
    token: Option<&str>,
) -> Result<Standing, BackendError> {
    let mut settings = settings(&cells.url(), PATIENT);
    settings.service_token = token.map(Secret::new);
    let directory = CellsDirectory::new(&settings).unwrap();
    directory.find_standing(user).await
}

async fn with_alice() -> (StandIn, UserProfile) {
    let cells = StandIn::start(Switches::default()).await.unwrap();
    let alice = check(&cells, "alice", PASSWORD).await.unwrap();
    (cells, alice)
}

#[tokio::test]
async fn a_user_who_is_well_goes_on_with_the_profile_of_today() {
    let (cells, alice) = with_alice().await;
    let before = UserProfile {
        name: Some("Another name".to_owned()),
        groups: vec![],
        ..alice.clone()
    };

    let standing = standing_of(&cells, &before, Some(SERVICE_TOKEN)).await;

    assert_eq!(standing, Ok(Standing::Active(alice)));
}

#[tokio::test]
async fn a_user_who_is_locked_gone_or_another_does_not() {
    let (cells, alice) = with_alice().await;
    let ended = async |row: &str, user: &UserProfile| {
        let standing = standing_of(&cells, user, Some(SERVICE_TOKEN)).await;
        assert!(
            matches!(standing, Ok(Standing::Ended(_))),
            "{row}: {standing:?}"
        );
    };

    let somebody_else = UserProfile {
        subject: Subject::parse("another").unwrap(),
        ..alice.clone()
    };
    ended("another user of this login", &somebody_else).await;
    cells.set(Switches {
        pass_change_users: vec!["alice".to_owned()],
        ..Switches::default()
    });
    ended("must choose a new password", &alice).await;
    cells.set(Switches {
        removed_users: vec!["alice".to_owned()],
        ..Switches::default()
    });
    ended("removed", &alice).await;
    cells.set(Switches::default());
    for _ in 0..10 {
        check(&cells, "alice", "wrong").await.unwrap_err();
    }
    ended("locked", &alice).await;
}

/// Nothing follows about the user, so nobody may be signed out for it.
#[tokio::test]
async fn a_backend_that_cannot_be_asked_says_nothing() {
    let (cells, alice) = with_alice().await;

    for switch in [
        ProfileSwitch::Down,
        ProfileSwitch::Garbage,
        ProfileSwitch::PublicOnly,
    ] {
        cells.set(profile(switch));
        let standing = standing_of(&cells, &alice, Some(SERVICE_TOKEN)).await;
        assert!(standing.is_err(), "{switch:?}: {standing:?}");
    }
    cells.set(Switches::default());
    let standing = standing_of(&cells, &alice, Some("expired")).await;
    assert!(standing.is_err(), "a bad service token: {standing:?}");
}

#[tokio::test]
async fn without_a_service_token_nobody_is_asked() {
    let (cells, alice) = with_alice().await;

    let standing = standing_of(&cells, &alice, None).await;

    assert_eq!(standing, Ok(Standing::Untold));
}
