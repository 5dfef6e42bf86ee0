//! The parameters of a request to sign out, checked (RP-Initiated Logout §2 and §3).

use std::sync::Arc;

use crate::model::{Client, RedirectUri, Session, Timestamp};
use crate::provider::Provider;
use crate::provider::authorization::VerifiedHint;
use crate::provider::error::PageError;
use crate::provider::pages::Texts;
use crate::provider::params::Params;
use crate::provider::request::Request;

/// Every parameter that has a meaning here, if only that of being tolerated.
pub(super) const PARAMETERS: [&str; 6] = [
    "id_token_hint",
    "client_id",
    "post_logout_redirect_uri",
    "state",
    "logout_hint",
    "ui_locales",
];

/// A request to sign out.
#[derive(Debug)]
pub(super) struct LogoutRequest {
    /// Whom the client means.
    pub(super) hint: Option<VerifiedHint>,
    /// Where the browser goes afterwards.
    pub(super) destination: Option<LogoutDestination>,
    /// The language of the pages on the way.
    pub(super) texts: Arc<Texts>,
}

/// A client's registered post-logout redirection URI, with the `state` it wants back.
#[derive(Debug)]
pub(super) struct LogoutDestination {
    pub(super) redirect_uri: RedirectUri,
    state: Option<String>,
}

impl LogoutDestination {
    /// The URI with the state; nothing is added that was not there.
    pub(super) fn location(&self) -> String {
        match &self.state {
            Some(state) => self.redirect_uri.with_query(&[("state", state)]),
            None => self.redirect_uri.as_str().to_owned(),
        }
    }
}

impl LogoutRequest {
    /// Whether the client proved that it means the user of `session`.
    pub(super) fn is_of(&self, session: &Session) -> bool {
        self.hint.as_ref().is_some_and(|hint| {
            hint.session_id.as_ref() == Some(&session.id) || hint.names(&session.user.subject)
        })
    }
}

impl Provider {
    /// Reads a request to sign out.
    ///
    /// # Errors
    ///
    /// [`PageError`] when a hint is not ours, or the browser should be sent where the client
    /// did not register. Nobody is signed out then.
    pub(super) async fn parse_logout(
        &self,
        params: &Params,
        request: &Request,
    ) -> Result<LogoutRequest, PageError> {
        let now = request.now;
        params.check_unique(&PARAMETERS)?;
        let hint = match params.one("id_token_hint")? {
            Some(token) => {
                let hint = self.verify_hint(token, now).await?;
                Some(hint.ok_or(PageError::UnverifiableHint)?)
            }
            None => None,
        };
        let client = self.logout_client(params, hint.as_ref(), now).await?;
        let destination = logout_destination(params, client.as_deref())?;
        Ok(LogoutRequest {
            hint,
            destination,
            texts: self.texts(params, request),
        })
    }

    /// Who asks, by the hint or by name; both must agree (§2).
    async fn logout_client(
        &self,
        params: &Params,
        hint: Option<&VerifiedHint>,
        now: Timestamp,
    ) -> Result<Option<Arc<Client>>, PageError> {
        let named = params.one("client_id")?;
        let hinted = hint.map(|hint| hint.client_id.as_str());
        if let (Some(named), Some(hinted)) = (named, hinted)
            && named != hinted
        {
            return Err(PageError::HintOfAnotherClient);
        }
        let Some(id) = hinted.or(named) else {
            return Ok(None);
        };
        match self.clients.find(id, now).await? {
            Some(client) => Ok(Some(client)),
            // The client of an old ID token may be gone by now; its user can still sign out.
            None if hinted.is_some() => Ok(None),
            None => Err(PageError::UnknownClient),
        }
    }
}

/// Where to go afterwards. Without a client to compare with, an address is ignored and the user
/// stays on our page (§3: the provider MUST NOT redirect there).
fn logout_destination(
    params: &Params,
    client: Option<&Client>,
) -> Result<Option<LogoutDestination>, PageError> {
    const MAX_STATE_BYTES: usize = 2048;
    let (Some(requested), Some(client)) = (params.one("post_logout_redirect_uri")?, client) else {
        return Ok(None);
    };
    let redirect_uri = client
        .post_logout_redirect_uri(requested)
        .ok_or(PageError::UnregisteredPostLogoutRedirectUri)?;
    let state = params
        .one("state")?
        .filter(|state| state.len() <= MAX_STATE_BYTES)
        .map(str::to_owned);
    Ok(Some(LogoutDestination {
        redirect_uri,
        state,
    }))
}
