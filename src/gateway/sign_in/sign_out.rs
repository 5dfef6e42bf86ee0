//! The end of a session, asked for at the application.
//!
//! A link can lead here from anywhere, so a GET asks first; what ends is the session at the provider,
//! and with it every session at every application.

use bytes::Bytes;
use http::Response;

use crate::gateway::audit;
use crate::gateway::authentication::check_same_site;
use crate::gateway::rejection::Rejection;

use super::cookies::{self, Kind, session_cookie};
use super::endpoint::Call;
use super::pages::Page;
use super::{Application, SignInFault, SignIns};

impl SignIns {
    /// Asks whether the user means it.
    pub(super) async fn ask_to_sign_out(
        &self,
        application: &Application,
        call: &Call<'_>,
    ) -> Result<Response<Bytes>, Rejection> {
        if let Some(elsewhere) = application.issuer() {
            return self
                .ask_to_sign_out_elsewhere(application, elsewhere, call)
                .await;
        }
        let parts = self.parts()?;
        let session = match session_cookie(call.request.headers(), application) {
            Some(cookie) => parts.find(&cookie, application, call.now).await?,
            None => None,
        };
        let page = match session {
            Some(_) => Page::ask_to_sign_out(),
            None => Page::signed_out(&[]),
        };
        Ok(page.show())
    }

    /// Signs out.
    pub(super) async fn sign_out(
        &self,
        application: &Application,
        call: &Call<'_>,
    ) -> Result<Response<Bytes>, Rejection> {
        let headers = call.request.headers();
        check_same_site(headers, call.canonical)?;
        if let Some(elsewhere) = application.issuer() {
            return self.sign_out_elsewhere(application, elsewhere, call).await;
        }
        let parts = self.parts()?;
        let mut frames = Vec::new();
        if let Some(cookie) = session_cookie(headers, application)
            && let Some(session) = parts.find(&cookie, application, call.now).await?
        {
            let ended = parts
                .provider()?
                .sign_out_of_applications(&session.grant, (call.peer, call.now));
            frames = ended.await.map_err(SignInFault::from)?.frames;
            parts.sessions.forget(&cookie);
            audit::application_signed_out(&session, call.told_by());
        }
        let mut response = Page::signed_out(&frames).show();
        cookies::clear(&mut response, Kind::Session, application);
        Ok(response)
    }
}
