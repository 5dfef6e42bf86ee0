//! Passwords that come past our sign-in page: to the interface of the users' backend, or with each request.
//!
//! They are tried like those of the page, are counted with them, and have the same audit line. Who is
//! signed in by them is signed in at the backend and not here.

use std::net::IpAddr;

use crate::model::{Login, Timestamp};
use crate::secret::Secret;
use crate::store::Lane;
use crate::users::{CalledWith, PasswordAttempt, Recognized, Relayed, SessionCall, SignInError};

use super::{Provider, audit};

impl Provider {
    /// Hands on a call of the backend's own interface; a password in it is tried like any.
    pub async fn relay_session(&self, call: SessionCall, peer: IpAddr, now: Timestamp) -> Relayed {
        let (login, password) = match call.called_with() {
            CalledWith::NoPassword => return self.parts.sign_in.relay(call, now).await,
            CalledWith::Password(login, password) => (login, password),
            CalledWith::Nobody => {
                self.note_attempt(&Err(SignInError::Denied), None, peer);
                return Relayed {
                    verdict: Err(SignInError::Denied),
                    response: None,
                };
            }
        };
        let attempt = PasswordAttempt {
            login: &login,
            password: &password,
            address: peer,
            // Its browsers are known here by what they did at our page only.
            lane: Lane::Strangers,
        };
        let relayed = self.parts.sign_in.relay_password(&attempt, call, now).await;
        self.note_attempt(&relayed.verdict, Some(&login), peer);
        relayed
    }

    /// What a request goes on with that brought a login and a password.
    ///
    /// # Errors
    ///
    /// [`SignInError`] when they are not right, or it cannot be told.
    pub async fn recognize_basic(
        &self,
        (login, password): (&str, &Secret),
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<Recognized, SignInError> {
        let Ok(login) = Login::parse(login) else {
            return Err(SignInError::Denied);
        };
        let recognized = self.basic.recognize((&login, password), peer, now).await;
        if let Err(error) = &recognized {
            audit::sign_in_refused(error.reason(), Some(&login), None, peer);
        }
        recognized
    }

    fn note_attempt(&self, verdict: &Result<(), SignInError>, login: Option<&Login>, peer: IpAddr) {
        let outcome = verdict
            .as_ref()
            .map_or_else(SignInError::reason, |()| "success");
        self.parts.metrics.sign_in(outcome);
        if let Err(error) = verdict {
            audit::sign_in_refused(error.reason(), login, None, peer);
        }
    }
}
