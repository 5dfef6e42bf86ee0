//! A form comes back that an authorization request waited in.

use super::form::OwnForm;
use super::{Interaction, Purpose};
use crate::model::Session;
use crate::provider::Provider;
use crate::provider::authorization::Destination;
use crate::provider::error::{AuthorizationError, PageError};
use crate::provider::params::Params;
use crate::provider::reply::Response;
use crate::provider::request::Request;

/// What a user was asked on the way to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To sign in.
    SignIn,
    /// Which account to go on with.
    Account,
    /// Whether the application may have what it asks for.
    Consent,
}

impl Asked {
    const fn purpose(self) -> Purpose {
        match self {
            Self::SignIn => Purpose::SignIn,
            Self::Account => Purpose::SelectAccount,
            Self::Consent => Purpose::Consent,
        }
    }
}

/// A form with the authorization request that waited in its page.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) form: OwnForm,
    pub(super) destination: Destination,
    /// What the answer holds for, as the page was made; nothing else may be answered by it.
    pub(super) binding: String,
    /// The parameters of the request.
    params: Params,
}

impl Submission {
    /// The request that waited, checked again: the ticket says where it came from, not that it
    /// still holds.
    pub(super) fn interaction(&self) -> Result<Interaction, AuthorizationError> {
        Interaction::begin(&self.params, &self.destination)
    }

    /// Refuses on behalf of a user who pressed cancel.
    pub(super) fn check_canceled(&self) -> Result<(), AuthorizationError> {
        match self.form.fields.one("cancel")? {
            Some(_) => Err(AuthorizationError::Canceled),
            None => Ok(()),
        }
    }
}

impl Provider {
    /// Answers the form of one of the pages: with the next page, an answer for the client, or an
    /// error for it.
    pub(crate) async fn submit(&self, asked: Asked, request: &Request) -> Response {
        let submission = match self.submission(asked, request).await {
            Ok(submission) => submission,
            Err(error) => return self.error_page(&error, request),
        };
        let outcome = match asked {
            Asked::SignIn => self.sign_in(&submission, request).await,
            Asked::Account => self.choose_account(&submission, request).await,
            Asked::Consent => self.consent(&submission, request).await,
        };
        outcome
            .unwrap_or_else(|error| self.refuse_request(&submission.destination, &error, request))
    }

    async fn submission(&self, asked: Asked, request: &Request) -> Result<Submission, PageError> {
        let form = self.read_form(asked.purpose(), request).await?;
        let waiting = form.content.split_once('\n');
        let (binding, params) = waiting.ok_or(PageError::ForeignTicket)?;
        let params = Params::parse(params.as_bytes())?;
        Ok(Submission {
            destination: self.destination(&params, request).await?,
            binding: binding.to_owned(),
            form,
            params,
        })
    }

    /// The session of the browser that sent a form.
    pub(super) async fn current_session(
        &self,
        request: &Request,
    ) -> Result<Option<Session>, AuthorizationError> {
        Ok(self.session(request).await?.map(|(_, session)| session))
    }
}
