//! Trying the password that came with the form.

use super::{OwnForm, Problem};
use crate::model::{ClientId, Login};
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::request::Request;
use crate::secret::Secret;
use crate::users::{PasswordAttempt, SignInError, SignedIn};

impl Provider {
    /// Who the form says it is, if the password is right.
    ///
    /// # Errors
    ///
    /// The [`Problem`] to show; the reason behind it goes to the audit log only.
    pub(super) async fn check_password(
        &self,
        form: &OwnForm,
        client: Option<&ClientId>,
        request: &Request,
    ) -> Result<SignedIn, Problem> {
        if form.is_stale {
            return Err(Problem::Expired);
        }
        let login = Login::parse(form.username()).ok();
        let password = form
            .fields
            .one("password")
            .ok()
            .flatten()
            .unwrap_or_default();
        let password = Secret::new(password);
        let result = match &login {
            Some(login) => self.try_password(login, &password, request).await,
            None => Err(SignInError::Denied),
        };
        self.parts.metrics.sign_in(outcome(&result));
        result.map_err(|error| {
            if let SignInError::Unavailable(_)
            | SignInError::Unanswered(_)
            | SignInError::Store(_) = error
            {
                tracing::error!(%error, "a password could not be checked");
            }
            audit::sign_in_refused(error.reason(), login.as_ref(), client, request.peer);
            Problem::of(&error)
        })
    }
}

impl Provider {
    async fn try_password(
        &self,
        login: &Login,
        password: &Secret,
        request: &Request,
    ) -> Result<SignedIn, SignInError> {
        let attempt = PasswordAttempt {
            login,
            password,
            address: request.peer,
            lane: self.lane(login, request).await?,
        };
        self.parts.sign_in.try_password(&attempt, request.now).await
    }
}

/// What the metric counts.
const fn outcome(result: &Result<SignedIn, SignInError>) -> &'static str {
    match result {
        Ok(_) => "success",
        Err(error) => error.reason(),
    }
}
