//! Whether a user may still go on, by what the operator has written down.

use super::*;
use crate::model::{Subject, UserDetails};
use crate::users::{ApiStanding, BackendError, Standing};

fn user() -> UserProfile {
    UserProfile {
        subject: Subject::parse("42").unwrap(),
        login: "Alice".to_owned(),
        name: Some("Alice at the sign-in".to_owned()),
        email: None,
        email_verified: None,
        groups: vec!["before".to_owned()],
        roles: vec![],
        details: UserDetails::default(),
    }
}

fn asked(application: &Application) -> ApiStanding {
    let root = application.url.split_once("/api/").unwrap().0;
    ApiStanding {
        url: format!("{root}/users/{{subject}}"),
        token: Some(Secret::new("the-token")),
        ended: vec![404, 410],
        active: None,
        user: UserPointers::default(),
    }
}

async fn find(
    application: &Application,
    standing: Option<ApiStanding>,
) -> Result<Standing, BackendError> {
    let settings = ApiSettings {
        standing,
        ..settings(&application.url)
    };
    let directory = ApiDirectory::new(&settings).unwrap();
    directory.find_standing(&user()).await
}

#[tokio::test]
async fn only_what_is_written_down_ends_a_user() {
    for (status, expected) in [
        ("200 OK", "active"),
        ("204 No Content", "active"),
        ("404 Not Found", "ended"),
        ("410 Gone", "ended"),
        ("423 Locked", "ended"),
        ("401 Unauthorized", "unknown"),
        ("403 Forbidden", "unknown"),
        ("302 Found", "unknown"),
        ("429 Too Many Requests", "unknown"),
        ("500 Internal Server Error", "unknown"),
    ] {
        let application = Application::answering(&answer(status, "")).await;
        let found = find(&application, Some(asked(&application))).await;
        let found = match found {
            Ok(Standing::Active(found)) => {
                assert_eq!(found, user(), "nothing else is known of it");
                "active"
            }
            Ok(Standing::Ended(_)) => "ended",
            Ok(Standing::Untold) => "untold",
            Err(_) => "unknown",
        };
        assert_eq!(found, expected, "{status}");
        let came = application.asked();
        assert_eq!(came.len(), 1, "{came:?}");
        assert!(came[0].starts_with("GET /users/42 "), "{}", came[0]);
        assert!(
            came[0].contains("authorization: Bearer the-token"),
            "{}",
            came[0]
        );
    }
}

#[tokio::test]
async fn a_member_that_says_so_is_believed_and_a_missing_one_says_nothing() {
    for (body, expected) in [
        (r#"{"user": {"active": true}}"#, Ok(true)),
        (r#"{"user": {"active": false}}"#, Ok(false)),
        (r#"{"user": {"active": "false"}}"#, Err(())),
        (r#"{"user": {}}"#, Err(())),
        ("<html>", Err(())),
    ] {
        let application = Application::answering(&answer("200 OK", body)).await;
        let standing = ApiStanding {
            active: Some("/user/active".to_owned()),
            ..asked(&application)
        };
        let found = find(&application, Some(standing)).await;
        let found = found
            .map(|found| matches!(found, Standing::Active(_)))
            .map_err(drop);
        assert_eq!(found, expected, "{body}");
    }
}

#[tokio::test]
async fn the_profile_of_today_is_taken_over_where_it_is_named() {
    let application = Application::answering(&answer("200 OK", ALICE)).await;
    let standing = ApiStanding {
        user: pointers(),
        ..asked(&application)
    };
    let Ok(Standing::Active(found)) = find(&application, Some(standing)).await else {
        panic!("active");
    };
    assert_eq!(found.subject, user().subject);
    assert_eq!(found.name.as_deref(), Some("Alice Ångström"));
    assert_eq!(found.groups, ["staff", "7"]);
    // Another user under the same login is told as one.
    let other = ALICE.replace("42", "43");
    let application = Application::answering(&answer("200 OK", &other)).await;
    let standing = ApiStanding {
        user: pointers(),
        ..asked(&application)
    };
    let Ok(Standing::Active(found)) = find(&application, Some(standing)).await else {
        panic!("somebody");
    };
    assert_eq!(found.subject.as_str(), "43");
}

#[tokio::test]
async fn nobody_is_asked_unless_there_is_an_address() {
    let application = Application::answering(&answer("404 Not Found", "")).await;

    let found = find(&application, None).await;

    assert!(matches!(found, Ok(Standing::Untold)), "{found:?}");
    assert!(application.asked().is_empty());
}
