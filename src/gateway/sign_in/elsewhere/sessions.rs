//! Who a request with the cookie of such a session is of.

use std::sync::Arc;

use crate::gateway::authentication::Principal;
use crate::gateway::rejection::Rejection;
use crate::gateway::sign_in::application::Elsewhere;
use crate::gateway::sign_in::sessions::{BELIEVED, SessionKey};
use crate::gateway::sign_in::{Application, Parts, SignInFault, SignIns};
use crate::jose::{Kept, Verified};
use crate::model::{ClientId, GrantId, Scope, Subject, Timestamp};
use crate::secret::Digest;
use crate::store::IssuerSession;

/// Claims that are about the message and not about the user.
const OF_THE_MESSAGE: [&str; 3] = ["nonce", "at_hash", "c_hash"];

impl SignIns {
    /// Whose session it is, refreshed if it is time to.
    pub(in crate::gateway::sign_in) async fn read_elsewhere(
        &self,
        key: &SessionKey,
        elsewhere: &Elsewhere,
        now: Timestamp,
    ) -> Result<Principal, Rejection> {
        let parts = self.parts()?;
        let found = parts.find_elsewhere(&key.cookie, &key.application, now);
        let session = found.await?.ok_or(Rejection::SessionEnded)?;
        let session = parts.up_to_date(elsewhere, session, now).await?;
        let session = session.ok_or(Rejection::SessionEnded)?;
        if now.since(session.last_seen_at) >= BELIEVED {
            let idle_until = now.after(parts.sessions.idle_lifetime);
            let idle_until = idle_until.min(session.expires_at);
            let store = &parts.store;
            let noted = store.touch_issuer_session(&session.id, idle_until, now);
            noted.await.map_err(SignInFault::from)?;
        }
        let verified = verified(&session, elsewhere).ok_or(SignInFault::Claims)?;
        let principal = Principal::of_session(verified);
        let is_refreshed = session.refresh_at.is_some() && now < session.tokens.good_until;
        let until = if is_refreshed {
            session.tokens.good_until.min(session.expires_at)
        } else {
            session.expires_at
        };
        parts.sessions.remember(key, &principal, (now, until));
        Ok(principal)
    }
}

impl Parts {
    /// The session of a cookie at this application, by the issuer that signs its users in now.
    pub(super) async fn find_elsewhere(
        &self,
        cookie: &Digest,
        application: &Application,
        now: Timestamp,
    ) -> Result<Option<IssuerSession>, SignInFault> {
        let found = self.store.find_issuer_session(cookie, now).await?;
        let Some(elsewhere) = application.issuer() else {
            return Ok(None);
        };
        let party = &elsewhere.party;
        // L11: a cookie of one application is nothing at another.
        Ok(found.filter(|session| {
            session.host == application.host
                && session.issuer == party.issuer()
                && session.client_id == party.client_id()
        }))
    }

    /// Whether a cookie is of somebody who is signed in.
    pub(in crate::gateway::sign_in) async fn is_signed_in(
        &self,
        cookie: &Digest,
        application: &Application,
        now: Timestamp,
    ) -> Result<bool, SignInFault> {
        match application.issuer() {
            None => Ok(self.find(cookie, application, now).await?.is_some()),
            Some(_) => {
                let found = self.find_elsewhere(cookie, application, now).await?;
                Ok(found.is_some())
            }
        }
    }

    /// Refreshes a session that is due: in the background as long as what is known counts, else now.
    async fn up_to_date(
        &self,
        elsewhere: &Elsewhere,
        session: IssuerSession,
        now: Timestamp,
    ) -> Result<Option<IssuerSession>, SignInFault> {
        if session.refresh_at.is_none_or(|due| now < due) {
            return Ok(Some(session));
        }
        if now < session.tokens.good_until {
            self.refreshes.begin(&elsewhere.party, &session, now);
            return Ok(Some(session));
        }
        let refreshed = self.refreshes.refresh(&elsewhere.party, &session, now);
        refreshed.await.goes_on(session)
    }
}

/// What a token of the issuer would say. `None` when what it said of its user cannot be said here.
fn verified(session: &IssuerSession, elsewhere: &Elsewhere) -> Option<Verified> {
    let party = &elsewhere.party;
    let mut claims = party.mapped(session.tokens.claims.clone());
    for name in OF_THE_MESSAGE {
        claims.remove(name);
    }
    let subject = claims.get("sub")?.as_str()?;
    let mut audience = vec![session.client_id.clone()];
    audience.extend_from_slice(&elsewhere.audience);
    Some(Verified {
        issuer: Arc::from(session.issuer.as_str()),
        is_own: false,
        subject: Subject::parse(subject).ok()?,
        client_id: ClientId::parse(&session.client_id).ok(),
        scope: Scope::parse(&session.tokens.scope).ok()?,
        audience,
        issued_at: session.begun_at,
        not_before: None,
        expires_at: session.expires_at,
        token_id: None,
        // What revokes the session: it is asked on every request.
        grant_id: Some(GrantId::new(session.id.as_str())),
        claims,
        bound_to: None,
        kept: Kept::default(),
    })
}
