//! The users of these tests, and a backend that fails in every way there is.

use async_trait::async_trait;

use super::PASSWORD;
use crate::model::{Login, Subject, Timestamp, UserProfile};
use crate::secret::Secret;
use crate::users::{SignInError, UserDirectory};

#[derive(Debug)]
pub(super) struct TestUsers;

#[async_trait]
impl UserDirectory for TestUsers {
    async fn check_password(
        &self,
        login: &Login,
        password: &Secret,
        _now: Timestamp,
    ) -> Result<UserProfile, SignInError> {
        match login.as_str() {
            "locked" => Err(SignInError::Locked),
            "step-up" => Err(SignInError::StepUpRequired),
            "down" => Err(SignInError::Unavailable("connection refused")),
            "alice" | "bob" if password.expose() == PASSWORD => Ok(profile(login.as_str())),
            _ => Err(SignInError::Denied),
        }
    }
}

fn profile(login: &str) -> UserProfile {
    UserProfile {
        subject: Subject::parse(&format!("uuid-of-{login}")).unwrap(),
        login: login.to_owned(),
        name: Some(format!("The user {login}")),
        email: Some(format!("{login}@example.test")),
        email_verified: Some(true),
        groups: vec!["/staff".to_owned()],
        roles: vec!["ADMINS".to_owned()],
    }
}
