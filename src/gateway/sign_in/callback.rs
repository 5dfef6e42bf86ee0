//! The way back from the provider (OpenID Connect Core §3.1.2.5, RFC 9207).

use std::time::Duration;

use bytes::Bytes;
use http::Response;

use crate::entropy;
use crate::gateway::audit;
use crate::gateway::rejection::Rejection;
use crate::model::{ApplicationSession, Grant, Timestamp};
use crate::provider::{ApplicationError, ReturnedCode};
use crate::secret::{Digest, Secret};
use crate::store::Begun;

use super::cookies::{self, Kind, session_cookie};
use super::endpoint::Call;
use super::pages::{self, Page};
use super::state::State;
use super::{Application, Parts, SignInFault, SignIns};

/// How long after a sign-in another one means that it did not last.
pub(super) const SETTLED: Duration = Duration::from_secs(30);

/// How long the session that a browser had before goes on for what is under way: other tabs.
pub(super) const OVERLAP: Duration = Duration::from_secs(60);

/// What the provider says.
#[derive(Debug, Default)]
struct Answer {
    state: Option<String>,
    iss: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

impl Answer {
    /// Reads the query; `None` when a parameter stands twice (RFC 6749 §3.1).
    fn parse(query: &str) -> Option<Self> {
        let mut answer = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                "state" => &mut answer.state,
                "iss" => &mut answer.iss,
                "code" => &mut answer.code,
                "error" => &mut answer.error,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        Some(answer)
    }
}

/// A sign-in that came back where it belongs.
#[derive(Debug)]
pub(super) struct Returned {
    pub(super) state: State,
    /// Where the browser wants to go.
    pub(super) here: String,
}

impl SignIns {
    /// Begins a session for a browser that comes back, and sends it on to where it wanted to go.
    pub(super) async fn come_back(
        &self,
        application: &Application,
        call: &Call<'_>,
    ) -> Result<Response<Bytes>, Rejection> {
        let parts = self.parts()?;
        let query = call.canonical.query.as_deref().unwrap_or_default();
        let Some(answer) = Answer::parse(query) else {
            return Ok(Page::foreign().show());
        };
        let headers = call.request.headers();
        let Some(browser) = cookies::opaque(headers, Kind::Browser, application) else {
            return Ok(Page::no_cookies().show());
        };
        let sealed = answer.state.as_deref().unwrap_or_default();
        let opened = State::open(parts.seal().await?, (&browser, application), sealed);
        let here = opened.as_ref().and_then(|it| application.url(&it.target));
        let Some((state, here)) = opened.zip(here) else {
            return Ok(Page::foreign().show());
        };
        // Whoever else signed the user in must not be taken for the one who was asked (mix-up).
        let iss = answer.iss.as_deref();
        let is_theirs = match application.issuer() {
            None => iss == Some(parts.provider()?.issuer().as_str()),
            Some(elsewhere) => match elsewhere.party.check_answer(iss, call.now).await {
                Ok(()) => true,
                Err(error) if error.is_outage() => return Ok(Page::unavailable(&here).show()),
                Err(_) => false,
            },
        };
        if !is_theirs {
            audit::application_sign_in_refused("issuer", &application.host, call.told_by());
            return Ok(Page::foreign().show());
        }
        if call.now >= state.expires_at(self.settings.sign_in_lifetime) {
            return Ok(Page::too_late(&here).show());
        }
        let returned = Returned { state, here };
        match (&answer.code, &answer.error) {
            (Some(code), None) => self.sign_in((application, call), &returned, code).await,
            (None, Some(error)) => Ok(refused(error, (application, call), &returned.here)),
            _ => Ok(Page::foreign().show()),
        }
    }

