//! Application passwords in `Authorization: Basic` (RFC 7617), for clients that can send nothing
//! better.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use super::{Authenticator, Presented, Principal, Source, Unsaid, Who, places, same_site};
use crate::gateway::canonical::CanonicalRequest;
use crate::gateway::rejection::{PasswordError, Rejection};
use crate::gateway::settings::{Passwords, Route, TokenPlaces};
use crate::gateway::swap::{self, Basic};
use crate::jose::Verified;
use crate::model::ApplicationSecret;
use crate::provider::{ApplicationPasswordError, PresentedPassword, Provider, RecalledPassword};

/// When to come back while the users' backend cannot say whether the user may go on.
const COME_BACK: Duration = Duration::from_secs(60);

/// The user name and password of a request on a route that takes application passwords.
///
/// Where passwords of the users' backend come as well, those are told apart by their form and are not
/// for us.
///
/// # Errors
///
/// [`Rejection`]: malformed, or not alone.
pub(super) fn find(
    route: &Route,
    headers: &HeaderMap,
    canonical: &CanonicalRequest,
) -> Result<Option<PresentedPassword>, Rejection> {
    let Some(place) = &route.application_passwords else {
        return Ok(None);
    };
    let Some(Basic { login, password }) = Basic::find(headers)? else {
        return Ok(None);
    };
    let is_ours = ApplicationSecret::parse(&password).is_some();
    if !is_ours && route.passwords == Passwords::Basic {
        return Ok(None);
    }
    check_is_alone(route, headers, canonical)?;
    // Browsers remember what was typed once and send it along from then on, whoever asks them to.
    same_site::check(headers, canonical)?;
    Ok(Some(PresentedPassword::new(place, &login, &password)))
}

/// Whether a password has the form of an application password: on a route that takes none it is
/// wrong, and nobody else is asked about it.
pub(in crate::gateway) fn is_one(basic: &Basic) -> bool {
    ApplicationSecret::parse(&basic.password).is_some()
}

fn check_is_alone(
    route: &Route,
    headers: &HeaderMap,
    canonical: &CanonicalRequest,
) -> Result<(), Rejection> {
    let special = swap::special(route, headers, canonical)?;
    let elsewhere = TokenPlaces {
        authorization: false,
        ..route.token_places.clone()
    };
    let is_alone = special.is_none_or(|special| special.is_in_authorization)
        && places::credential(&elsewhere, headers, canonical)?.is_none();
    if is_alone {
        Ok(())
    } else {
        Err(Rejection::MalformedCredential)
    }
}

impl Authenticator {
    /// Who has this password, as far as that is known.
    pub(super) fn password(
        &self,
        password: PresentedPassword,
        presented: Presented,
    ) -> Result<Who, Rejection> {
        let provider = self.passwords_provider()?;
        match provider.recall_application_password(&password, presented.now) {
            RecalledPassword::Good(verified) => self.of_password(verified).map(Who::Known),
            RecalledPassword::Wrong => Err(PasswordError::Wrong.into()),
            RecalledPassword::Unread => Ok(Who::Unsaid(Unsaid::Password(password))),
        }
    }

    /// Reads who has it.
    pub(super) async fn read_password(
        &self,
        password: &PresentedPassword,
        presented: Presented,
    ) -> Result<Principal, Rejection> {
        let provider = self.passwords_provider()?;
        let from = (presented.peer, presented.now);
        let read = Box::pin(provider.read_application_password(password, from)).await;
        self.of_password(read.map_err(rejection)?)
    }

    /// Whoever revoked it is told nothing that a stranger would not be.
    fn of_password(&self, verified: Arc<Verified>) -> Result<Principal, Rejection> {
        let principal = Principal {
            verified,
            inquiry: None,
            source: Source::Password,
        };
        if self.is_past_knowing(&principal) {
            return Err(Rejection::StateUnavailable);
        }
        if self.is_revoked(&principal) {
            return Err(PasswordError::Wrong.into());
        }
        Ok(principal)
    }

    fn passwords_provider(&self) -> Result<&Provider, Rejection> {
        let provider = self.provider.as_deref();
        provider.ok_or(Rejection::Fault("there is nobody to know passwords"))
    }
}

fn rejection(error: ApplicationPasswordError) -> Rejection {
    match error {
        ApplicationPasswordError::Wrong => PasswordError::Wrong.into(),
        ApplicationPasswordError::Throttled { wait } => PasswordError::Throttled { wait }.into(),
        ApplicationPasswordError::Unconfirmed => {
            PasswordError::Unchecked { wait: COME_BACK }.into()
        }
        ApplicationPasswordError::Claims => Rejection::Fault("the claims of a password"),
        ApplicationPasswordError::Store(error) => {
            tracing::error!(%error, "an application password cannot be read");
            Rejection::StateUnavailable
        }
    }
}
