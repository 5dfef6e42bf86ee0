//! The way back from another issuer.

use std::time::Duration;

use bytes::Bytes;
use http::Response;

use super::refresh::refresh_at;
use crate::entropy;
use crate::gateway::audit;
use crate::gateway::rejection::Rejection;
use crate::gateway::sign_in::application::Elsewhere;
use crate::gateway::sign_in::callback::{OVERLAP, Returned, signed_in, used_before};
use crate::gateway::sign_in::cookies::session_cookie;
use crate::gateway::sign_in::endpoint::Call;
use crate::gateway::sign_in::pages::Page;
use crate::gateway::sign_in::{Application, Parts, SignInFault, SignIns};
use crate::issuers::{CodeAnswer, RelyingPartyError, Tokens};
use crate::model::Timestamp;
use crate::secret::{Digest, Secret};
use crate::store::{Begun, IssuerSession, IssuerTokens};

impl SignIns {
    /// Redeems the code of a sign-in that came back where it belongs, and begins a session.
    pub(in crate::gateway::sign_in) async fn sign_in_elsewhere(
        &self,
        (application, elsewhere, call): (&Application, &Elsewhere, &Call<'_>),
        returned: &Returned,
        code: &str,
    ) -> Result<Response<Bytes>, Rejection> {
        let companions = &returned.state.companions;
        let answer = CodeAnswer {
            code,
            redirect_uri: &application.callback,
            verifier: companions.verifier.expose(),
            nonce: &companions.nonce,
        };
        let tokens = match elsewhere.party.redeem(&answer, call.now).await {
            Ok(tokens) => tokens,
            Err(error) => return Ok(refused(&error, (application, call), &returned.here)),
        };
        let at = (application, elsewhere, call);
        let begun = self.begin_elsewhere(at, tokens, returned).await?;
        let Some((session, cookie)) = begun else {
            return used_before(self.parts()?, (application, call), &returned.here).await;
        };
        audit::signed_in_elsewhere(&session, call.told_by());
        signed_in((application, call), &cookie, &returned.here)
    }

    /// A new session under a new cookie; `None` when its state was used up by somebody else
    /// meanwhile.
    async fn begin_elsewhere(
        &self,
        (application, elsewhere, call): (&Application, &Elsewhere, &Call<'_>),
        tokens: Tokens,
        returned: &Returned,
    ) -> Result<Option<(IssuerSession, Secret)>, SignInFault> {
        let parts = self.parts()?;
        let now = call.now;
        let user = tokens.user.ok_or(RelyingPartyError::Unreadable)?;
        let expires_at = now.after(self.settings.lifetime);
        let party = &elsewhere.party;
        let granted = tokens.scope.as_ref().unwrap_or(&party.client().scope);
        let session = IssuerSession {
            id: entropy::identifier()?,
            host: application.host.clone(),
            issuer: party.issuer().to_owned(),
            client_id: party.client_id().to_owned(),
            subject: user.subject,
            sid: user.session_id,
            version: 0,
            refresh_at: (tokens.refresh_token.as_ref()).map(|_| refresh_at(tokens.lifetime, now)),
            tokens: IssuerTokens {
                refresh_token: tokens.refresh_token,
                id_token: user.id_token,
                nonce: returned.state.companions.nonce.clone(),
                scope: granted.to_string(),
                claims: user.claims,
                good_until: now.after(tokens.lifetime),
            },
            begun_at: now,
            last_seen_at: now,
            idle_until: now.after(self.settings.idle_lifetime).min(expires_at),
            expires_at,
        };
        let previous = parts
            .previous_elsewhere(&session, call, application)
            .await?;
        let cookie = entropy::opaque_token()?;
        let digest = cookie.digest();
        let begun = Begun {
            state: &returned.state.digest,
            state_expires_at: returned.state.expires_at(self.settings.sign_in_lifetime),
            previous: previous.as_ref().map(|(cookie, until)| (cookie, *until)),
        };
        let store = &parts.store;
        let is_begun = store.begin_issuer_session(&digest, &session, &begun);
        if !is_begun.await? {
            return Ok(None);
        }
        if let Some((previous, _)) = &previous {
            parts.sessions.forget(previous);
        }
        Ok(Some((session, cookie)))
    }
}

impl Parts {
    /// The session that the browser had until now, and how long it goes on: not at all if it is
    /// somebody else's.
    async fn previous_elsewhere(
        &self,
        new: &IssuerSession,
        call: &Call<'_>,
        application: &Application,
    ) -> Result<Option<(Digest, Timestamp)>, SignInFault> {
        let Some(cookie) = session_cookie(call.request.headers(), application) else {
            return Ok(None);
        };
        let previous = self.store.find_issuer_session(&cookie, call.now).await?;
        let previous = previous.filter(|previous| previous.host == application.host);
        Ok(previous.map(|previous| {
            let is_same = (&previous.issuer, &previous.subject) == (&new.issuer, &new.subject);
            let overlap = if is_same { OVERLAP } else { Duration::ZERO };
            (cookie, call.now.after(overlap))
        }))
    }
}

/// What is said when no session begins. An issuer that is down is nobody's fault here; what is odd is
/// in the log and not told.
fn refused(
    error: &RelyingPartyError,
    (application, call): (&Application, &Call<'_>),
    here: &str,
) -> Response<Bytes> {
    let host = &application.host;
    audit::application_sign_in_refused(error.reason(), host, call.told_by());
    if error.is_outage() {
        return Page::unavailable(here).show();
    }
    tracing::warn!(application.host = host, %error, "a sign-in at another issuer was refused");
    Page::not_redeemable(here).show()
}
