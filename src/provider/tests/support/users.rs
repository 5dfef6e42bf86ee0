//! The users of these tests, and a backend that fails in every way there is.

use std::sync::Mutex;

use async_trait::async_trait;

use super::PASSWORD;
use crate::model::{Login, Subject, Timestamp, UserDetails, UserProfile};
use crate::secret::Secret;
use crate::users::{BackendError, SignInError, SignedIn, Standing, UserDirectory};

/// Users who may go on under the profile they signed in with, unless a test says otherwise.
#[derive(Debug, Default)]
pub(crate) struct TestUsers {
    standing: Mutex<Option<Result<Standing, BackendError>>>,
}

impl TestUsers {
    /// From now on the backend says this of every user; `None`: as in the beginning.
    pub(crate) fn say(&self, standing: Option<Result<Standing, BackendError>>) {
        *self.standing.lock().unwrap() = standing;
    }
}

#[async_trait]
impl UserDirectory for TestUsers {
    async fn check_password(
        &self,
        login: &Login,
        password: &Secret,
        _now: Timestamp,
    ) -> Result<SignedIn, SignInError> {
        match login.as_str() {
            "locked" => Err(SignInError::Locked),
            "step-up" => Err(SignInError::StepUpRequired),
            "new-password" => Err(SignInError::NewPasswordRequired),
            "down" => Err(SignInError::Unavailable("connection refused")),
            "alice" | "bob" if password.expose() == PASSWORD => Ok(profile(login.as_str()).into()),
            _ => Err(SignInError::Denied),
        }
    }

    async fn find_standing(&self, user: &UserProfile) -> Result<Standing, BackendError> {
        let said = self.standing.lock().unwrap().clone();
        said.unwrap_or_else(|| Ok(Standing::Active(user.clone())))
    }
}

pub(crate) fn profile(login: &str) -> UserProfile {
    UserProfile {
        subject: Subject::parse(&format!("uuid-of-{login}")).unwrap(),
        login: login.to_owned(),
        name: Some(format!("The user {login}")),
        email: Some(format!("{login}@example.test")),
        email_verified: Some(true),
        groups: vec!["/staff".to_owned()],
        roles: vec!["ADMINS".to_owned()],
        details: UserDetails::default(),
    }
}