    async fn sign_in(
        &self,
        (application, call): (&Application, &Call<'_>),
        returned: &Returned,
        code: &str,
    ) -> Result<Response<Bytes>, Rejection> {
        let parts = self.parts()?;
        let state = &returned.state;
        let spent = parts.store.is_state_spent(&state.digest).await;
        // Before the code is looked at: an address that is loaded again is no theft of a code.
        if spent.map_err(SignInFault::from)? {
            return used_before(parts, (application, call), &returned.here).await;
        }
        if let Some(elsewhere) = application.issuer() {
            let at = (application, &**elsewhere, call);
            return self.sign_in_elsewhere(at, returned, code).await;
        }
        let returned_code = ReturnedCode {
            client_id: application.client_id(),
            redirect_uri: &application.callback,
            code,
            verifier: state.companions.verifier.expose(),
            nonce: &state.companions.nonce,
            peer: call.peer,
            now: call.now,
        };
        let redeemed = parts.provider()?.redeem_for_application(&returned_code);
        let grant = match redeemed.await {
            Ok(grant) => grant,
            Err(ApplicationError::Store(error)) => return Err(SignInFault::from(error).into()),
            Err(_) => {
                let reason = "code_not_redeemable";
                audit::application_sign_in_refused(reason, &application.host, call.told_by());
                return Ok(Page::not_redeemable(&returned.here).show());
            }
        };
        let begun = self
            .begin_session((application, call), grant, state)
            .await?;
        let Some((session, cookie)) = begun else {
            return used_before(parts, (application, call), &returned.here).await;
        };
        audit::application_signed_in(&session, call.told_by());
        signed_in((application, call), &cookie, &returned.here)
    }

    /// A new session under a new cookie; `None` when its state was used up by somebody else
    /// meanwhile, and then nothing of it is left.
    async fn begin_session(
        &self,
        (application, call): (&Application, &Call<'_>),
        grant: Grant,
        state: &State,
    ) -> Result<Option<(ApplicationSession, Secret)>, SignInFault> {
        let parts = self.parts()?;
        let now = call.now;
        let expires_at = now.after(self.settings.lifetime);
        let session = ApplicationSession {
            host: application.host.clone(),
            idle_until: now.after(self.settings.idle_lifetime).min(expires_at),
            expires_at,
            last_seen_at: now,
            user_confirmed_at: grant.authenticated_at,
            grant,
        };
        let previous = parts.previous(&session, (application, call)).await?;
        let cookie = entropy::opaque_token()?;
        let digest = cookie.digest();
        let begun = Begun {
            state: &state.digest,
            state_expires_at: state.expires_at(self.settings.sign_in_lifetime),
            previous: previous.as_ref().map(|(cookie, until)| (cookie, *until)),
        };
        let store = &parts.store;
        let begun = store.begin_application_session(&digest, &session, &begun);
        if begun.await? {
            if let Some((previous, _)) = &previous {
                parts.sessions.forget(previous);
            }
            return Ok(Some((session, cookie)));
        }
        store.revoke_grant(&session.grant.id, now).await?;
        Ok(None)
    }
}

impl Parts {
    /// The session that the browser had until now, and how long it goes on: not at all if it is
    /// somebody else's.
    async fn previous(
        &self,
        new: &ApplicationSession,
        (application, call): (&Application, &Call<'_>),
    ) -> Result<Option<(Digest, Timestamp)>, SignInFault> {
        let Some(cookie) = session_cookie(call.request.headers(), application) else {
            return Ok(None);
        };
        let previous = self.find(&cookie, application, call.now).await?;
        Ok(previous.map(|previous| {
            let is_same = previous.grant.user.subject == new.grant.user.subject;
            let overlap = if is_same { OVERLAP } else { Duration::ZERO };
            (cookie, call.now.after(overlap))
        }))
    }
}

/// The answer to a browser that signed in: its cookie, and on to where it wanted to go.
pub(super) fn signed_in(
    (application, call): (&Application, &Call<'_>),
    cookie: &Secret,
    here: &str,
) -> Result<Response<Bytes>, Rejection> {
    let mut response = pages::see_other(here)?;
    let headers = call.request.headers();
    let kind = (Kind::Session, application);
    cookies::set(&mut response, kind, cookie.expose(), None);
    let returns = cookies::number(headers, Kind::Returned, application).unwrap_or_default();
    let kind = (Kind::Returned, application);
    cookies::set(&mut response, kind, &returns.to_string(), Some(SETTLED));
    Ok(response)
}

/// What is said to a browser whose sign-in was finished before: whoever is signed in goes on.
pub(super) async fn used_before(
    parts: &Parts,
    (application, call): (&Application, &Call<'_>),
    here: &str,
) -> Result<Response<Bytes>, Rejection> {
    if let Some(cookie) = session_cookie(call.request.headers(), application)
        && parts.is_signed_in(&cookie, application, call.now).await?
    {
        return pages::see_other(here);
    }
    audit::application_sign_in_refused("state_used_before", &application.host, call.told_by());
    Ok(Page::not_redeemable(here).show())
}

/// What is said of an error of the provider (RFC 6749 §4.1.2.1). Its description is for whoever wrote
/// the client, and is not shown.
fn refused(
    error: &str,
    (application, call): (&Application, &Call<'_>),
    here: &str,
) -> Response<Bytes> {
    let (reason, page) = match error {
        "access_denied" => ("access_denied", Page::refused(here)),
        "login_required" => ("login_required", Page::refused(here)),
        "unmet_authentication_requirements" => (
            "unmet_authentication_requirements",
            Page::not_strong_enough(here),
        ),
        "server_error" => ("server_error", Page::unavailable(here)),
        "temporarily_unavailable" => ("temporarily_unavailable", Page::unavailable(here)),
        _ => ("another_error", Page::unavailable(here)),
    };
    audit::application_sign_in_refused(reason, &application.host, call.told_by());
    page.show()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l04_a_parameter_that_stands_twice_makes_an_answer_none() {
        assert!(Answer::parse("code=a&state=b&iss=c").is_some());
        for query in [
            "code=a&code=a&state=b",
            "code=a&state=b&state=c",
            "code=a&state=b&%73tate=c",
            "iss=a&iss=b",
            "error=a&error=b",
        ] {
            assert!(Answer::parse(query).is_none(), "{query}");
        }
    }
}
