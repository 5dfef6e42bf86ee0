//! The form of the sign-in page comes back.

use super::{Browser, Interaction, Opened, Problem, Purpose};
use crate::model::UserProfile;
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::authorization::{AuthorizationRequest, Destination};
use crate::provider::error::{AuthorizationError, PageError};
use crate::provider::params::Params;
use crate::provider::reply::Response;
use crate::provider::request::Request;

/// A form that one of our pages sent, in the browser that the page was made for.
#[derive(Debug)]
struct Submission {
    form: Params,
    /// The parameters of the authorization request that waited in the page.
    params: Params,
    destination: Destination,
    is_stale: bool,
}

impl Provider {
    /// Answers the form of the sign-in page.
    pub(crate) async fn submit_sign_in(&self, request: &Request) -> Response {
        let submission = match self.submission(request).await {
            Ok(submission) => submission,
            Err(error) => return self.error_page(&error),
        };
        match self.sign_in(&submission, request).await {
            Ok(response) => response,
            Err(error) => self.refuse_request(&submission.destination, &error, request),
        }
    }

    /// Refuses what another site or another browser sent (login CSRF), then begins anew with
    /// the request that waited: the ticket says where it came from, not that it still holds.
    async fn submission(&self, request: &Request) -> Result<Submission, PageError> {
        if !request.is_same_origin(&self.settings.issuer) {
            return Err(PageError::CrossSite);
        }
        let form = request.form()?;
        let ticket = form.one("ticket")?.ok_or(PageError::ForeignTicket)?;
        let opened = self.open_ticket(Purpose::SignIn, ticket, request).await?;
        let (content, is_stale) = match opened {
            Opened::Fresh(content) => (content, false),
            Opened::Stale(content) => (content, true),
        };
        let params = Params::parse(content.as_bytes())?;
        let destination = self.destination(&params, request.now).await?;
        Ok(Submission {
            form,
            params,
            destination,
            is_stale,
        })
    }

    /// Opens a ticket that came back from the browser it was issued to.
    pub(crate) async fn open_ticket(
        &self,
        purpose: Purpose,
        ticket: &str,
        request: &Request,
    ) -> Result<Opened, PageError> {
        let browser =
            Browser::known(request, &self.settings.issuer).ok_or(PageError::ForeignTicket)?;
        let times = (request.now, self.settings.interaction_lifetime);
        self.tickets()
            .await?
            .open(purpose, &browser, ticket, times)
            .ok_or(PageError::ForeignTicket)
    }

    async fn sign_in(
        &self,
        submission: &Submission,
        request: &Request,
    ) -> Result<Response, AuthorizationError> {
        let destination = &submission.destination;
        let authorization = AuthorizationRequest::parse(&submission.params, &destination.client)?;
        if submission.form.one("cancel")?.is_some() {
            return Err(AuthorizationError::Canceled);
        }
        let checked = if submission.is_stale {
            Err(Problem::Expired)
        } else {
            let client = &destination.client.id;
            self.check_form(&submission.form, Some(client), request)
                .await
        };
        match checked {
            Ok(user) => {
                let finished = self.finish(destination, &authorization, user, request);
                let mut response = finished.await?;
                let username = submission.form.one("username")?.unwrap_or_default();
                self.remember_device(username, request, &mut response)
                    .await?;
                Ok(response)
            }
            Err(problem) => {
                let username = submission.form.one("username")?.unwrap_or_default();
                let interaction =
                    Interaction::begin(&submission.params, destination, &authorization)
                        .with_username(username);
                Ok(self
                    .show_sign_in(&interaction, Some(&problem), request)
                    .await)
            }
        }
    }

    /// The password was right: a session begins, and the request is granted, unless it was made
    /// for somebody else (OpenID Connect Core §3.1.2.1, `id_token_hint`).
    async fn finish(
        &self,
        destination: &Destination,
        authorization: &AuthorizationRequest,
        user: UserProfile,
        request: &Request,
    ) -> Result<Response, AuthorizationError> {
        let hint = self.hint_of(authorization, request.now).await?;
        let new = self.begin_session(user, request).await?;
        audit::signed_in(&new.session, Some(&destination.client.id), request.peer);
        let expected = hint.is_none_or(|hint| hint.names(&new.session.user.subject));
        let mut response = if expected {
            self.grant(destination, authorization, &new.session, request)
                .await?
        } else {
            self.refuse_request(destination, &AuthorizationError::LoginRequired, request)
        };
        self.hand_over(&new, &mut response);
        Ok(response)
    }
}
